//! Branch and bound: the coins that fit exactly, with the least waste.
//!
//! Each coin is either in the set or not, which makes a tree of 2^n sets. Coins are taken in the order of their values,
//! the greatest first. A branch is cut off
//! - when its coins are worth more than the target and the cost of change: then change is cheaper;
//! - when not even all coins below reach the target;
//! - when it wastes more than the best set so far, and each further coin wastes more still;
//! - when a coin is like the one before, and that one was left out: the same sets were looked at with that one.

#![expect(clippy::indexing_slicing, reason = "places are those of the values, and sums have one more")]

use super::{Candidates, Goal};

/// How many sets of coins are looked at, at most. That takes about a millisecond.
pub const MAX_TRIES: u32 = 100_000;

/// Returns the places of the coins that reach the target without change and waste least; `None` if no such set is found
/// within [`MAX_TRIES`] sets.
pub(super) fn find(candidates: &Candidates, goal: &Goal) -> Option<Vec<usize>> {
    let values: Vec<u64> = (0..candidates.len()).map(|index| candidates.effective(index).grains()).collect();
    let target = goal.target().grains();
    let most = target.saturating_add(goal.change_cost().grains());
    Search {
        left: sums_from(&values),
        values,
        target,
        most,
        coin_waste: goal.coin_waste(),
        max_coins: goal.max_coins(),
        chosen: Vec::new(),
        sum: 0,
        best: None,
    }
    .run()
}

/// Returns the sum of the values from each place on.
fn sums_from(values: &[u64]) -> Vec<u64> {
    let mut sums = vec![0; values.len() + 1];
    for (index, value) in values.iter().enumerate().rev() {
        sums[index] = value.saturating_add(sums[index + 1]);
    }
    sums
}

/// A walk through the tree, depth first, where a coin is first taken and then left out.
struct Search {
    /// Effective values, the greatest first, in grains.
    values: Vec<u64>,
    /// Sums of the values from each place on.
    left: Vec<u64>,
    target: u64,
    /// The most that a set without change may be worth.
    most: u64,
    coin_waste: i128,
    max_coins: u64,
    /// The places of the coins in the current set, and what they are worth.
    chosen: Vec<usize>,
    sum: u64,
    best: Option<(i128, Vec<usize>)>,
}

impl Search {
    fn run(mut self) -> Option<Vec<usize>> {
        let mut next = 0;
        for _ in 0..MAX_TRIES {
            if self.is_cut(next) {
                // back to the last coin that was taken, and now without it
                let last = self.chosen.pop();
                let Some(last) = last else { break };
                self.sum -= self.values[last];
                next = self.after_omitting(last);
            } else {
                self.chosen.push(next);
                self.sum += self.values[next];
                next += 1;
            }
        }
        self.best.map(|(_, chosen)| chosen)
    }

    /// Judges the current set, before the coin `next` is decided. Returns whether nothing below it is worth a look.
    fn is_cut(&mut self, next: usize) -> bool {
        if self.sum > self.most || self.sum.saturating_add(self.left[next]) < self.target {
            return true;
        }
        let waste = self.coin_waste * self.chosen.len() as i128;
        if self.sum >= self.target {
            let waste = waste + i128::from(self.sum - self.target);
            if !self.chosen.is_empty() && self.best.as_ref().is_none_or(|(least, _)| waste < *least) {
                self.best = Some((waste, self.chosen.clone()));
            }
        }
        // where coins cost more later, a further one may save something, even above the target
        let is_hopeless = self.coin_waste >= 0
            && (self.sum >= self.target || self.best.as_ref().is_some_and(|(least, _)| waste >= *least));
        is_hopeless || next == self.values.len() || self.chosen.len() as u64 >= self.max_coins
    }

    /// Returns the next coin to decide after one was left out: the first of another value.
    fn after_omitting(&self, omitted: usize) -> usize {
        let like = self.values[omitted..].iter().take_while(|value| **value == self.values[omitted]).count();
        omitted + like
    }
}
