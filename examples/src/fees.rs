//! Fee rates of the programs: the lowest that nodes accept, the usual one, and those that are a mistake.

use toycoin_core::{Amount, ChainParams, FeeRate};
use toycoin_node::protocol::NodeConfig;

use crate::words::{grouped, money};

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

/// Returns why a fee looks like a mistake, as the end of a sentence such as `not paid: ..`; `None` if it does not.
///
/// It does if it is more than the amount that is paid, or if its rate for a payment of so many bytes is above
/// [`HIGHEST_SANE`].
pub fn absurd(fee: Amount, bytes: u64, amount: Amount) -> Option<String> {
    if fee > amount {
        return Some(format!("the fee, {}, is more than the amount, {}", money(fee), money(amount)));
    }
    let rate = rate_of(fee, bytes);
    (rate > HIGHEST_SANE).then(|| {
        let [rate, usual] = [rate, HIGHEST_SANE].map(|rate| grouped(rate.to_grains_per_byte()));
        format!("the fee, {}, is {rate} grains per byte; more than {usual} looks like a mistake", money(fee))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_fee_is_said_with_the_reason() {
        let said =
            |amount: &str, fee: &str| absurd(fee.parse().unwrap(), 196, amount.parse().unwrap()).unwrap_or_default();
        assert_eq!(said("12.5", "0.0098"), "");
        assert_eq!(said("1", "1.5"), "the fee, 1.50, is more than the amount, 1");
        assert_eq!(said("1", "0.196"), "", "100,000 grains per byte");
        let reason = "the fee, 0.19600196, is 100,001 grains per byte; more than 100,000 looks like a mistake";
        assert_eq!(said("1", "0.19600196"), reason);
    }

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
