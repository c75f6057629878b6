//! Statistics: intervals of measured numbers, and how far one lies from what is expected.
//!
//! | Measured | Type | Interval | Distance from an expected number |
//! | --- | --- | --- | --- |
//! | a share: hits of all cases | [`Share`] | Wilson | exact binomial, or its normal approximation |
//! | a mean of independent values | [`Mean`] | Student's t | t statistic |
//! | a mean over one long chain | [`Mean::of_batches`] | Student's t over 20 batches | t statistic |
//!
//! Distances are in standard deviations of a normal distribution, so that "4 sd" means the same chance in every row.

mod interval;
mod mean;
mod normal;
mod quantile;
mod share;
mod special;
mod student;

pub use self::{
    interval::Interval,
    mean::{BATCHES, Mean},
    normal::sigmas,
    quantile::quantile,
    share::Share,
};

pub(crate) use self::special::{beta, ln_gamma};
