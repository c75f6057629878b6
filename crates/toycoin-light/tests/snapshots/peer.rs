//! A full node as a snapshot sync sees it: it answers questions, honestly or not.

use toycoin_core::{
    BlockHash,
    chain::ProvedWork,
    snapshot::{CoinBytes, Manifest},
    state::LtHash,
};
use toycoin_wire::{
    NodeMessage,
    node::{Chunk, GetChunk, Status},
};

use super::{
    Forgery, NOW_MS,
    source::{Source, fork, honest},
};

/// What a server does to what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Nothing.
    Honest,
    /// It has no snapshot.
    NoSnapshot,
    /// It claims ten times its work and answers nothing.
    Silent,
    /// It offers the true snapshot, and is silent when asked for chunks.
    KeepsChunks,
    /// It offers a false snapshot, and sends a chunk of it alone.
    KeepsForgery,
    /// It offers the true snapshot, and says that it does not have the chunks.
    DropsChunks,
    /// It offers the true snapshot, and says that it does not know the block.
    DeniesBlock,
    /// It offers a snapshot of a block that nobody mined.
    InventsBlock,
    /// It is on another chain, with less work.
    Fork,
    /// It answers with bytes of no meaning.
    Garbles,
    /// It changes what its proof of work claims.
    TampersProof,
    /// It changes what its proof of ancestry says of the coins.
    TampersAncestors,
    /// It changes the sum in the manifest.
    Sum,
    /// It says that there is one more chunk.
    ChunkCount,
    /// It says that there are 4,096 more coins, and one more chunk.
    Count,
    /// It offers other coins, whose sum has the digest that it says.
    Digest,
    /// It offers the true snapshot, and then another one for the same block.
    TwoSnapshots,
    /// It changes a byte of each chunk.
    Byte,
    /// It sends the next chunk in place of the one that is asked for.
    OtherChunk,
    /// It sends chunks that are one coin short.
    ShortChunk,
    /// It sends a false snapshot whose manifest holds together.
    Forges(Forgery),
}

impl Manner {
    /// Those that nobody can convict.
    pub(crate) const LAWFUL: [Self; 8] = [
        Self::NoSnapshot,
        Self::Silent,
        Self::KeepsChunks,
        Self::KeepsForgery,
        Self::DropsChunks,
        Self::DeniesBlock,
        Self::InventsBlock,
        Self::Fork,
    ];

    /// Those that are convicted once they are asked.
    pub(crate) const CRIMES: [Self; 11] = [
        Self::Garbles,
        Self::TampersProof,
        Self::TampersAncestors,
        Self::Sum,
        Self::ChunkCount,
        Self::Count,
        Self::Digest,
        Self::TwoSnapshots,
        Self::Byte,
        Self::OtherChunk,
        Self::ShortChunk,
    ];

    /// Returns every kind of liar.
    pub(crate) fn liars() -> Vec<Self> {
        let forgers = Forgery::ALL.into_iter().map(Self::Forges);
        Self::LAWFUL.into_iter().chain(Self::CRIMES).chain(forgers).collect()
    }

    /// Returns whether an honest client may mute such a server.
    pub(crate) fn is_crime(self) -> bool {
        self != Self::Honest && !Self::LAWFUL.contains(&self)
    }
}

/// A full node with a snapshot.
pub(crate) struct Peer {
    pub(crate) source: &'static Source,
    pub(crate) manner: Manner,
    manifests: usize,
}

impl Peer {
    pub(crate) fn new(manner: Manner) -> Self {
        let source = if manner == Manner::Fork { fork() } else { honest() };
        Self { source, manner, manifests: 0 }
    }

    /// Returns the status that it publishes.
    pub(crate) fn status(&self) -> NodeMessage {
        let tip = self.source.chain.tip();
        let mut work = tip.work.to_be_bytes();
        let mut height = tip.height;
        if matches!(self.manner, Manner::Silent | Manner::TampersProof | Manner::Garbles) {
            work[20] = 1;
            height += 1_000;
        }
        let genesis = self.source.params.genesis_hash();
        NodeMessage::Status(Status { genesis, tip: tip.hash, height, work, time: NOW_MS })
    }

    /// Answers a message, with payloads.
    pub(crate) fn answer(&mut self, message: NodeMessage) -> Vec<Vec<u8>> {
        match self.manner {
            Manner::Silent => return Vec::new(),
            Manner::Garbles => return vec![b"PROFgarbage".to_vec()],
            _ => {}
        }
        self.said(message).into_iter().filter_map(|answer| answer.encode().ok()).collect()
    }

    fn said(&mut self, message: NodeMessage) -> Vec<NodeMessage> {
        let chain = &self.source.chain;
        let missing = |ids: Vec<[u8; 32]>| if ids.is_empty() { vec![] } else { vec![NodeMessage::NotFound(ids)] };
        match message {
            NodeMessage::Status(_) => vec![self.status()],
            NodeMessage::GetHeaders(request) => {
                vec![NodeMessage::Headers(chain.headers_after(&request.locator, &request.stop, 2_000))]
            }
            NodeMessage::GetProof(request) => {
                match chain.prove_work(&request.tip, &request.seed, request.slices, &request.start).unwrap() {
                    ProvedWork::Proof(mut proof) => {
                        if self.manner == Manner::TampersProof {
                            proof.before_tail = proof.before_tail + proof.before_tail;
                        }
                        vec![NodeMessage::Proof(*proof)]
                    }
                    ProvedWork::TooShort(headers) => vec![NodeMessage::Headers(headers)],
                    ProvedWork::UnknownStart => missing(vec![request.start.to_bytes()]),
                }
            }
            NodeMessage::GetAncestors(request) if self.manner == Manner::DeniesBlock => {
                missing(request.blocks.iter().map(|block| block.to_bytes()).collect())
            }
            NodeMessage::GetAncestors(request) => {
                let mut proved = chain.prove_ancestors(&request.tip, &request.blocks).unwrap();
                let mut answers = missing(proved.missing.iter().map(|hash| hash.to_bytes()).collect());
                if let Some(last) = proved.proof.items.last_mut() {
                    if self.manner == Manner::TampersAncestors {
                        last.opening.count += 1;
                    }
                    answers.push(NodeMessage::Ancestors(proved.proof));
                }
                answers
            }
            NodeMessage::GetManifest(block) => {
                let offered = self.manifest().filter(|it| block == BlockHash::ZERO || block == it.header.hash());
                self.manifests += 1;
                offered.map_or_else(|| missing(vec![block.to_bytes()]), |offered| vec![NodeMessage::Manifest(offered)])
            }
            NodeMessage::GetChunk(request) => self.chunk(request).into_iter().collect(),
            other => panic!("a snapshot sync does not say {}", other.tag()),
        }
    }

    fn manifest(&self) -> Option<Manifest> {
        let mut manifest = match self.manner {
            Manner::Forges(forgery) => forgery.made().0.clone(),
            Manner::KeepsForgery => Forgery::Stolen.made().0.clone(),
            Manner::TwoSnapshots if self.manifests > 0 => Forgery::Stolen.made().0.clone(),
            _ => self.source.manifest.clone(),
        };
        match self.manner {
            Manner::NoSnapshot => return None,
            Manner::InventsBlock => manifest.header.nonce ^= 1,
            Manner::Sum => {
                let mut bytes = manifest.sum.to_bytes();
                bytes[1_000] ^= 1;
                manifest.sum = LtHash::from_bytes(&bytes);
            }
            Manner::ChunkCount => manifest.chunks.push([1; 32]),
            Manner::Count => {
                manifest.opening.count += 4_096;
                manifest.chunks.push([1; 32]);
            }
            Manner::Digest => {
                manifest.sum = LtHash::default();
                manifest.opening.coins = manifest.sum.digest();
            }
            _ => {}
        }
        Some(manifest)
    }

    fn chunk(&self, GetChunk { snapshot, place }: GetChunk) -> Option<NodeMessage> {
        let lost = NodeMessage::NotFound(vec![snapshot]);
        match self.manner {
            Manner::KeepsChunks => return None,
            Manner::KeepsForgery if place > 0 => return None,
            Manner::DropsChunks => return Some(lost),
            _ => {}
        }
        let chunks = match self.manner {
            Manner::Forges(forgery) => &forgery.made().1,
            _ => &self.source.chunks,
        };
        let at = |place: usize| chunks.get(place % chunks.len()).cloned().unwrap_or_default();
        if self.manifest().is_none_or(|manifest| manifest.id() != snapshot) && self.manner != Manner::TwoSnapshots {
            return Some(lost);
        }
        let mut coins: Vec<CoinBytes> = at(place as usize);
        match self.manner {
            Manner::Byte => coins[1].0[place as usize % 84] ^= 0x10,
            Manner::OtherChunk => coins = at(place as usize + 1),
            Manner::ShortChunk => drop(coins.pop()),
            _ => {}
        }
        Some(NodeMessage::Chunk(Chunk { snapshot, place, coins }))
    }
}
