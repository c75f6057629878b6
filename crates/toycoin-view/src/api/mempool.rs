//! What waits in a mempool.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{Json, extract::State};
use toycoin_core::{OutPoint, Txid};
use toycoin_node::mempool::MempoolEntry;

use crate::{
    api::{
        params::{self, Segments, Viewpoint},
        shapes::{MempoolInfo, RecentPayment, WaitingPayment},
        source::Source,
    },
    app::App,
    limits::{MEMPOOL_LISTED, RECENT},
    problem::Problem,
};

type Apps = State<Arc<App>>;

/// Sums over the mempool.
#[utoipa::path(get, path = "/api/mempool", tag = "mempool", params(Viewpoint),
    responses((status = 200, body = MempoolInfo),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn mempool(State(app): Apps, viewpoint: Viewpoint) -> Result<Json<MempoolInfo>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let mut index = source.index().await?;
    source.read_mempool(&mut index).await?;
    let entries = index.mempool.entries();
    Ok(Json(MempoolInfo {
        count: entries.len(),
        vsize: entries.iter().map(|entry| entry.size).sum(),
        total_fee: entries.iter().fold(0, |sum, entry| sum.saturating_add(entry.fee.grains())),
        fee_histogram: histogram(entries),
    }))
}

/// Puts payments of falling fee rates together until they have 50,000 bytes, as Electrum does.
fn histogram(entries: &[MempoolEntry]) -> Vec<(f64, u64)> {
    let mut rates: Vec<_> =
        entries.iter().map(|entry| (entry.fee.grains() as f64 / entry.size as f64, entry.size)).collect();
    rates.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let (mut bins, mut bytes, mut last) = (Vec::new(), 0, 0.0);
    for (rate, size) in rates {
        if bytes > BIN_BYTES && rate < last {
            bins.push((last, bytes));
            bytes = 0;
        }
        bytes += size;
        last = rate;
    }
    if bytes > 0 {
        bins.push((last, bytes));
    }
    bins
}

/// Bytes above which a bin of the histogram ends.
const BIN_BYTES: u64 = 50_000;

/// The ids of the payments in the mempool, those first that are mined first; at most 10,000.
#[utoipa::path(get, path = "/api/mempool/txids", tag = "mempool", params(Viewpoint),
    responses((status = 200, body = Vec<String>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn txids(State(app): Apps, viewpoint: Viewpoint) -> Result<Json<Vec<String>>, Problem> {
    let entries = Source::new(&app, &viewpoint)?.entries().await?;
    Ok(Json(entries.iter().take(MEMPOOL_LISTED).map(|entry| entry.txid.to_string()).collect()))
}

/// The last 10 payments to enter the mempool, the last one first.
#[utoipa::path(get, path = "/api/mempool/recent", tag = "mempool", params(Viewpoint),
    responses((status = 200, body = Vec<RecentPayment>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn recent(State(app): Apps, viewpoint: Viewpoint) -> Result<Json<Vec<RecentPayment>>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let mut index = source.index().await?;
    source.read_mempool(&mut index).await?;
    let mut entries: Vec<_> = index.mempool.entries().iter().collect();
    entries.sort_by_key(|entry| Reverse(entry.since));
    entries.truncate(RECENT);
    let entries: Vec<_> = entries.into_iter().cloned().collect();
    drop(index);
    let mut recent = Vec::new();
    for entry in entries {
        // one that has left since is no longer recent
        let Some(payment) = source.node.transaction(entry.txid).await?.and_then(|place| place.transaction) else {
            continue;
        };
        let value = payment.outputs.iter().fold(0u64, |sum, output| sum.saturating_add(output.value.grains()));
        let (txid, fee) = (entry.txid.to_string(), entry.fee.grains());
        recent.push(RecentPayment { txid, fee, vsize: entry.size, value });
    }
    Ok(Json(recent))
}

/// The payments that wait at a node, those first that are mined first; at most 10,000.
#[utoipa::path(get, path = "/api/v1/mempool/{node}", tag = "network",
    params(("node" = usize, Path, description = "The node")),
    responses((status = 200, body = Vec<WaitingPayment>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn mempool_of_node(
    State(app): Apps,
    Segments(node): Segments<String>,
) -> Result<Json<Vec<WaitingPayment>>, Problem> {
    let source = Source::new(&app, &Viewpoint { node: Some(params::number(&node, "a node")?) })?;
    let entries = source.entries().await?;
    let others = source.others_entries().await;
    let mut spenders: HashMap<OutPoint, BTreeSet<Txid>> = HashMap::new();
    for entry in others.iter().flat_map(|entries| &**entries) {
        for coin in &entry.spends {
            spenders.entry(*coin).or_default().insert(entry.txid);
        }
    }
    let describe = |entry: &MempoolEntry| {
        let rivals: BTreeSet<_> = entry.spends.iter().filter_map(|coin| spenders.get(coin)).flatten().collect();
        WaitingPayment {
            txid: entry.txid.to_string(),
            fee: entry.fee.grains(),
            size: entry.size,
            since_us: u64::try_from(entry.since.since_origin().as_micros()).unwrap_or(u64::MAX),
            parents: entry.parents.iter().map(Txid::to_string).collect(),
            conflicts: rivals.into_iter().filter(|rival| **rival != entry.txid).map(Txid::to_string).collect(),
        }
    };
    Ok(Json(entries.iter().take(MEMPOOL_LISTED).map(describe).collect()))
}

#[cfg(test)]
mod tests {
    use toycoin_core::Amount;
    use toycoin_node::machine::Monotonic;

    use super::*;

    fn entry(fee: u64, size: u64) -> MempoolEntry {
        let fee = Amount::from_grains(fee);
        let (txid, since, spends, parents, children) =
            (Txid::ZERO, Monotonic::ORIGIN, Vec::new(), Vec::new(), Vec::new());
        MempoolEntry { txid, fee, size, since, package_fee: fee, package_size: size, spends, parents, children }
    }

    #[test]
    fn the_histogram_ends_a_bin_above_50000_bytes() {
        assert_eq!(histogram(&[]), []);
        let entries = [entry(40_000, 40_000), entry(120_000, 60_000), entry(200, 50_000), entry(60_000, 60_000)];
        assert_eq!(histogram(&entries), [(2.0, 60_000), (1.0, 100_000), (0.004, 50_000)]);
    }
}
