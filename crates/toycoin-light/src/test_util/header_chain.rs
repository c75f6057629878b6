//! Headers without bodies, of an honest miner or of a forger.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use toycoin_core::{
    BlockHash, ChainParams, CompactTarget, Header, MerkleRoot, Target, Work, consensus::HeaderContext, proof::Opening,
    state::Ancestors,
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
        let (mut header, opening) = self.next_header(draft.bits, draft.time);
        let target = draft.bits.to_target().expect("a draft has a target");
        while target.is_met_by(&header.hash()) != draft.mined {
            header.nonce += 1;
        }
        self.append(header, opening, draft.claim);
    }

    /// Returns the next header without its nonce. Its state root commits to what the chain claims.
    pub fn next_header(&self, bits: CompactTarget, time: u64) -> (Header, Opening) {
        let (parent, height) = (self.tip(), self.height() + 1);
        let mut coins = [0; 32];
        coins[..8].copy_from_slice(&height.to_le_bytes());
        let opening = Opening { coins, count: height };
        let mut ancestors = self.ancestors.clone();
        ancestors.push(parent.hash, parent.work);
        let header = Header {
            previous: parent.hash,
            merkle_root: MerkleRoot::ZERO,
            version: Header::VERSION,
            bits,
            height,
            time,
            state_root: opening.state_root(self.params.issued(height), &ancestors.root()),
            nonce: 0,
        };
        (header, opening)
    }

    /// Adds a header of somebody else, right or wrong, with a claim of its own work.
    pub fn append(&mut self, header: Header, opening: Opening, claim: Work) {
        let parent = *self.tip();
        self.ancestors.push(parent.hash, parent.work);
        self.entries.push(Entry { header, hash: header.hash(), work: parent.work + claim, opening });
    }

    /// Returns the chain up to a height.
    #[must_use]
    pub fn up_to(&self, height: u64) -> Self {
        let mut chain = Self::new(self.params.clone());
        for entry in self.entries.iter().filter(|entry| (1..=height).contains(&entry.header.height)) {
            let claim = entry.work.saturating_sub(chain.tip().work);
            chain.append(entry.header, entry.opening, claim);
        }
        chain
    }
}

/// Searches the nonce of a header.
///
/// # Panics
/// When its bits are no target.
#[must_use]
pub fn mine(mut header: Header) -> Header {
    let target = header.bits.to_target().expect("a header to be mined has a target");
    while !target.is_met_by(&header.hash()) {
        header.nonce = header.nonce.wrapping_add(1);
    }
    header
}

/// Returns the work of bits, 0 if they are no target.
pub fn work_of(bits: CompactTarget) -> Work {
    bits.to_target().map(Target::work).unwrap_or_default()
}
