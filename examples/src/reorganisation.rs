//! A move of the tip to another branch, in words.

use toycoin_core::{BlockHash, chain::Tip};
use toycoin_node::protocol::Reorg;

use crate::{block_row::short, look::Look, words::count};

/// Returns a reorganisation in words: both tips, their common ancestor, and how many payments wait again. `tip` is the
/// new one.
pub fn said(reorg: &Reorg, tip: &Tip, look: Look) -> String {
    let block = |height: u64, hash: BlockHash| format!("{} (block {height})", short(hash));
    let payments = match reorg.returned_count as u64 {
        0 => "no payment waits again".into(),
        1 => "1 payment waits again".into(),
        more => format!("{} wait again", count(more, "payment")),
    };
    let [old, new] = [reorg.old_tip, *tip].map(|tip| block(tip.height, tip.hash));
    let ancestor = block(reorg.ancestor_height, reorg.ancestor);
    format!("reorganises: {old} {} {new}, on their common ancestor {ancestor}; {payments}", look.arrow())
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Chain, ChainParams};

    use super::*;

    #[test]
    fn a_reorganisation_names_tips_ancestor_and_payments() {
        let tip = Chain::in_memory(ChainParams::regtest()).tip();
        let at = |height: u64| Tip { height, hash: BlockHash::from_bytes([u8::try_from(height).unwrap(); 32]), ..tip };
        let (ancestor, ancestor_height) = (at(1).hash, 1);
        let (old_tip, disconnected, connected, returned) = (at(3), 2, 3, Vec::new());
        let reorg = Reorg { old_tip, ancestor, ancestor_height, disconnected, connected, returned, returned_count: 1 };
        assert_eq!(
            said(&reorg, &at(4), Look::PLAIN),
            "reorganises: 0303030303 (block 3) -> 0404040404 (block 4), on their common ancestor 0101010101 (block 1); \
             1 payment waits again"
        );
    }
}
