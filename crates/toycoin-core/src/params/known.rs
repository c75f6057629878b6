//! The networks that come with the crate.

use crate::{
    address::AddressPrefix,
    amount::{Amount, GRAINS_PER_TOYCOIN},
    keys::SecretKey,
    params::{ChainParams, NetworkSpec, Retargeting},
    target::CompactTarget,
    transaction::TxOut,
};

impl ChainParams {
    /// The network of the examples: a block every 2 seconds, and coins in genesis for four classroom wallets.
    pub fn lab() -> Self {
        Self::known(NetworkSpec {
            name: "lab".into(),
            address_prefix: AddressPrefix::LAB,
            retargeting: Some(Retargeting { spacing_ms: 2_000, half_life_ms: 40_000 }),
            max_future_ms: 10_000,
            coinbase_maturity: 5,
            halving_interval: 100_000,
            block_size_limit: 1_000_000,
            genesis_bits: CompactTarget::from_bits(0x1e01_0000),
            limit_bits: CompactTarget::from_bits(0x1f01_0000),
            minimum_work: None,
            genesis_time: GENESIS_TIME,
            extra: b"toycoin lab".to_vec(),
            allocations: classroom_allocations(),
        })
    }

    /// The network with the strictest parameters: a block every minute, and no coins in genesis.
    pub fn reference() -> Self {
        Self::known(NetworkSpec {
            name: "reference".into(),
            address_prefix: AddressPrefix::REFERENCE,
            retargeting: Some(Retargeting { spacing_ms: 60_000, half_life_ms: 8_640_000 }),
            max_future_ms: 120_000,
            coinbase_maturity: 100,
            halving_interval: 210_000,
            block_size_limit: 1_000_000,
            genesis_bits: CompactTarget::from_bits(0x1d00_ffff),
            limit_bits: CompactTarget::from_bits(0x1d00_ffff),
            minimum_work: None,
            genesis_time: GENESIS_TIME,
            extra: b"toycoin reference".to_vec(),
            allocations: Vec::new(),
        })
    }

    /// The network of tests: every second hash is a block, and the difficulty never changes.
    pub fn regtest() -> Self {
        Self::known(NetworkSpec {
            name: "regtest".into(),
            address_prefix: AddressPrefix::REGTEST,
            retargeting: None,
            max_future_ms: 3_600_000,
            coinbase_maturity: 2,
            halving_interval: 150,
            block_size_limit: 1_000_000,
            genesis_bits: CompactTarget::from_bits(0x207f_ffff),
            limit_bits: CompactTarget::from_bits(0x207f_ffff),
            minimum_work: None,
            genesis_time: GENESIS_TIME,
            extra: b"toycoin regtest".to_vec(),
            allocations: classroom_allocations(),
        })
    }

    fn known(spec: NetworkSpec) -> Self {
        Self::new(spec).expect("the parameters of a known network")
    }
}

/// The time of genesis in the networks here: 2026-01-01 00:00:00 UTC, in Unix milliseconds.
const GENESIS_TIME: u64 = 1_767_225_600_000;

/// Returns 100, 50, 25 and 10 toycoins for classroom keys 0 to 3.
fn classroom_allocations() -> Vec<TxOut> {
    (0..)
        .zip([100, 50, 25, 10])
        .map(|(key, toycoins)| TxOut {
            value: Amount::from_grains(toycoins * GRAINS_PER_TOYCOIN),
            owner: SecretKey::classroom(key).public_key(),
        })
        .collect()
}
