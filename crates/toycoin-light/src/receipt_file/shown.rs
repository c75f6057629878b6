//! What a receipt in a file has shown.

use toycoin_core::{BlockHash, Header, PublicKey, TxOut, Txid, Work};

/// What a verified receipt shows. Only [`ReceiptFile::verify`](super::ReceiptFile::verify) makes one.
///
/// It does not show that the tip is that of the best chain, nor that the tip is recent: whoever made the file chose it.
/// Without [`payers`](Self::payers), no signature was verified; that miners did so is what the work stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The transaction's id.
    pub txid: Txid,
    /// Whether it is a coinbase: the reward of a block's miner.
    pub is_coinbase: bool,
    /// All outputs of the transaction: who is paid how much.
    pub outputs: Vec<TxOut>,
    /// The indices of the outputs to which the file points. Nothing proves which of the others are change.
    pub paid: Vec<u32>,
    /// The header of the block that holds the transaction.
    pub block: Header,
    /// The block's hash.
    pub block_hash: BlockHash,
    /// The last header that the receipt shows.
    pub tip: Header,
    /// Its hash.
    pub tip_hash: BlockHash,
    /// The work that is shown.
    pub work: ShownWork,
    /// The owners of the spent coins, whose signatures were verified, in the order of the inputs. `None` if the file
    /// does not carry the spent coins.
    pub payers: Option<Vec<PublicKey>>,
}

/// The work that a receipt shows, in expected hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownWork {
    /// The work of the whole chain up to the tip, by a proof of work. The block is an ancestor of the tip.
    Chain {
        /// The work of the whole chain, genesis included.
        total: Work,
        /// The work of the block and of all that follow it.
        since: Work,
    },
    /// The work of the headers in the file alone. That they belong to the network's chain is not shown.
    Headers(Work),
}

impl Shown {
    /// Returns the number of confirmations at the tip: 1 if the block is the tip.
    pub const fn confirmations(&self) -> u64 {
        self.tip.height.saturating_sub(self.block.height).saturating_add(1)
    }

    /// Returns the outputs to which the file points.
    pub fn paid_outputs(&self) -> impl Iterator<Item = &TxOut> {
        self.paid.iter().filter_map(|vout| self.outputs.get(usize::try_from(*vout).ok()?))
    }

    /// Returns the outputs to which the file does not point.
    pub fn other_outputs(&self) -> impl Iterator<Item = &TxOut> {
        (0..).zip(&self.outputs).filter(|(vout, _)| !self.paid.contains(vout)).map(|(_, output)| output)
    }
}
