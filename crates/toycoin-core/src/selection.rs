//! Coin selection: which coins pay for a payment.
//!
//! A wallet has many coins, and a payment needs some. A poor choice costs money: each coin that is spent makes the
//! payment 100 bytes longer, and change is 40 bytes now and 100 more when it is spent. So each coin counts with its
//! *effective value*: its value without the fee for spending it. A coin whose effective value is zero is dust, and is
//! left out.
//!
//! Three ways are tried, one after the other, as Bitcoin Core does:
//!
//! 1. [`BranchAndBound`](Way::BranchAndBound): coins that fit exactly, so that there is no change. Of all such sets it
//!    finds the one with the least *waste*.
//! 2. [`RandomDraw`](Way::RandomDraw): coins drawn by lot until they are enough and leave change worth having. It keeps
//!    a wallet from breaking up its large coins again and again, and tells onlookers little.
//! 3. [`LargestFirst`](Way::LargestFirst): the fewest coins, if what was drawn does not pay for change, and the search
//!    for an exact fit was given up.
//!
//! The waste of a choice is what it costs more than need be: for each coin, the fee at today's rate beyond that at a
//! later rate; for change, the fee of its output now and of spending it later; without change, what is paid too much.
//! See M. Erhardt, *An Evaluation of Coin Selection Strategies* (2016), and `coinselection.cpp` of Bitcoin Core.
//!
//! The choice depends on nothing but the coins, the goal and the seed: not on the order in which coins are given.
//!
//! ```
//! use toycoin_core::{
//!     Amount, FeeRate, OutPoint, Txid,
//!     selection::{Goal, Way, select},
//! };
//!
//! let coin = |vout, grains| (OutPoint { txid: Txid::default(), vout }, Amount::from_grains(grains));
//! let goal = Goal::new(Amount::from_grains(50_000), 1, FeeRate::grains_per_byte(2));
//! // a payment with one coin and no change has 156 bytes
//! let coins = [coin(0, 90_000), coin(1, 50_312), coin(2, 200)];
//! let selected = select(&coins, &goal, [0; 32])?;
//! assert_eq!(selected.way, Way::BranchAndBound);
//! assert_eq!(selected.coins, [coins[1]], "it fits exactly");
//! assert_eq!((selected.fee, selected.change), (Amount::from_grains(312), None));
//! # Ok::<(), toycoin_core::selection::SelectionError>(())
//! ```

mod branch_and_bound;
mod candidates;
mod error;
mod goal;
mod largest_first;
mod random_draw;
mod selected;

use self::candidates::Candidates;
pub use self::{
    branch_and_bound::MAX_TRIES,
    error::SelectionError,
    goal::Goal,
    selected::{Selected, Way},
};
use crate::{amount::Amount, transaction::OutPoint};

/// Selects coins for a goal. All coins must differ and be mature; the seed decides the draw.
///
/// # Errors
/// If the coins are not worth enough, or too many of them would be needed.
pub fn select(coins: &[(OutPoint, Amount)], goal: &Goal, seed: [u8; 32]) -> Result<Selected, SelectionError> {
    let candidates = Candidates::new(coins, goal);
    candidates.check(goal)?;
    let found = branch_and_bound::find(&candidates, goal).map(|chosen| (Way::BranchAndBound, chosen));
    let found = found.or_else(|| Some((Way::RandomDraw, random_draw::find(&candidates, goal, &seed)?)));
    let (way, chosen) = match found {
        Some(found) => found,
        None => (Way::LargestFirst, largest_first::find(&candidates, goal)?),
    };
    Ok(candidates.selected(&chosen, goal, way))
}

/// Selects all coins given, whatever they cost, for somebody who named them.
///
/// # Errors
/// If they are not worth enough, or too many.
pub fn select_all(coins: &[(OutPoint, Amount)], goal: &Goal) -> Result<Selected, SelectionError> {
    let candidates = Candidates::with_dust(coins, goal);
    candidates.check(goal)?;
    let all: Vec<_> = (0..candidates.len()).collect();
    if all.len() as u64 > goal.max_coins() {
        return Err(SelectionError::TooMany { most: goal.max_coins() });
    }
    Ok(candidates.selected(&all, goal, Way::All))
}

#[cfg(test)]
mod tests;
