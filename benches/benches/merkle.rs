//! Merkle root of blocks from empty to full.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench merkle
//! ```

use std::{hint::black_box, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use toycoin_core::{Txid, Wtxid, merkle_root};

/// Numbers of leaves: an empty block and three others. The last is about as many as the largest block on `lab` holds.
const LEAVES: [u32; 4] = [1, 100, 1_000, 6_000];

fn main() {
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(2)).configure_from_args();
    let mut group = criterion.benchmark_group("merkle root");
    for leaves in LEAVES {
        let ids = ids(leaves);
        group.throughput(Throughput::Elements(u64::from(leaves)));
        group.bench_with_input(BenchmarkId::from_parameter(leaves), &ids, |bencher, ids| {
            bencher.iter(|| merkle_root(black_box(ids).iter().copied()));
        });
    }
    group.finish();
    criterion.final_summary();
}

/// Returns distinct ids.
fn ids(count: u32) -> Vec<(Txid, Wtxid)> {
    let digest = |i: u32| <[u8; 32]>::from(blake3::hash(&i.to_le_bytes()));
    (0..count).map(|i| (Txid::from_bytes(digest(2 * i)), Wtxid::from_bytes(digest(2 * i + 1)))).collect()
}
