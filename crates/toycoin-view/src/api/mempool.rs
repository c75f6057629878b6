//! What waits in a mempool.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use axum::{Json, extract::State};
use futures_util::future::join_all;
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
    index.read_mempool(&source.node).await?;
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
    let entries = first_entries(&Source::new(&app, &viewpoint)?).await?;
    Ok(Json(entries.iter().map(|entry| entry.txid.to_string()).collect()))
}

/// The last 10 payments to enter the mempool, the last one first.
#[utoipa::path(get, path = "/api/mempool/recent", tag = "mempool", params(Viewpoint),
    responses((status = 200, body = Vec<RecentPayment>),
        (status = "default", description = "What went wrong", body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn recent(State(app): Apps, viewpoint: Viewpoint) -> Result<Json<Vec<RecentPayment>>, Problem> {
    let source = Source::new(&app, &viewpoint)?;
    let mut index = source.index().await?;
    index.read_mempool(&source.node).await?;
    let mut entries: Vec<_> = index.mempool.entries().to_vec();
    drop(index);
    entries.sort_by_key(|entry| Reverse(entry.since));
    entries.truncate(RECENT);
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
    let entries = first_entries(&source).await?;
    let pages = join_all(source.others().map(async |node| node.mempool(None, usize::MAX).await)).await;
    let others: Vec<_> = pages.into_iter().flatten().flat_map(|page| page.entries).collect();
    let mut spenders: HashMap<OutPoint, BTreeSet<Txid>> = HashMap::new();
    for entry in &others {
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
    Ok(Json(entries.iter().map(describe).collect()))
}

/// Returns the entries that are mined first, at most [`MEMPOOL_LISTED`].
async fn first_entries(source: &Source<'_>) -> Result<Vec<MempoolEntry>, Problem> {
    let (mut entries, mut after): (Vec<MempoolEntry>, _) = (Vec::new(), None);
    let mut seen = BTreeSet::new();
    loop {
        let page = source.node.mempool(after, MEMPOOL_LISTED - entries.len()).await?;
        entries.extend(page.entries.into_iter().filter(|entry| seen.insert(entry.txid)));
        after = page.next;
        if after.is_none() || entries.len() >= MEMPOOL_LISTED {
            return Ok(entries);
        }
    }
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
