//! A full node as a light client sees it: it answers questions, honestly or not.

use toycoin_core::{
    Amount, Block, BlockHash, Chain, ChainParams, MemoryStore, PublicKey, Transaction, TransactionBuilder,
    chain::ProvedWork, filter::BlockFilter, test_util::classroom,
};
use toycoin_wire::{
    NodeMessage,
    node::{GetFilters, Status},
};

/// What a server does to what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Nothing.
    Honest,
    /// It claims ten times its work and answers nothing.
    Silent,
    /// It claims ten times its work, and changes a byte of each proof.
    Tampers,
    /// It claims ten times its work, and has nothing.
    HasNothing,
    /// It claims ten times its work, and answers with what it has.
    Boasts,
    /// It claims ten times its work, and answers with bytes of no meaning.
    Garbles,
    /// It leaves the owner of this number out of the filter at this height.
    Hides(u64),
    /// It says of a false block that its filter matches.
    Invents(u64),
    /// It says of each block below the last 150 that its filter is the next one's.
    Shifts,
    /// It sends another body than the header's.
    SwapsBodies,
    /// It knows no block as an ancestor of its tip.
    DeniesAncestors,
    /// It withholds the block of this height, and sends other blocks twice.
    Withholds(u64),
    /// It gives one filter at a time, and no blocks.
    OneFilter,
    /// It says of a thousand false blocks that their filters match, and its last filter is malformed.
    Floods,
}

/// A full node over a chain in memory.
pub(crate) struct FullNode {
    pub(crate) chain: Chain<MemoryStore>,
    pub(crate) manner: Manner,
}

/// The time of the tests, far behind every block.
pub(crate) const NOW_MS: u64 = 4_000_000_000_000;

impl FullNode {
    pub(crate) fn new(params: ChainParams) -> Self {
        Self { chain: Chain::in_memory(params), manner: Manner::Honest }
    }

    /// Returns another node with the same chain.
    pub(crate) fn copy(&self, manner: Manner) -> Self {
        let mut copy = Self::new(self.chain.params().clone());
        for height in 1..=self.chain.height() {
            copy.take(&self.block(height));
        }
        copy.manner = manner;
        copy
    }

    pub(crate) fn block(&self, height: u64) -> Block {
        self.chain.block_at(height).expect("a chain in memory").expect("its heights have blocks").block().clone()
    }

    pub(crate) fn take(&mut self, block: &Block) {
        self.chain.apply(block.clone(), NOW_MS).expect("a chain in memory, and a payment that it allows");
    }

    /// Adds a block with payments that pays its miner.
    pub(crate) fn mine(&mut self, payments: Vec<Transaction>, miner: PublicKey) -> Block {
        let time = self.chain.tip().time + 2_000;
        let block = self
            .chain
            .template(payments, miner, b"", time)
            .expect("a chain in memory, and a payment that it allows")
            .mine_trivial();
        self.take(&block);
        block
    }

    /// Adds empty blocks that pay nobody whom a test follows.
    pub(crate) fn grow(&mut self, blocks: u64) {
        for _ in 0..blocks {
            self.mine(Vec::new(), classroom::owner(7));
        }
    }

    /// Returns a payment of a classroom's key: so much to another, and the change, if there is some, to a third.
    pub(crate) fn payment(&self, from: u32, to: u32, grains: u64, change_to: u32) -> Transaction {
        let params = self.chain.params();
        TransactionBuilder::new(params)
            .spend(
                self.chain.coins_of(&classroom::owner(from)).expect("a chain in memory, and a payment that it allows"),
            )
            .pay(params.address(classroom::owner(to)), Amount::from_grains(grains))
            .change_to(params.address(classroom::owner(change_to)))
            .sign(classroom::key(from))
            .expect("a chain in memory, and a payment that it allows")
    }

    /// Returns the status that it publishes.
    pub(crate) fn status(&self) -> NodeMessage {
        let tip = self.chain.tip();
        let mut work = tip.work.to_be_bytes();
        let mut height = tip.height;
        if matches!(
            self.manner,
            Manner::Silent | Manner::Tampers | Manner::HasNothing | Manner::Boasts | Manner::Garbles
        ) {
            work[20] = 1;
            height += 1_000;
        }
        NodeMessage::Status(Status {
            genesis: self.chain.params().genesis_hash(),
            tip: tip.hash,
            height,
            work,
            time: NOW_MS,
        })
    }

    /// Answers a message, with payloads.
    pub(crate) fn answer(&mut self, message: NodeMessage) -> Vec<Vec<u8>> {
        match self.manner {
            Manner::Silent => return Vec::new(),
            Manner::DeniesAncestors if matches!(message, NodeMessage::GetAncestors(_)) => {
                let NodeMessage::GetAncestors(request) = message else { return Vec::new() };
                let denied = NodeMessage::NotFound(request.blocks.iter().map(|hash| hash.to_bytes()).collect());
                return vec![denied.encode().expect("within its caps")];
            }
            Manner::Garbles => return vec![b"PROFgarbage".to_vec()],
            _ => {}
        }
        if self.manner == Manner::OneFilter && matches!(message, NodeMessage::GetBlocks(_)) {
            return Vec::new();
        }
        let mut answers = self.honest(message);
        if let Manner::Withholds(height) = self.manner {
            answers.retain(|answer| !matches!(answer, NodeMessage::Block(block) if block.header.height == height));
            answers.extend(answers.clone().into_iter().filter(|answer| matches!(answer, NodeMessage::Block(_))));
        }
        answers.into_iter().map(|answer| self.changed(answer)).filter_map(|answer| answer.encode().ok()).collect()
    }

    fn honest(&mut self, message: NodeMessage) -> Vec<NodeMessage> {
        let missing = |ids: Vec<[u8; 32]>| if ids.is_empty() { vec![] } else { vec![NodeMessage::NotFound(ids)] };
        match message {
            NodeMessage::Status(_) => vec![self.status()],
            NodeMessage::Transaction(_) => Vec::new(),
            NodeMessage::GetHeaders(request) => {
                vec![NodeMessage::Headers(self.chain.headers_after(&request.locator, &request.stop, 2_000))]
            }
            NodeMessage::GetBlocks(hashes) => {
                let find =
                    |hash: &BlockHash| self.chain.block(hash).expect("a chain in memory, and a payment that it allows");
                let found = hashes.iter().filter_map(find).map(|block| NodeMessage::Block(block.block().clone()));
                let mut answers: Vec<_> = found.collect();
                let lacks = hashes.iter().filter(|hash| find(hash).is_none()).map(|hash| hash.to_bytes());
                answers.extend(missing(lacks.collect()));
                answers
            }
            NodeMessage::GetProof(request) => {
                let proved = self.chain.prove_work(&request.tip, &request.seed, request.slices, &request.start);
                match proved.expect("a chain in memory, and a payment that it allows") {
                    ProvedWork::Proof(proof) => vec![NodeMessage::Proof(*proof)],
                    ProvedWork::TooShort(headers) => vec![NodeMessage::Headers(headers)],
                    ProvedWork::UnknownStart => missing(vec![request.start.to_bytes()]),
                }
            }
            NodeMessage::GetAncestors(request) => {
                let proved = self
                    .chain
                    .prove_ancestors(&request.tip, &request.blocks)
                    .expect("a chain in memory, and a payment that it allows");
                let mut answers = missing(proved.missing.iter().map(|hash| hash.to_bytes()).collect());
                if !proved.proof.items.is_empty() {
                    answers.push(NodeMessage::Ancestors(proved.proof));
                }
                answers
            }
            NodeMessage::GetReceipts(request) => {
                let find = |txid| self.chain.receipt(txid).expect("a chain in memory, and a payment that it allows");
                let lacks = request.transactions.iter().filter(|txid| find(txid).is_none());
                let mut answers = missing(lacks.map(|txid| txid.to_bytes()).collect());
                let receipts: Vec<_> = request.transactions.iter().filter_map(find).collect();
                if !receipts.is_empty() {
                    answers.push(NodeMessage::Receipts(receipts));
                }
                answers
            }
            NodeMessage::GetFilters(GetFilters { first, last }) => {
                let Some(last) = self.chain.headers().get(&last).filter(|entry| self.chain.is_active(&entry.hash))
                else {
                    return missing(vec![last.to_bytes()]);
                };
                let heights = (first..=last.header.height).take(1_000);
                vec![NodeMessage::Filters(heights.map(|height| self.filter(height)).collect())]
            }
            other => panic!("a light client does not say {}", other.tag()),
        }
    }

    fn filter(&self, height: u64) -> BlockFilter {
        if self.manner == Manner::Shifts && height + 150 < self.chain.height() {
            return BlockFilter::of(&self.block(height + 1));
        }
        let mut block = self.block(height);
        match self.manner {
            Manner::Hides(hidden) if hidden == height => {
                let hash = block.hash();
                block.transactions.clear();
                block.coinbase.outputs.clear();
                BlockFilter { block: hash, ..BlockFilter::with_hash(hash, &block) }
            }
            Manner::Invents(invented) if invented == height => {
                block.header.nonce ^= 1;
                BlockFilter::of(&block)
            }
            // the window has the last 101 headers, where a false hash is seen at once
            Manner::Floods if height + 150 < self.chain.height() => {
                block.header.nonce ^= 1;
                BlockFilter::with_hash(block.hash(), &self.block(5))
            }
            Manner::Floods if height + 150 == self.chain.height() => {
                BlockFilter { block: block.hash(), count: 1_000_000, bytes: vec![0xff; 9] }
            }
            _ => BlockFilter::of(&block),
        }
    }

    fn changed(&self, message: NodeMessage) -> NodeMessage {
        match (self.manner, message) {
            (Manner::Tampers, NodeMessage::Proof(mut proof)) => {
                proof.before_tail = proof.before_tail + proof.before_tail;
                NodeMessage::Proof(proof)
            }
            (Manner::Tampers, NodeMessage::Headers(mut headers)) => {
                if let Some(last) = headers.last_mut() {
                    last.time = last.time.saturating_sub(1_000_000_000);
                }
                NodeMessage::Headers(headers)
            }
            (Manner::OneFilter, NodeMessage::Filters(mut filters)) => {
                filters.truncate(1);
                NodeMessage::Filters(filters)
            }
            (Manner::HasNothing, NodeMessage::Proof(_) | NodeMessage::Headers(_)) => NodeMessage::Headers(Vec::new()),
            (Manner::SwapsBodies, NodeMessage::Block(mut block)) => {
                block.coinbase.extra.push(1);
                NodeMessage::Block(block)
            }
            (_, message) => message,
        }
    }
}
