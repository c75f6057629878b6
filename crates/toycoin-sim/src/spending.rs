//! How the wallet at a node spends.

use std::ops::RangeInclusive;

use crate::dice::Dice;

/// How the wallet at a node spends whenever it is its turn to pay.
///
/// ```
/// use toycoin_sim::{SpendingPattern, Spending};
///
/// let shop = Spending { grains: 100..=5_000, ..Spending::default() };
/// let cheat = Spending { pattern: SpendingPattern::DoubleSpend, ..Spending::default() };
/// assert_eq!(shop.fee_rates, cheat.fee_rates);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// How much a payment is, in grains.
    pub grains: RangeInclusive<u64>,
    /// What it offers, in grains a byte.
    pub fee_rates: RangeInclusive<u64>,
    /// What it does.
    pub pattern: SpendingPattern,
}

/// What a wallet does when it is its turn to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpendingPattern {
    /// It makes one payment to a wallet drawn.
    Single,
    /// It pays nobody, and is paid.
    Silent,
    /// It makes so many payments at once, as far as its coins last.
    Burst(usize),
    /// It spends the change of a payment that nobody has confirmed yet, and the change of that: so many in a row.
    Chain(usize),
    /// It pays so many in one transaction: with a few hundred, blocks are large.
    Wide(usize),
    /// It spends the same coins twice: one payment goes to its own node, another, to somebody else, to another node.
    DoubleSpend,
    /// It spends so many coins twice at once: half of the payments go to its own node, the other half to one other node.
    Halves(usize),
}

impl Default for Spending {
    /// Returns single payments of up to ten coins, at up to 3 grains a byte.
    fn default() -> Self {
        Self { grains: 1_000..=1_000_999_999, fee_rates: 0..=3, pattern: SpendingPattern::Single }
    }
}

impl Spending {
    /// Draws a pattern, and amounts that are mostly small in some wallets.
    pub(crate) fn random(dice: &mut Dice) -> Self {
        let pattern = match dice.below(10) {
            0 => SpendingPattern::Silent,
            1 => SpendingPattern::Burst(2 + dice.index(8)),
            2 | 3 => SpendingPattern::Chain(2 + dice.index(20)),
            4 => SpendingPattern::DoubleSpend,
            _ => SpendingPattern::Single,
        };
        let most = if dice.chance(0.5) { 1_000_999_999 } else { 1_000_000 };
        Self { grains: 1_000..=most, pattern, ..Self::default() }
    }

    pub(crate) fn draw(&self, dice: &mut Dice) -> (u64, u64) {
        let grains = within(&self.grains, dice);
        (grains, within(&self.fee_rates, dice))
    }
}

fn within(range: &RangeInclusive<u64>, dice: &mut Dice) -> u64 {
    range.start() + dice.below(range.end().saturating_sub(*range.start()).saturating_add(1))
}
