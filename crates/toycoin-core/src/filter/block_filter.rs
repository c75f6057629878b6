//! The filter of one block.

use crate::{
    block::Block,
    digest::BlockHash,
    filter::{
        FilterError, FilterItem,
        coding::{Values, encode, end_of_values, value_of},
    },
};

/// The filter of a block: a Golomb coded set of the owners that it pays and of the coins that it spends.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BlockFilter {
    /// The block's hash, which is the key of the set.
    pub block: BlockHash,
    /// The number of items.
    pub count: u32,
    /// The coded set.
    #[cfg_attr(feature = "serde", serde(with = "serde_bytes"))]
    pub bytes: Vec<u8>,
}

impl BlockFilter {
    /// Returns the filter of a block. A block that pays nobody and spends nothing, such as a genesis without
    /// allocations, has an empty one.
    pub fn of(block: &Block) -> Self {
        Self::with_hash(block.hash(), block)
    }

    /// Returns the filter of a block whose hash is known, and which must be right.
    pub fn with_hash(hash: BlockHash, block: &Block) -> Self {
        Self::of_items(hash, &FilterItem::repeated(block))
    }

    /// Returns the filter of a block with these items. Each counts once, however often it is named. At most `u32::MAX`
    /// of them count.
    pub(super) fn of_items(block: BlockHash, items: &[FilterItem]) -> Self {
        // numbers are cheaper to sort than items; only items of one number are compared
        let mut numbered: Vec<_> = items.iter().map(|item| (item.hash(&block), item)).collect();
        numbered.sort_unstable();
        numbered.dedup();
        let count = u32::try_from(numbered.len()).unwrap_or(u32::MAX);
        let end = end_of_values(count);
        // a value grows with its number, so the order stays
        let values: Vec<_> = numbered.into_iter().map(|(number, _)| value_of(number, end)).collect();
        Self { block, count, bytes: encode(&values) }
    }

    /// Returns whether an item is in the set: always if the block has one of them, and otherwise once in
    /// [`M`](super::M) times for each.
    ///
    /// The set is read to its end in either case, so that a match means that all of it is well-formed. Memory is used
    /// for the items of the caller alone.
    ///
    /// # Errors
    /// When the bytes are not a coded set of so many items.
    pub fn matches(&self, items: &[FilterItem]) -> Result<bool, FilterError> {
        let wanted = values(&self.block, self.count, items);
        let mut wanted = wanted.iter().peekable();
        let mut is_match = false;
        for value in Values::new(&self.bytes, self.count)? {
            let value = value?;
            while wanted.next_if(|wanted| **wanted < value).is_some() {}
            is_match |= wanted.peek() == Some(&&value);
        }
        Ok(is_match)
    }

    /// Checks that the bytes are a coded set of so many items. They may be those of another block.
    ///
    /// # Errors
    /// When they are not.
    pub fn check(&self) -> Result<(), FilterError> {
        Values::new(&self.bytes, self.count)?.try_for_each(|value| value.map(drop))
    }

    /// Returns the length of the filter in a message, in bytes: 44 more than the set has.
    pub const fn encoded_size(&self) -> usize {
        32 + 4 + 8 + self.bytes.len()
    }
}

/// Returns the values of items in a set of `count`, in ascending order.
fn values(block: &BlockHash, count: u32, items: &[FilterItem]) -> Vec<u64> {
    let end = end_of_values(count);
    let mut values: Vec<_> = items.iter().map(|item| value_of(item.hash(block), end)).collect();
    values.sort_unstable();
    values
}
