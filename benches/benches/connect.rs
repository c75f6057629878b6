//! Connects a block low and high on a chain: the cost must not grow with the chain.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench connect                  criterion
//! cargo bench -p toycoin-benches --bench connect -- --ratios      ratios from interleaved rounds, in seconds
//! ```

#![expect(clippy::print_stdout, reason = "the table of ratios is what this program is for")]

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{BenchmarkId, Criterion, Throughput};
use toycoin_benches::{Split, cpu_time, is_bench, median};
use toycoin_core::{
    Amount, Applied, Block, Chain, ChainParams, NetworkSpec, OutPoint, Transaction, TxOut,
    consensus::{BlockContext, PlainVerifier, SignatureCheck, SignatureVerifier, connect, gather},
    store::MemoryStore,
    test_util::{Payments, classroom, grow},
};

/// Payments per block; each spends one coin of the store and creates two.
const PAYMENTS: usize = 20;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Heights of the chains on which the measured blocks begin.
    heights: [u64; 2],
    /// Number of blocks that are measured in a row before the chain is reset to its original height.
    blocks: usize,
    /// Rounds of the comparison.
    rounds: usize,
}

const MEASUREMENT: Extent = Extent { heights: [100, 20_000], blocks: 200, rounds: 5 };

const TEST: Extent = Extent { heights: [2, 20], blocks: 3, rounds: 1 };

fn main() {
    if !is_bench() {
        return print_ratios(TEST);
    }
    if std::env::args().any(|argument| argument == "--ratios") {
        return print_ratios(MEASUREMENT);
    }
    let Extent { heights, blocks: row, .. } = MEASUREMENT;
    let mut criterion = Criterion::default().measurement_time(Duration::from_secs(10)).configure_from_args();
    let mut group = criterion.benchmark_group("connect");
    group.throughput(Throughput::Elements(1));
    for height in heights {
        let branch = Branch::new(height, row, PAYMENTS);
        let name = BenchmarkId::new(format!("{PAYMENTS} payments"), format!("height {height}"));
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|blocks| {
                let mut spent = Duration::ZERO;
                let mut climb = branch.climb(Arc::new(PlainVerifier));
                for number in 0..usize::try_from(blocks).expect("a number of blocks") {
                    if number > 0 && number % row == 0 {
                        climb = branch.climb(Arc::new(PlainVerifier));
                    }
                    spent += climb.connect(number % row);
                }
                spent
            });
        });
    }
    group.finish();
    criterion.final_summary();
}

/// Connects one block to each chain in turn, so that a slow moment of the machine affects all equally.
fn print_ratios(extent: Extent) {
    let Extent { heights, blocks, rounds } = extent;
    let [full, empty] = [PAYMENTS, 0].map(|payments| heights.map(|height| Branch::new(height, blocks, payments)));
    let plain: Arc<dyn SignatureVerifier> = Arc::new(PlainVerifier);
    let trusting: Arc<dyn SignatureVerifier> = Arc::new(Trusting);
    let rows = [
        (format!("{PAYMENTS} payments"), &full, &plain),
        (format!("{PAYMENTS} payments, signatures not looked at"), &full, &trusting),
        ("empty".into(), &empty, &plain),
    ];
    let mut times = rows.each_ref().map(|_| heights.map(|_| Vec::new()));
    let mut state_root = Vec::new();
    for _ in 0..rounds {
        let mut climbs =
            rows.each_ref().map(|(_, branches, verifier)| branches.each_ref().map(|it| it.climb(Arc::clone(verifier))));
        for number in 0..blocks {
            state_root.push(climbs[0][1].state_root(number).as_secs_f64());
            for (climbs, times) in climbs.iter_mut().zip(&mut times) {
                for (climb, times) in climbs.iter_mut().zip(times) {
                    times.push(climb.connect(number).as_secs_f64());
                }
            }
        }
    }
    let [low, high] = heights;
    println!("thread CPU time of a block, {} blocks of each kind at each height, interleaved\n", rounds * blocks);
    println!("| block | height {low}, µs | height {high}, µs | ratio of medians | ratio of means |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let mut medians = Vec::new();
    for ((name, ..), times) in rows.iter().zip(&mut times) {
        let means = times.each_ref().map(|times| times.iter().sum::<f64>() / times.len() as f64);
        let [low, high] = times.each_mut().map(|times| median(times));
        let [medians_ratio, means_ratio] = [high / low, means[1] / means[0]];
        println!("| {name} | {:.1} | {:.1} | {medians_ratio:.2} | {means_ratio:.2} |", low * 1e6, high * 1e6);
        medians.push(high);
    }
    let (whole, state_root) = (medians[0], median(&mut state_root));
    let share = |part: f64| 100.0 * part / whole;
    let signatures = whole - medians[1];
    println!(
        "\nat height {high}: signatures {:.1} %, state root {:.1} %, the rest {:.1} %",
        share(signatures),
        share(state_root),
        share(whole - signatures - state_root)
    );
}

/// A chain up to a height, and the blocks that extend it.
struct Branch {
    params: ChainParams,
    store: MemoryStore,
    blocks: Vec<Block>,
}

impl Branch {
    fn new(height: u64, blocks: usize, payments: usize) -> Self {
        let params = params();
        let mut chain = Chain::in_memory(params.clone());
        let mut payer = Payer::new(&mut chain, blocks * PAYMENTS);
        let empty = height - chain.height();
        grow(&mut chain, empty, classroom::owner(7));
        let store = chain.store().clone();
        let blocks = (0..blocks).map(|_| extend(&mut chain, payer.pay(payments))).collect();
        Self { params, store, blocks }
    }

    /// Returns a chain reset to the height below the first block.
    fn climb(&self, verifier: Arc<dyn SignatureVerifier>) -> Climb<'_> {
        let chain = Chain::open(self.params.clone(), self.store.clone()).expect("a chain of our own");
        Climb { chain: chain.with_verifier(verifier), blocks: &self.blocks }
    }
}

/// A chain to which the blocks are connected.
struct Climb<'a> {
    chain: Chain<MemoryStore>,
    blocks: &'a [Block],
}

impl Climb<'_> {
    /// Connects the block at index `number`, from received block to store, and returns the processor time that it took.
    fn connect(&mut self, number: usize) -> Duration {
        let block = self.blocks[number].clone();
        let now_ms = block.header.time;
        let (applied, time) = cpu_time(|| self.chain.apply(black_box(block), now_ms));
        assert!(matches!(applied, Ok(Applied::Extended { .. })));
        time
    }

    /// Returns the time to apply the changes of the block at index `number` to the state and to hash its root.
    fn state_root(&self, number: usize) -> Duration {
        let block = self.blocks[number].clone().check(self.chain.params()).expect("a block of our own");
        let Ok(coins) = gather(&block, self.chain.store());
        let place = BlockContext { state: self.chain.state(), work: self.chain.tip().work };
        let connected = connect(self.chain.params(), &block, &coins, place, &Trusting).expect("a block of our own");
        let mut state = self.chain.state().clone();
        cpu_time(|| {
            state.apply(black_box(connected.diff()));
            black_box(state.root())
        })
        .1
    }
}

/// Source of payments that each spend their own coin, all of which block 1 created.
struct Payer {
    payments: Payments,
    coins: std::vec::IntoIter<(OutPoint, TxOut)>,
}

impl Payer {
    /// Splits a genesis coin in block 1 into as many coins as the payments need.
    fn new(chain: &mut Chain<MemoryStore>, count: usize) -> Self {
        let owner = classroom::owner(0);
        let (outpoint, coin) = chain.coins_of(&owner).expect("a store in memory")[0];
        let mut payments = Payments::new(chain.params().genesis_hash(), [(outpoint, coin)]);
        let value = coin.output.value.grains() / (count as u64 + 1);
        let output = TxOut { value: Amount::from_grains(value), owner };
        let split = Split::new(&mut payments, outpoint, &vec![output; count]);
        extend(chain, split.transactions);
        Self { payments, coins: split.coins.into_iter() }
    }

    fn pay(&mut self, count: usize) -> Vec<Transaction> {
        let coins = self.coins.by_ref().take(count);
        let pay = |(outpoint, coin): (_, TxOut)| {
            let half = Amount::from_grains(coin.value.grains() / 2 - 100);
            let outputs = [1, 0].map(|index| TxOut { value: half, owner: classroom::owner(index) });
            self.payments.spend(vec![outpoint], outputs.to_vec())
        };
        coins.map(pay).collect()
    }
}

/// Mines and connects a block with these transactions.
fn extend(chain: &mut Chain<MemoryStore>, transactions: Vec<Transaction>) -> Block {
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, classroom::owner(7), b"", time).expect("payments that fit");
    let block = block.mine_trivial();
    chain.apply(block.clone(), block.header.time).expect("a block of our own");
    block
}

/// Returns the regtest network with a longer halving interval, so that the coinbase creates a coin at either height.
fn params() -> ChainParams {
    let spec =
        NetworkSpec { extra: b"bench".to_vec(), halving_interval: 100_000, ..ChainParams::regtest().spec().clone() };
    ChainParams::new(spec).expect("a network of our own")
}

/// Verifier that accepts every signature, to measure everything else.
struct Trusting;

impl SignatureVerifier for Trusting {
    fn first_invalid(&self, _: &[SignatureCheck]) -> Option<usize> {
        None
    }
}
