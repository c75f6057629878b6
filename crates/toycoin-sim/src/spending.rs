//! Spending patterns of the wallets.

use std::ops::RangeInclusive;

use crate::dice::Dice;

/// How a node's wallet spends whenever it is its turn to pay.
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
    /// Range of a payment's amount, in grains.
    pub grains: RangeInclusive<u64>,
    /// Range of the fee rates that it offers, in grains per byte.
    pub fee_rates: RangeInclusive<u64>,
    /// Pattern in which it spends.
    pub pattern: SpendingPattern,
}

/// What a wallet does when it is its turn to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpendingPattern {
    /// Makes one payment to a randomly drawn wallet.
    Single,
    /// Pays nobody, but is paid.
    Silent,
    /// Makes this many payments at once, as long as its coins last.
    Burst(usize),
    /// Makes a chain of this many payments, each of which spends the unconfirmed change of the one before.
    Chain(usize),
    /// Pays this many recipients in one transaction; a few hundred make large blocks.
    Wide(usize),
    /// Double spends: one payment goes to its own node, and another payment of the same coins goes to another node.
    DoubleSpend,
    /// Makes this many double spends at once: half of the payments go to its own node, the other half to one other
    /// node.
    Halves(usize),
}

impl Default for Spending {
    /// Returns single payments of up to about 10 toycoins, at up to 3 grains per byte.
    fn default() -> Self {
        Self { grains: 1_000..=1_000_999_999, fee_rates: 0..=3, pattern: SpendingPattern::Single }
    }
}

impl Spending {
    /// Draws a pattern and a range of amounts; about half of the wallets make only small payments.
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
