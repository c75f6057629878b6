//! What a verified proof proves.

use toycoin_core::{BlockHash, Header, Target, Work, proof::Opening};

use crate::Start;

/// A header that a proof has tied to a tip, with the chain's work up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvedHeader {
    pub(crate) header: Header,
    pub(crate) hash: BlockHash,
    pub(crate) work: Work,
    pub(crate) opening: Option<Opening>,
}

impl ProvedHeader {
    /// Returns the header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the hash.
    pub const fn hash(&self) -> BlockHash {
        self.hash
    }

    /// Returns the height.
    pub const fn height(&self) -> u64 {
        self.header.height
    }

    /// Returns the chain's work up to and including the header.
    pub const fn work(&self) -> Work {
        self.work
    }

    /// Returns the opening of the state after the block; `None` for a header of a tail, which comes without.
    pub const fn opening(&self) -> Option<Opening> {
        self.opening
    }

    /// Returns the header as the start of the next proof.
    pub fn to_start(&self) -> Start {
        let own_work = self.header.bits.to_target().map(Target::work).unwrap_or_default();
        Start { height: self.header.height, hash: self.hash, work: self.work, own_work }
    }
}

/// A tip whose work a proof has proved, with the [`TAIL`](toycoin_core::proof::TAIL) headers before it.
///
/// Only [`verify`](crate::verify) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedTip {
    tip: ProvedHeader,
    opening: Opening,
    tail: Vec<ProvedHeader>,
    before_tail: Work,
}

impl ProvedTip {
    pub(crate) const fn new(tip: ProvedHeader, opening: Opening, tail: Vec<ProvedHeader>, before_tail: Work) -> Self {
        Self { tip, opening, tail, before_tail }
    }

    /// Returns the tip's header.
    pub const fn header(&self) -> &Header {
        &self.tip.header
    }

    /// Returns the tip's hash.
    pub const fn hash(&self) -> BlockHash {
        self.tip.hash
    }

    /// Returns the tip's height.
    pub const fn height(&self) -> u64 {
        self.tip.header.height
    }

    /// Returns the work of the whole chain, genesis included. Of several proofs, that with the most work wins.
    pub const fn work(&self) -> Work {
        self.tip.work
    }

    /// Returns the opening of the state after the tip.
    pub const fn opening(&self) -> Opening {
        self.opening
    }

    /// Returns the headers before the tip, the lowest first.
    pub fn tail(&self) -> &[ProvedHeader] {
        &self.tail
    }

    /// Returns the chain's work before the tail.
    pub const fn before_tail(&self) -> Work {
        self.before_tail
    }

    /// Returns the header at a height, if it is the tip or in the tail.
    pub fn header_at(&self, height: u64) -> Option<&ProvedHeader> {
        self.headers().find(|proved| proved.header.height == height)
    }

    /// Returns the header with a hash, if it is the tip or in the tail.
    pub fn find(&self, hash: &BlockHash) -> Option<&ProvedHeader> {
        self.headers().find(|proved| proved.hash == *hash)
    }

    /// Returns the number of confirmations of a block at a height: 1 for the tip's, 0 above it.
    pub const fn confirmations(&self, height: u64) -> u64 {
        if height > self.height() { 0 } else { (self.height() - height).saturating_add(1) }
    }

    /// Returns the tail and the tip, the lowest first.
    pub fn headers(&self) -> impl DoubleEndedIterator<Item = &ProvedHeader> {
        self.tail.iter().chain([&self.tip])
    }
}
