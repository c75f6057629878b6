//! Fee estimates.

use std::sync::Arc;

use axum::{Json, extract::State};
use toycoin_core::ChainParams;
use toycoin_node::{mempool::MempoolEntry, protocol::NodeConfig};

use crate::{
    api::{params::Viewpoint, shapes::FeeEstimates, source::Source},
    app::App,
    problem::Problem,
};

/// Fee rates, in grains per byte, for a confirmation within 1, 2, 3, 6, 12, 24 or 144 blocks.
///
/// A payment that pays more than the payments that fill those blocks now is among the ones that do. Where the mempool
/// does not fill that many blocks, the lowest rate suffices that nodes take.
#[utoipa::path(get, path = "/api/fee-estimates", tag = "mempool", params(Viewpoint),
    responses((status = 200, body = FeeEstimates),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn fee_estimates(
    State(app): State<Arc<App>>,
    viewpoint: Viewpoint,
) -> Result<Json<FeeEstimates>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let mut index = source.index().await?;
    source.read_mempool(&mut index).await?;
    Ok(Json(estimates(source.params(), index.mempool.entries())))
}

/// Estimates from a mempool in the order of mining.
fn estimates(params: &ChainParams, entries: &[MempoolEntry]) -> FeeEstimates {
    let lowest = NodeConfig::new(params).min_fee_rate.to_grains_per_byte() as f64;
    let block = params.spec().block_size_limit.max(1);
    // the lowest package rate in each block that the mempool fills wholly
    let (mut full, mut bytes, mut rate) = (Vec::new(), 0u64, f64::INFINITY);
    for entry in entries {
        // a child lifts its parents' package, but a later one is never mined for more than an earlier one
        rate = rate.min(entry.package_fee.grains() as f64 / entry.package_size.max(1) as f64);
        bytes += entry.size;
        while bytes >= block {
            bytes -= block;
            full.push(rate.max(lowest));
        }
    }
    let within = |blocks: usize| full.get(blocks - 1).copied().unwrap_or(lowest);
    FeeEstimates {
        one: within(1),
        two: within(2),
        three: within(3),
        six: within(6),
        twelve: within(12),
        twenty_four: within(24),
        gross: within(144),
    }
}

#[cfg(test)]
mod tests {
    use toycoin_core::{Amount, Txid};
    use toycoin_node::machine::Monotonic;

    use super::*;

    fn entry(rate: u64) -> MempoolEntry {
        let (size, fee) = (100_000, Amount::from_grains(rate * 100_000));
        let (txid, since, spends, parents, children) =
            (Txid::ZERO, Monotonic::ORIGIN, Vec::new(), Vec::new(), Vec::new());
        MempoolEntry { txid, fee, size, since, package_fee: fee, package_size: size, spends, parents, children }
    }

    #[test]
    fn an_empty_mempool_takes_the_lowest_rate() {
        assert_eq!(estimates(&ChainParams::reference(), &[]).one, 1.0);
        assert_eq!(estimates(&ChainParams::regtest(), &[]).one, 0.0);
    }

    #[test]
    fn estimates_never_rise_with_the_target() {
        // 2.5 blocks; the second one begins with a package that pays more than what came before
        let mut rates: Vec<u64> = (0..25).map(|place| 100 - place).collect();
        rates[12] = 500;
        let entries: Vec<_> = rates.into_iter().map(entry).collect();
        let fees = estimates(&ChainParams::reference(), &entries);
        assert_eq!((fees.one, fees.two, fees.three, fees.gross), (91.0, 81.0, 1.0, 1.0));
        let all = [fees.one, fees.two, fees.three, fees.six, fees.twelve, fees.twenty_four, fees.gross];
        assert!(all.is_sorted_by(|one, next| one >= next));
    }
}
