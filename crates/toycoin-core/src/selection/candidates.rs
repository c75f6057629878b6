//! The coins to choose from, by what they are worth in this payment.

#![expect(clippy::indexing_slicing, reason = "places are those of the candidates")]

use super::{Goal, Selected, SelectionError, Way};
use crate::{amount::Amount, transaction::OutPoint};

/// The coins to choose from, the greatest first. Coins of the same value are in the order of their outpoints, so nothing
/// depends on the order in which they were given.
#[derive(Debug)]
pub(super) struct Candidates {
    coins: Vec<(OutPoint, Amount)>,
    /// The fee for spending a coin, which each coin's effective value is without.
    coin_fee: Amount,
}

impl Candidates {
    /// Takes the coins that are worth more than the fee for spending them.
    pub(super) fn new(coins: &[(OutPoint, Amount)], goal: &Goal) -> Self {
        let coin_fee = goal.coin_fee();
        Self::sorted(coins.iter().filter(|(_, value)| *value > coin_fee).copied().collect(), coin_fee)
    }

    /// Takes all coins.
    pub(super) fn with_dust(coins: &[(OutPoint, Amount)], goal: &Goal) -> Self {
        Self::sorted(coins.to_vec(), goal.coin_fee())
    }

    fn sorted(mut coins: Vec<(OutPoint, Amount)>, coin_fee: Amount) -> Self {
        coins.sort_unstable_by(|(one, value), (other, least)| least.cmp(value).then(one.cmp(other)));
        Self { coins, coin_fee }
    }

    pub(super) const fn len(&self) -> usize {
        self.coins.len()
    }

    pub(super) fn outpoint(&self, index: usize) -> OutPoint {
        self.coins[index].0
    }

    /// Returns what a coin adds to a payment: its value without its fee.
    pub(super) fn effective(&self, index: usize) -> Amount {
        self.coins[index].1.saturating_sub(self.coin_fee)
    }

    /// Refuses a goal that all coins together do not reach.
    pub(super) fn check(&self, goal: &Goal) -> Result<(), SelectionError> {
        let available: Amount = self.coins.iter().map(|(_, value)| *value).sum();
        let fees = Amount::from_grains(self.coin_fee.grains().saturating_mul(self.coins.len() as u64));
        let needed = goal.target().saturating_add(fees);
        match available < needed || self.coins.is_empty() {
            true => Err(SelectionError::InsufficientFunds { needed, available }),
            false => Ok(()),
        }
    }

    /// Returns what was selected, with its change. The chosen coins must reach the goal.
    pub(super) fn selected(&self, chosen: &[usize], goal: &Goal, way: Way) -> Selected {
        let mut chosen = chosen.to_vec();
        chosen.sort_unstable();
        let coins: Vec<_> = chosen.into_iter().map(|index| self.coins[index]).collect();
        let sum: Amount = coins.iter().map(|(_, value)| *value).sum();
        let fees = Amount::from_grains(self.coin_fee.grains().saturating_mul(coins.len() as u64));
        let rest = sum.saturating_sub(goal.target().saturating_add(fees)).saturating_sub(goal.change_fee());
        let change = Some(rest).filter(|rest| way != Way::BranchAndBound && *rest >= goal.least_change());
        let fee = sum.saturating_sub(goal.paid()).saturating_sub(change.unwrap_or_default());
        Selected { coins, change, fee, way }
    }
}
