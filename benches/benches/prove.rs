//! Proves a chain's work and ancestors to a light client: the cost must not grow with the chain.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench prove
//! ```

use std::time::Duration;

use criterion::{BenchmarkId, Criterion};
use toycoin_benches::is_bench;
use toycoin_core::{
    BlockHash, Chain, ChainParams, MemoryStore,
    chain::ProvedWork,
    proof::{DEFAULT_SLICES, WorkProof},
    test_util::{classroom, grow},
};

/// Heights of the chains that are proved.
const HEIGHTS: [u64; 2] = [10_000, 100_000];

/// Number of headers since the one that a returning client has proved before.
const AWAY: u64 = 1_000;

/// Number of ancestors in one question.
const ANCESTORS: u64 = 128;

fn main() {
    if !is_bench() {
        let scene = Scene::new(2 * AWAY);
        let (whole, later) = (scene.work(0, BlockHash::ZERO), scene.work(0, scene.away));
        assert!(whole.samples.len() > later.samples.len() && !later.samples.is_empty());
        return assert_eq!(scene.ancestors(), 128);
    }
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(5)).configure_from_args();
    for height in HEIGHTS {
        let scene = Scene::new(height);
        let mut group = criterion.benchmark_group("prove");
        for (name, start) in [("work", BlockHash::ZERO), ("work of the last 1,000 headers", scene.away)] {
            let mut seed = 0;
            group.bench_function(BenchmarkId::new(name, height), |bencher| {
                bencher.iter(|| {
                    seed += 1;
                    scene.work(seed, start)
                });
            });
        }
        group.bench_function(BenchmarkId::new("128 ancestors", height), |bencher| bencher.iter(|| scene.ancestors()));
        group.finish();
    }
    criterion.final_summary();
}

/// A chain of empty blocks in memory, and what is asked about it.
struct Scene {
    chain: Chain<MemoryStore>,
    /// The header that a returning client has proved before.
    away: BlockHash,
    ancestors: Vec<BlockHash>,
}

impl Scene {
    fn new(height: u64) -> Self {
        let mut chain = Chain::in_memory(ChainParams::regtest());
        grow(&mut chain, height, classroom::owner(0));
        let hash = |height| chain.header_at(height).expect("a height below the tip's").hash;
        let ancestors = (0..ANCESTORS).map(|place| hash(place * height / ANCESTORS)).collect();
        Self { away: hash(height - AWAY), ancestors, chain }
    }

    /// Proves the work with a seed of its own for each number, as for many askers.
    fn work(&self, number: u64, start: BlockHash) -> WorkProof {
        let seed = blake3::hash(&number.to_le_bytes()).into();
        match self.chain.prove_work(&BlockHash::ZERO, &seed, DEFAULT_SLICES, &start) {
            Ok(ProvedWork::Proof(proof)) => *proof,
            other => panic!("the chain is long enough: {other:?}"),
        }
    }

    /// Proves the ancestors, and returns how many were proved.
    fn ancestors(&self) -> usize {
        let proved = self.chain.prove_ancestors(&BlockHash::ZERO, &self.ancestors);
        proved.expect("memory does not fail").proof.items.len()
    }
}
