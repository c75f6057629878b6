//! A node's present state in words.

use toycoin_core::Target;
use toycoin_node::protocol::Status;

use crate::words::count;

/// Returns what a node does now: what it searches and how fast, how many payments wait in its mempool, and how many peers it hears.
///
/// `hash_rate` is in hashes per second, if it has been measured.
pub fn said(status: &Status, hash_rate: Option<u64>) -> String {
    let mut parts = Vec::new();
    if let Some(search) = status.search {
        let bits = search.bits.to_target().map_or(0.0, |target| Target::work(target).to_f64().log2());
        let rate = hash_rate.map(|rate| format!(" at {}", hashes(rate as f64))).unwrap_or_default();
        parts.push(format!("searches block {}, {bits:.1} bits{rate}", search.height));
    } else {
        parts.push(format!("at height {}", status.tip.height));
    }
    let waits = if status.mempool == 1 { "waits" } else { "wait" };
    parts.push(format!("{} {waits}", count(status.mempool as u64, "payment")));
    parts.push(count(status.peers as u64, "peer"));
    if let Some(height) = status.assumed {
        parts.push(format!("balances assumed up to height {height}"));
    }
    parts.join(", ")
}

/// Returns a hash rate with its unit.
pub fn hashes(per_second: f64) -> String {
    scaled(per_second, "H/s")
}

/// Returns a number with a unit, and a prefix of a thousand, a million or more.
fn scaled(number: f64, unit: &str) -> String {
    let scales = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    match scales.into_iter().find(|(scale, _)| number >= *scale) {
        Some((scale, prefix)) => format!("{:.1} {prefix}{unit}", number / scale),
        None => format!("{number:.0} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::CompactTarget;
    use toycoin_node::{NodeBuilder, protocol::BlockSearch};

    use super::*;

    #[test]
    fn numbers_have_units() {
        let said = [999.0, 1e3, 28.4e6, 3e9].map(hashes);
        assert_eq!(said, ["999 H/s", "1.0 kH/s", "28.4 MH/s", "3.0 GH/s"]);
    }

    #[tokio::test]
    async fn the_present_fits_a_terminal() {
        let node = NodeBuilder::new(toycoin_core::ChainParams::regtest()).spawn().await.unwrap();
        let mut status = node.status().await.unwrap();
        assert_eq!(said(&status, None), "at height 0, 0 payments wait, 0 peers");
        status.search = Some(BlockSearch { height: 999_999, bits: CompactTarget::from_bits(0x1800_ffff), payments: 9 });
        (status.mempool, status.peers) = (9_999, 999);
        let text = said(&status, Some(u64::MAX / 1_000_000));
        assert!(text.len() <= 78, "{text}");
        node.shutdown().await.unwrap();
    }
}
