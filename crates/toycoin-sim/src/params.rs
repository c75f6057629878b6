//! The simulated network: all rules apply, but proof of work costs almost nothing.
//!
//! Every rule is enforced, including proof of work. The genesis target asks for 256 hashes, and the easiest possible
//! one for 2. So the difficulty can fall by seven doublings, and has nearly all of its range to rise. The search for a
//! found block's nonce takes well under a millisecond. The *time* of finding is drawn: it is exponentially distributed,
//! and depends on the miner's hash rate and the work that the template's bits ask for. So ASERT adjusts the difficulty,
//! chains compete by work, and no rule is switched off.

use std::time::Duration;

use toycoin_core::{AddressPrefix, Amount, ChainParams, CompactTarget, NetworkSpec, Retargeting, SecretKey, TxOut};

/// Expected number of hashes per block at genesis difficulty.
pub(crate) const GENESIS_HASHES: f64 = 256.0;

/// Unix time of genesis in milliseconds.
pub(crate) const GENESIS_TIME: u64 = 1_767_225_600_000;

/// Time between genesis and the start of a run, in milliseconds: 2 hours, so that adversaries can forge chains in the
/// past. The difficulty of the first block does not depend on it.
pub(crate) const PAST: u64 = 7_200_000;

/// Number of coins that each wallet begins with.
const COINS_A_WALLET: usize = 24;

/// Returns the key of a node's wallet. It is public, as all keys of a simulation are.
pub fn wallet_key(node: usize) -> SecretKey {
    SecretKey::classroom(1_000 + u32::try_from(node).unwrap_or(u32::MAX / 2))
}

/// Returns the key that a node's wallet pays when it spends unconfirmed change.
pub(crate) fn change_key(node: usize) -> SecretKey {
    SecretKey::classroom(3_000_000 + u32::try_from(node).unwrap_or(u32::MAX / 2))
}

/// Returns the key that receives a node's coinbases.
pub fn miner_key(node: usize) -> SecretKey {
    SecretKey::classroom(2_000_000 + u32::try_from(node).unwrap_or(u32::MAX / 2))
}

/// Returns the network's parameters as data, for callers that want to change some of them.
pub fn spec(wallets: usize, spacing: Duration) -> NetworkSpec {
    let spacing_ms = u64::try_from(spacing.as_millis()).unwrap_or(u64::MAX);
    let coin = |node| TxOut { value: Amount::from_grains(10_000_000_000), owner: wallet_key(node).public_key() };
    NetworkSpec {
        name: "simulation".into(),
        address_prefix: AddressPrefix::REGTEST,
        retargeting: Some(Retargeting { spacing_ms, half_life_ms: spacing_ms.saturating_mul(20) }),
        max_future_ms: spacing_ms.saturating_mul(5),
        coinbase_maturity: 5,
        halving_interval: 1_000,
        block_size_limit: 1_000_000,
        genesis_bits: CompactTarget::from_bits(0x2001_0000),
        limit_bits: CompactTarget::from_bits(0x207f_ffff),
        minimum_work: None,
        genesis_time: GENESIS_TIME,
        extra: b"toycoin simulation".to_vec(),
        allocations: (0..wallets).flat_map(|node| std::iter::repeat_n(coin(node), COINS_A_WALLET)).collect(),
    }
}

/// Returns the parameters of a simulated network with `wallets` wallets.
///
/// # Panics
/// If a genesis block cannot hold the coins of that many wallets, about 1,000.
pub fn params(wallets: usize, spacing: Duration) -> ChainParams {
    ChainParams::new(spec(wallets, spacing)).expect("bits and times that fit each other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_no_real_network_and_its_genesis_asks_for_256_hashes() {
        let sim = params(4, Duration::from_secs(2));
        for real in [ChainParams::lab(), ChainParams::reference(), ChainParams::regtest()] {
            assert_ne!(sim.genesis_hash(), real.genesis_hash());
        }
        let work = sim.genesis().header.bits.to_target().unwrap().work().to_f64();
        assert!((work - GENESIS_HASHES).abs() < 2.0, "{work}");
    }
}
