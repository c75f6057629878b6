//! Theory: what papers and formulas expect, each with its source.
//!
//! Shares of the hash rate are numbers from 0 to 1. `q` or `alpha` is the attacker's share, `p = 1 - q` that of all
//! others. `z` is the number of confirmations. Times are in spacings (the aim of the difficulty rule between two
//! blocks, S) or in half-lives (the time in which the rule halves its error, H), as each function says. All formulas
//! assume that messages take no time, unless they are about delays.
//!
//! | Attack | Module |
//! | --- | --- |
//! | double spend | [`double_spend`], on [`walk`] |
//! | selfish mining, stubborn mining, optimal withholding | [`selfish`], [`stubborn`], [`optimal`], on [`race`] |
//! | eclipse | [`eclipse`] |
//! | majority | [`majority`] |
//! | wrong times | [`difficulty`], [`raise`], [`slow_clock`] |
//! | censorship, feather forks | [`censorship`] |
//! | coin hopping | [`hopping`] |
//! | fee sniping, undercutting | [`sniping`], [`undercutting`] |
//! | stale blocks (no attack) | [`forks`] |

pub mod censorship;
pub mod difficulty;
pub mod double_spend;
pub mod eclipse;
pub mod forks;
pub mod hopping;
pub mod majority;
pub mod optimal;
pub mod race;
pub mod raise;
mod range;
pub mod selfish;
pub mod slow_clock;
pub mod sniping;
pub mod stubborn;
pub mod undercutting;
pub mod walk;

use self::range::{assert_positive, assert_share};
