//! A single random draw: coins by lot, until they are enough.

use std::{cmp::Reverse, collections::BinaryHeap};

use super::{Candidates, Goal};
use crate::{amount::Amount, transaction::OutPoint};

/// What the hash of the lots is for.
const CONTEXT: &str = "toycoin 2026 lots of a wallet's coins";

/// Returns the places of coins that were drawn until they pay for the goal and for change worth having; `None` if all
/// that fit are not enough. If too many are drawn, the least of them is put back each time.
pub(super) fn find(candidates: &Candidates, goal: &Goal, seed: &[u8; 32]) -> Option<Vec<usize>> {
    let wanted = goal.target().saturating_add(goal.change_fee()).saturating_add(goal.least_change());
    let mut drawn = BinaryHeap::new();
    let mut sum = Amount::ZERO;
    for index in lots(candidates, seed) {
        drawn.push(Reverse((candidates.effective(index), index)));
        sum = sum.saturating_add(candidates.effective(index));
        if drawn.len() as u64 > goal.max_coins() {
            let Reverse((least, _)) = drawn.pop()?;
            sum = sum.saturating_sub(least);
        }
        if sum >= wanted {
            return Some(drawn.into_iter().map(|Reverse((_, index))| index).collect());
        }
    }
    None
}

/// Returns all places in the order of their coins' lots. A lot is a hash of the seed and the coin, so it does not depend
/// on the other coins.
fn lots(candidates: &Candidates, seed: &[u8; 32]) -> impl Iterator<Item = usize> {
    let key = blake3::derive_key(CONTEXT, seed);
    let lot = |index| (lot(&key, &candidates.outpoint(index)), index);
    let mut lots: Vec<_> = (0..candidates.len()).map(lot).collect();
    lots.sort_unstable();
    lots.into_iter().map(|(_, index)| index)
}

fn lot(key: &[u8; 32], coin: &OutPoint) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(coin.txid.as_bytes());
    hasher.update(&coin.vout.to_le_bytes());
    hasher.finalize().into()
}
