//! Fee rates of the programs: the lowest that nodes accept, the usual one, and those that are a mistake.

use toycoin_core::{Amount, ChainParams, FeeRate};
use toycoin_node::protocol::NodeConfig;

/// Fee rate of wallet and oracle on networks whose nodes accept any fee, such as `lab` and `regtest`.
///
/// Nobody has to pay it. It is there so that learners see fees: a payment of one coin with change, 196 bytes, costs
/// 0.0098 toycoins, about the 0.01 of the demonstration.
pub const VISIBLE: FeeRate = FeeRate::grains_per_byte(5_000);

/// Highest fee rate that the wallet pays without being told twice: 20 times the visible one.
pub const HIGHEST_SANE: FeeRate = FeeRate::grains_per_byte(100_000);

/// Returns the lowest fee rate that the network's nodes accept by default.
pub fn minimum(params: &ChainParams) -> FeeRate {
    NodeConfig::new(params).min_fee_rate
}

/// Returns the fee rate that the programs pay by default: the minimum, or [`VISIBLE`] where there is none.
pub fn usual(params: &ChainParams) -> FeeRate {
    let minimum = minimum(params);
    if minimum == FeeRate::ZERO { VISIBLE } else { minimum }
}

/// Returns the fee rate of a fee for so many bytes, rounded down to whole grains per byte.
pub const fn rate_of(fee: Amount, bytes: u64) -> FeeRate {
    match fee.grains().checked_div(bytes) {
        Some(rate) => FeeRate::grains_per_byte(rate),
        None => FeeRate::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_fee_can_be_seen_where_none_is_needed() {
        for (params, minimum_rate, usual_rate) in [
            (ChainParams::lab(), FeeRate::ZERO, VISIBLE),
            (ChainParams::regtest(), FeeRate::ZERO, VISIBLE),
            (ChainParams::reference(), FeeRate::grains_per_byte(1), FeeRate::grains_per_byte(1)),
        ] {
            assert_eq!((minimum(&params), usual(&params)), (minimum_rate, usual_rate), "{}", params.spec().name);
        }
        assert_eq!(VISIBLE.fee(196), "0.0098".parse().unwrap());
    }

    #[test]
    fn a_rate_is_the_fee_for_each_byte() {
        assert_eq!(rate_of(VISIBLE.fee(196), 196), VISIBLE);
        assert_eq!(rate_of(Amount::from_grains(399), 200), FeeRate::grains_per_byte(1));
        assert_eq!(rate_of(Amount::from_grains(1), 0), FeeRate::ZERO);
    }
}
