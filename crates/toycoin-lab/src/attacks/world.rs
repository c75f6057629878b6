//! What the networks of many attacks have in common.

use std::time::Duration;

use toycoin_core::{ChainParams, NetworkSpec, Txid};
use toycoin_sim::Network;

use crate::{
    setting::{Parameter, Setting},
    trial::TrialError,
};

/// Whether the target follows the hash rate.
pub(super) const ASERT: Parameter = Parameter::flag("asert", "1 if the target follows the hash rate, 0 if it is fixed");

/// Hash rates are whole numbers; all together are this many, or a little fewer.
const SHARES: f64 = 1_000_000.0;

/// Returns the hash rates of `honest` nodes that share `1 - q`, and then that of one attacker with `q`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a million")]
pub(super) fn hash_rates(honest: u32, q: f64) -> Vec<u32> {
    let each = ((1.0 - q) * SHARES / f64::from(honest)).round() as u32;
    let mut rates = vec![each; usize::try_from(honest).unwrap_or_default()];
    rates.push((q * SHARES).round() as u32);
    rates
}

/// Returns the hash rate of a node with a share of all.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a million")]
pub(super) fn hash_rate(share: f64) -> u32 {
    (share * SHARES).round() as u32
}

/// Returns a parameter that is a whole number of a small range.
pub(super) fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Returns the network of so many wallets whose target never changes, so that heavier means longer.
pub(super) fn fixed_target(wallets: usize, spacing: Duration) -> NetworkSpec {
    NetworkSpec { retargeting: None, ..toycoin_sim::spec(wallets, spacing) }
}

/// Returns the network of so many wallets whose target follows the hash rate, or is fixed.
pub(super) fn spec(wallets: usize, spacing: Duration, follows: bool) -> NetworkSpec {
    if follows { toycoin_sim::spec(wallets, spacing) } else { fixed_target(wallets, spacing) }
}

/// Returns whether the target follows the hash rate under a setting that has [`ASERT`].
pub(super) fn follows(setting: &Setting) -> bool {
    setting.whole(ASERT.name) == 1
}

/// Returns a network's parameters, without the rules that a setting switches off.
///
/// # Errors
/// When the parameters do not fit each other.
pub(super) fn params(spec: NetworkSpec, setting: &Setting) -> Result<ChainParams, TrialError> {
    if setting.off().is_empty() {
        return Ok(ChainParams::new(spec)?);
    }
    // its genesis must be that of no real network
    let extra = [spec.extra.as_slice(), b" sandbox"].concat();
    Ok(ChainParams::sandbox(NetworkSpec { extra, ..spec }, setting.off().iter().copied())?)
}

/// Returns the height of the block that has a transaction in a node's chain; `None` if none has.
pub(super) fn confirmed_at(network: &Network, node: usize, txid: &Txid) -> Option<u64> {
    let chain = network.node(node)?.chain();
    let (hash, _) = chain.find_transaction(txid).ok()??;
    Some(chain.height() + 1 - chain.confirmations(&hash)?)
}
