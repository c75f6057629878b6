//! The supply audit of a chain.

use serde::Serialize;
use toycoin_core::{Amount, Audit};

/// A supply audit: the money that the state says is issued, the money that is there, and the money that there should
/// be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Supply {
    /// The money issued, as the state counts it, in grains.
    pub issued: Amount,
    /// The sum of all coins, in grains.
    pub sum_of_coins: Amount,
    /// What genesis and the subsidies issue up to the tip's height, in grains.
    pub schedule: Amount,
    /// Whether the tip's state root commits to exactly these coins, this number of them and this sum.
    pub root_fits: bool,
}

impl Supply {
    /// Returns what an audit found, beside the schedule.
    pub(super) const fn of(audit: &Audit, schedule: Amount) -> Self {
        Self { issued: audit.issued, sum_of_coins: audit.sum_of_coins, schedule, root_fits: audit.holds }
    }

    /// Returns whether nothing is wrong: all three amounts agree, and the state root fits.
    pub fn holds(&self) -> bool {
        self.issued == self.sum_of_coins && self.issued == self.schedule && self.root_fits
    }
}
