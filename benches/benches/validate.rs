//! A block of 1,000 payments: unknown, seen before, on one core and two; and 2,000 payments into the mempool.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench validate
//! ```
//!
//! Each payment spends one coin, of an owner of its own, and makes two. What is compared runs in turn in one process, so
//! that a slow moment of the machine falls on all alike. One core is counted in the thread's processor time, two by the
//! clock.

#![expect(clippy::print_stdout, reason = "the tables are what this program is for")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use rayon::{ThreadPool, ThreadPoolBuilder};
use toycoin_benches::{cpu_time, median};
use toycoin_core::{
    Amount, Applied, Block, Chain, ChainParams, CheckedBlock, FeeRate, NetworkSpec, OutPoint, SecretKey, Transaction,
    TxOut,
    consensus::{
        BatchVerifier, BlockCoins, CachingVerifier, Place, PlainVerifier, SignatureCheck, SignatureVerifier, connect,
        gather,
    },
    sighash,
    store::MemoryStore,
};
use toycoin_node::mempool::{Mempool, MempoolConfig};

/// Payments of a block.
const PAYMENTS: usize = 1_000;
/// Payments that wait to come into the mempool.
const WAITING: usize = 2_000;
const ROUNDS: usize = 15;

fn main() {
    let scene = Scene::new();
    let pools = [1, 2].map(|threads| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"));
    blocks(&scene, &pools);
    admission(&scene, &pools[0]);
}

fn blocks(scene: &Scene, pools: &[ThreadPool; 2]) {
    let known = scene.known();
    let names = [
        "unknown, one by one",
        "unknown, as a batch",
        "seen before",
        "part: signatures",
        "part: form, ids and Merkle root",
        "part: coins gathered",
        "part: rules and changes",
        "part: state root",
    ];
    let mut times = names.map(|_| Vec::new());
    let mut clock = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let round = pools[0].install(|| {
            [
                scene.connect(Arc::new(PlainVerifier)),
                scene.connect(Arc::new(BatchVerifier)),
                scene.connect_known(Arc::clone(&known)),
                scene.signatures(),
                scene.ids(),
                scene.gather(),
                scene.rules(),
                scene.state_root(),
            ]
        });
        for (times, time) in times.iter_mut().zip(round) {
            times.push(time.as_secs_f64());
        }
        for (pool, clock) in pools.iter().zip(&mut clock) {
            clock.push(pool.install(|| scene.connect_by_clock()).as_secs_f64());
        }
    }
    let medians = times.each_mut().map(|times| median(times));
    println!("block of {PAYMENTS} payments, thread CPU time, medians of {ROUNDS} rounds\n");
    println!("| | ms | of the unknown block |\n| --- | ---: | ---: |");
    for (name, time) in names.iter().zip(medians) {
        println!("| {name} | {:.2} | {:.2} |", 1e3 * time, time / medians[1]);
    }
    let parts: f64 = medians[3..].iter().sum();
    println!("| sum of the parts | {:.2} | {:.2} |", 1e3 * parts, parts / medians[1]);
    let [one, two] = clock.each_mut().map(|clock| median(clock));
    println!("\nby the clock: one core {:.2} ms, two {:.2} ms, ratio {:.2}\n", 1e3 * one, 1e3 * two, one / two);
}

fn admission(scene: &Scene, pool: &ThreadPool) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        let round = pool.install(|| [scene.admit(None, &PlainVerifier), scene.admit(Some(256), &BatchVerifier)]);
        for (times, time) in times.iter_mut().zip(round) {
            times.push(time.as_secs_f64());
        }
    }
    let [single, batch] = times.each_mut().map(|times| median(times));
    let rate = |time: f64| WAITING as f64 / time;
    println!("admission of {WAITING} payments: one by one {:.0}/s, by 256 {:.0}/s", rate(single), rate(batch));
    println!("ratio {:.2}", single / batch);
}

/// A chain whose block 1 has given a coin to each of many owners, and payments of them.
struct Scene {
    params: ChainParams,
    store: MemoryStore,
    payments: Vec<Transaction>,
    checks: Vec<SignatureCheck>,
    block: Block,
}

impl Scene {
    fn new() -> Self {
        let spec = NetworkSpec { extra: b"validate".to_vec(), ..ChainParams::regtest().spec().clone() };
        let params = ChainParams::new(spec).expect("a network of our own");
        let mut chain = Chain::in_memory(params.clone());
        let rich = SecretKey::classroom(0);
        let (outpoint, coin) = chain.coins_of(&rich.public_key()).expect("a store in memory")[0];
        let value = Amount::from_grains(coin.output.value.grains() / WAITING as u64);
        let keys: Vec<_> = (100..).take(WAITING).map(SecretKey::classroom).collect();
        let outputs = keys.iter().map(|key| TxOut { value, owner: key.public_key() }).collect();
        let split = pay(&params, outpoint, coin.output, &rich, outputs);
        let coins: Vec<_> = split.outpoints(split.txid()).map(|(outpoint, output)| (outpoint, *output)).collect();
        extend(&mut chain, vec![split]);
        let store = chain.store().clone();
        let half = Amount::from_grains(value.grains() / 2 - 1_000);
        let outputs = |i: usize| [i + 1, i].map(|i| TxOut { value: half, owner: keys[i % WAITING].public_key() });
        let payments: Vec<_> =
            (0..WAITING).map(|i| pay(&params, coins[i].0, coins[i].1, &keys[i], outputs(i).to_vec())).collect();
        let checks = payments.iter().zip(&coins).take(PAYMENTS);
        let checks = checks
            .map(|(payment, (_, coin))| SignatureCheck {
                key: coin.owner,
                message: sighash(params.genesis_hash(), payment.txid(), [*coin]),
                signature: payment.signatures[0],
            })
            .collect();
        let block = extend(&mut chain, payments[..PAYMENTS].to_vec());
        Self { params, store, payments, checks, block }
    }

    fn chain(&self) -> Chain<MemoryStore> {
        Chain::open(self.params.clone(), self.store.clone()).expect("a chain of our own")
    }

    /// Remembers the signatures of all payments.
    fn known(&self) -> Arc<dyn SignatureVerifier> {
        let known = CachingVerifier::new(BatchVerifier, [1; 32], 100_000);
        assert_eq!(known.first_invalid(&self.checks), None);
        Arc::new(known)
    }

    /// Takes the block from its owner to the store.
    fn connect(&self, verifier: Arc<dyn SignatureVerifier>) -> Duration {
        self.apply(self.chain().with_verifier(verifier))
    }

    /// Does so where every payment of the block was in the mempool.
    fn connect_known(&self, verifier: Arc<dyn SignatureVerifier>) -> Duration {
        let mut chain = self.chain().with_verifier(verifier);
        for payment in &self.payments[..PAYMENTS] {
            let coin = chain.coin(&payment.inputs[0]).expect("a store in memory").expect("a coin of block 1");
            chain.prepare(payment.txid(), payment, &[coin]);
        }
        self.apply(chain)
    }

    fn apply(&self, mut chain: Chain<MemoryStore>) -> Duration {
        let block = self.block.clone();
        let now_ms = block.header.time;
        let (applied, time) = cpu_time(|| chain.apply(black_box(block), now_ms));
        assert!(matches!(applied, Ok(Applied::Extended { .. })));
        time
    }

    fn connect_by_clock(&self) -> Duration {
        let (mut chain, block) = (self.chain().with_verifier(Arc::new(BatchVerifier)), self.block.clone());
        let now_ms = block.header.time;
        let begun = Instant::now();
        assert!(matches!(chain.apply(black_box(block), now_ms), Ok(Applied::Extended { .. })));
        begun.elapsed()
    }

    fn signatures(&self) -> Duration {
        let (invalid, time) = cpu_time(|| BatchVerifier.first_invalid(black_box(&self.checks)));
        assert_eq!(invalid, None);
        time
    }

    fn ids(&self) -> Duration {
        let block = self.block.clone();
        let (checked, time) = cpu_time(|| black_box(block).check(&self.params));
        assert!(checked.is_ok());
        time
    }

    fn checked(&self) -> (CheckedBlock, BlockCoins) {
        let block = self.block.clone().check(&self.params).expect("a block of our own");
        let Ok(coins) = gather(&block, &self.store);
        (block, coins)
    }

    fn gather(&self) -> Duration {
        let (block, _) = self.checked();
        cpu_time(|| black_box(gather(black_box(&block), &self.store))).1
    }

    /// What is left of connecting without signatures and state root.
    fn rules(&self) -> Duration {
        let (chain, (block, coins)) = (self.chain(), self.checked());
        let place = Place { state: chain.state(), work: chain.tip().work };
        let (connected, time) = cpu_time(|| connect(&self.params, &block, &coins, place, &Trusting));
        assert!(connected.is_ok());
        time.saturating_sub(self.state_root())
    }

    fn state_root(&self) -> Duration {
        let (chain, (block, coins)) = (self.chain(), self.checked());
        let place = Place { state: chain.state(), work: chain.tip().work };
        let connected = connect(&self.params, &block, &coins, place, &Trusting).expect("a block of our own");
        let mut state = chain.state().clone();
        cpu_time(|| {
            state.apply(black_box(&connected.diff));
            black_box(state.root())
        })
        .1
    }

    /// Offers all payments, their signatures verified ahead in batches of a size, or one by one.
    fn admit(&self, size: Option<usize>, verifier: &dyn SignatureVerifier) -> Duration {
        let config = MempoolConfig { min_fee_rate: FeeRate::ZERO, max_bytes: 10_000_000 };
        let mut pool = Mempool::new(self.params.clone(), config);
        let payments = self.payments.clone();
        let (store, next_height) = (&self.store, 2);
        let ((), time) = cpu_time(|| {
            for batch in payments.chunks(size.unwrap_or(WAITING)) {
                let ahead =
                    size.map(|_| pool.verify_ahead(batch, store, next_height, verifier).expect("a store in memory"));
                let verifier = match &ahead {
                    Some(ahead) => ahead,
                    None => verifier,
                };
                for payment in batch {
                    let admission = pool.submit(payment.clone(), None, store, next_height, verifier);
                    assert!(admission.is_ok());
                }
            }
        });
        assert_eq!(pool.len(), WAITING);
        time
    }
}

fn pay(params: &ChainParams, outpoint: OutPoint, coin: TxOut, key: &SecretKey, outputs: Vec<TxOut>) -> Transaction {
    let mut payment = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: Vec::new() };
    payment.sign_all(params.genesis_hash(), &[coin], key);
    payment
}

/// Mines a block with these transactions.
fn extend(chain: &mut Chain<MemoryStore>, transactions: Vec<Transaction>) -> Block {
    let time = chain.tip().time + 1_000;
    let payout = SecretKey::classroom(7).public_key();
    let block = chain.template(transactions, payout, b"", time).expect("payments that fit").solve_easily();
    chain.apply(block.clone(), block.header.time).expect("a block of our own");
    block
}

/// Takes every signature for right, to measure all else.
struct Trusting;

impl SignatureVerifier for Trusting {
    fn first_invalid(&self, _: &[SignatureCheck]) -> Option<usize> {
        None
    }
}
