//! Headers without bodies, of an honest miner or of a forger.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use toycoin_core::{
    BlockHash, ChainParams, CompactTarget, Header, MerkleRoot, StateRoot, Target, Work, consensus::HeaderContext,
    proof::Opening, state::Ancestors,
};

/// A header of a chain, with what a prover knows of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The header.
    pub header: Header,
    /// Its hash.
    pub hash: BlockHash,
    /// The work that the chain claims up to and including the header.
    pub work: Work,
    /// The opening of the state after the header.
    pub opening: Opening,
}

/// A header to be added, as a forger may like it.
#[derive(Debug, Clone, Copy)]
pub struct Draft {
    /// The bits, whether expected or not.
    pub bits: CompactTarget,
    /// The time, in Unix milliseconds.
    pub time: u64,
    /// The own work that the chain claims for the header.
    pub claim: Work,
    /// Whether the header is mined. If not, its hash does not meet its target.
    pub mined: bool,
}

/// A chain of headers, which may claim more work than was done.
#[derive(Debug, Clone)]
pub struct HeaderChain {
    params: ChainParams,
    entries: Vec<Entry>,
    ancestors: Ancestors,
}

impl HeaderChain {
    /// Starts a chain at genesis.
    pub fn new(params: ChainParams) -> Self {
        let header = params.genesis().header;
        let opening = Opening::of(params.genesis_state());
        let entry = Entry { header, hash: params.genesis_hash(), work: work_of(header.bits), opening };
        Self { params, entries: vec![entry], ancestors: Ancestors::default() }
    }

    /// Returns an honest chain of `blocks` headers above genesis, whose times `seed` draws.
    pub fn grown(params: ChainParams, blocks: u64, seed: u64) -> Self {
        let mut chain = Self::new(params);
        chain.grow(blocks, seed);
        chain
    }

    /// Returns the network.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns the headers, genesis first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Returns the last header.
    pub fn tip(&self) -> &Entry {
        self.entries.last().expect("genesis is never removed")
    }

    /// Returns the tip's height.
    pub fn height(&self) -> u64 {
        self.tip().header.height
    }

    /// Returns the bits that the next header must have.
    pub fn expected_bits(&self) -> CompactTarget {
        let parent = self.tip();
        let time_before = self.entries.iter().rev().nth(1).map(|entry| entry.header.time);
        let Header { height, bits, time, .. } = parent.header;
        HeaderContext { parent: parent.hash, height, bits, time, time_before }.expected_bits(&self.params)
    }

    /// Returns the honest next header, `gap_ms` after its parent.
    pub fn honest(&self, gap_ms: u64) -> Draft {
        let bits = self.expected_bits();
        Draft { bits, time: self.tip().header.time + gap_ms, claim: work_of(bits), mined: true }
    }

    /// Extends the chain by honest headers. The gaps between their times are up to two spacings.
    pub fn grow(&mut self, blocks: u64, seed: u64) {
        let spacing = self.params.spec().retargeting.map_or(1_000, |retargeting| retargeting.spacing_ms);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..blocks {
            let draft = self.honest(1 + rng.next_u64() % (2 * spacing));
            self.push(draft);
        }
    }

    /// Extends the chain by one header.
    ///
    /// # Panics
    /// When the draft's bits are no target.
    pub fn push(&mut self, draft: Draft) {
        let (parent, height) = (*self.tip(), self.height() + 1);
        self.ancestors.push(parent.hash, parent.work);
        let opening = Opening { coins: draft.claim.to_be_bytes(), count: height };
        let root = self.ancestors.root();
        let mut header = Header {
            previous: parent.hash,
            merkle_root: MerkleRoot::ZERO,
            version: Header::VERSION,
            bits: draft.bits,
            height,
            time: draft.time,
            state_root: opening.state_root(self.params.issued(height), &root),
            nonce: 0,
        };
        let target = draft.bits.to_target().expect("a draft has a target");
        let mut hash = header.hash();
        while target.is_met_by(&hash) != draft.mined {
            header.nonce += 1;
            hash = header.hash();
        }
        self.entries.push(Entry { header, hash, work: parent.work + draft.claim, opening });
    }

    /// Adds a header of somebody else, honest or not, with a claim of its own work.
    pub fn append(&mut self, header: Header, opening: Opening, claim: Work) {
        let parent = *self.tip();
        self.ancestors.push(parent.hash, parent.work);
        self.entries.push(Entry { header, hash: header.hash(), work: parent.work + claim, opening });
    }

    /// Returns the state root that the next header with this opening commits to.
    pub fn next_state_root(&self, opening: &Opening) -> StateRoot {
        let mut ancestors = self.ancestors.clone();
        ancestors.push(self.tip().hash, self.tip().work);
        opening.state_root(self.params.issued(self.height() + 1), &ancestors.root())
    }
}

/// Returns the work of bits, 0 if they are no target.
pub(super) fn work_of(bits: CompactTarget) -> Work {
    bits.to_target().map(Target::work).unwrap_or_default()
}
