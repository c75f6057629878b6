//! Networks on which a test finds thousands of headers within a second.

use toycoin_core::{ChainParams, CompactTarget, NetworkSpec, Retargeting};

/// Returns a network with lab's ratio of half-life and spacing, 128 hashes for a block of genesis' difficulty, and 64
/// for the easiest.
pub fn moving() -> ChainParams {
    network(NetworkSpec {
        name: "moving".into(),
        retargeting: Some(Retargeting { spacing_ms: 2_000, half_life_ms: 40_000 }),
        genesis_bits: CompactTarget::from_bits(0x2001_ffff),
        limit_bits: CompactTarget::from_bits(0x2003_ffff),
        ..base()
    })
}

/// Returns a network without retargeting, where every block takes two hashes.
pub fn fixed() -> ChainParams {
    let bits = CompactTarget::from_bits(0x207f_ffff);
    network(NetworkSpec { name: "fixed".into(), retargeting: None, genesis_bits: bits, limit_bits: bits, ..base() })
}

/// Builds a network.
///
/// # Panics
/// When the definition contradicts itself.
pub fn network(spec: NetworkSpec) -> ChainParams {
    match ChainParams::new(spec) {
        Ok(params) => params,
        Err(error) => panic!("no network: {error}"),
    }
}

/// Few blocks to a halving, so that the money issued bends within a test.
fn base() -> NetworkSpec {
    NetworkSpec { halving_interval: 150, extra: b"light".to_vec(), ..ChainParams::regtest().spec().clone() }
}
