//! A dispute: two servers gave different filters for one height.

use toycoin_core::{Block, BlockHash, Domain, filter::BlockFilter};

use super::{fetcher::Fetcher, io::Server};

/// A short hash of a block's filter and of the block's hash.
pub(super) type Digest = [u8; 16];

/// Two servers' filters of one height, which differ. The block of that height decides.
#[derive(Debug)]
pub(super) struct Dispute {
    pub(super) height: u64,
    pub(super) first: (Server, Digest),
    pub(super) second: (Server, Digest),
    /// The block of which the second one spoke.
    pub(super) block: BlockHash,
}

impl Dispute {
    /// Wants the block.
    pub(super) fn want(&self, fetcher: &mut Fetcher) {
        fetcher.want(self.height, self.block, self.second.0);
    }

    /// Returns whether the first and the second one lied, given the block at that height.
    pub(super) fn judge(&self, block: &Block) -> [bool; 2] {
        let truth = digest(&BlockFilter::of(block));
        [self.first.1 != truth, self.second.1 != truth]
    }
}

/// Returns the digest of a filter: 16 bytes of `H_filter(block hash | count u32 | bytes)`.
pub(super) fn digest(filter: &BlockFilter) -> Digest {
    let hash = Domain::Filter.hasher().bytes(filter.block.as_bytes()).u32(filter.count).bytes(&filter.bytes).finish();
    *hash.first_chunk().expect("a hash has more than 16 bytes")
}
