//! What block templates cost a mining node.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench template
//! ```
//!
//! The first table has one template: the selection from the mempool, and the block that is made of it. The second has a
//! node's machine in virtual time. Payments come in a steady stream to a mempool that holds more than a block can, so
//! each template differs from the one before. The difference to a node that does not mine is what its templates cost.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::{error::Error, hint::black_box, sync::Arc, time::Duration};

use toycoin_benches::{Split, cpu_time, is_bench, median};
use toycoin_core::{
    Amount, Chain, ChainParams, FeeRate, IdentifiedTransaction, MemoryStore, NetworkSpec, TxOut,
    batch::Path,
    consensus::{BatchVerifier, CachingVerifier},
    test_util::{Payments, classroom},
};
use toycoin_node::{
    machine::{Machine, Monotonic, Now},
    mempool::{Mempool, MempoolConfig},
    protocol::{Input, NodeConfig, NodeMachine, Output, Request, RequestId},
};

/// Bytes of a payment by formula: one input, two outputs.
const PAYMENT_BYTES: u64 = 196;

/// Time from one payment to the next.
const PACE: Duration = Duration::from_millis(20);

/// Time before the payments come, in which a node listens for a chain before it mines.
const BEFORE: Duration = Duration::from_secs(2);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let (waiting, chosen, coming, rounds) = if is_bench() { (5_000, 1_000, 1_000, 15) } else { (50, 10, 10, 1) };
    let scene = Scene::new(waiting + coming, chosen)?;
    println!("a template, medians of {rounds} rounds of thread CPU time\n");
    println!("| payments that wait | in the template | selected, ms | made into a block, ms |");
    println!("| ---: | ---: | ---: | ---: |");
    for waiting in [chosen, waiting] {
        let (mut chain, mut pool) = scene.pool(waiting)?;
        let mut times = [(); 2].map(|()| Vec::new());
        for _ in 0..rounds {
            let time = chain.tip().time + 1_000;
            let (selected, selecting) = cpu_time(|| black_box(&pool).select(PAYMENT_BYTES * chosen as u64));
            assert_eq!(selected.len(), chosen, "as many as fit");
            let (block, making) =
                cpu_time(|| chain.template_of(black_box(selected), classroom::owner(3), b"bench", time));
            assert_eq!(block?.transactions.len(), chosen);
            times[0].push(1_000.0 * selecting.as_secs_f64());
            times[1].push(1_000.0 * making.as_secs_f64());
        }
        let [selecting, making] = times.each_mut().map(|times| median(times));
        println!("| {waiting} | {chosen} | {selecting:.2} | {making:.2} |");
        // the block leaves the pool as it would a node's
        let time = chain.tip().time + 1_000;
        let selected = pool.select(PAYMENT_BYTES * chosen as u64);
        let block = chain.template_of(selected, classroom::owner(3), b"bench", time)?.mine_trivial();
        chain.apply(block.clone(), time)?;
        pool.block_connected(&block.check(chain.params())?);
        assert_eq!(pool.len(), waiting - chosen);
    }

    println!("\na node with {waiting} waiting payments and 50 more per second, medians of {} runs\n", rounds.min(5));
    println!("| node | templates per second | ms of processor time per second |");
    println!("| --- | ---: | ---: |");
    let mut costs = [(); 2].map(|()| Vec::new());
    let mut made = [0; 2];
    for _ in 0..rounds.min(5) {
        for (mines, (costs, made)) in [false, true].into_iter().zip(costs.iter_mut().zip(&mut made)) {
            let (templates, cost) = scene.run(waiting, coming, mines)?;
            costs.push(1_000.0 * cost.as_secs_f64());
            *made = templates;
        }
    }
    let seconds = PACE.as_secs_f64() * coming as f64;
    for ((name, costs), made) in ["does not mine", "mines"].into_iter().zip(&mut costs).zip(made) {
        println!("| {name} | {:.1} | {:.2} |", f64::from(made) / seconds, median(costs) / seconds);
    }
    Ok(())
}

/// A chain with many coins, and a payment of each. Fees differ, so that the order of arrival is not that of mining.
struct Scene {
    params: ChainParams,
    store: MemoryStore,
    payments: Vec<IdentifiedTransaction>,
}

impl Scene {
    /// Makes so many payments, on a network whose blocks hold at most `chosen` of them.
    fn new(count: usize, chosen: usize) -> Outcome<Self> {
        let limit = ChainParams::MIN_BLOCK_SIZE_LIMIT + PAYMENT_BYTES * chosen as u64;
        let limit = limit.max(200_000);
        let spec = NetworkSpec { block_size_limit: limit, ..ChainParams::regtest().spec().clone() };
        let params = ChainParams::new(spec)?;
        let mut chain = Chain::in_memory(params.clone());
        let coins = chain.coins_of(&classroom::owner(0))?;
        let (outpoint, _) = coins.first().copied().ok_or("a coin")?;
        let mut payments = Payments::new(params.genesis_hash(), coins);
        let output = TxOut { value: Amount::from_grains(10_000), owner: classroom::owner(1) };
        let split = Split::new(&mut payments, outpoint, &vec![output; count]);
        for transaction in split.transactions {
            let time = chain.tip().time + 1_000;
            let block = chain.template(vec![transaction], classroom::owner(7), b"", time)?.mine_trivial();
            chain.apply(block, time)?;
        }
        let genesis = params.genesis_hash();
        let pay = |(number, (outpoint, coin))| {
            // fees of 0 to 1,008 grains, in an order that repeats late
            let half =
                TxOut { value: Amount::from_grains(5_000 - (number as u64 * 7_919) % 505), owner: classroom::owner(2) };
            let mut payment = toycoin_core::Transaction {
                version: 1,
                inputs: vec![outpoint],
                outputs: vec![half; 2],
                signatures: Vec::new(),
            };
            classroom::sign(&mut payment, genesis, &[coin]);
            payment.into()
        };
        let payments = split.coins.into_iter().enumerate().map(pay).collect();
        Ok(Self { params, store: chain.into_store(), payments })
    }

    fn chain(&self) -> Outcome<Chain<MemoryStore>> {
        let verifier = CachingVerifier::new(BatchVerifier::new(Path::detect()), [1; 32], 100_000);
        Ok(Chain::open(self.params.clone(), self.store.clone())?.with_verifier(Arc::new(verifier)))
    }

    /// Returns a chain, and a mempool with the first `count` payments.
    fn pool(&self, count: usize) -> Outcome<(Chain<MemoryStore>, Mempool)> {
        let mut chain = self.chain()?;
        let config = MempoolConfig { min_fee_rate: FeeRate::ZERO, max_bytes: 10_000_000 };
        let mut pool = Mempool::new(self.params.clone(), config);
        for payment in &self.payments[..count] {
            let coin = chain.coin(&payment.inputs[0])?.ok_or("a coin")?;
            let next_height = chain.height() + 1;
            pool.submit(payment.clone(), None, chain.store(), next_height, chain.verifier())?;
            chain.prepare(payment, &[coin]);
        }
        Ok((chain, pool))
    }

    /// Drives a node's machine in virtual time while payments come at a steady pace, and returns how many templates it
    /// made meanwhile, and the processor time.
    fn run(&self, waiting: usize, coming: usize, mines: bool) -> Outcome<(u32, Duration)> {
        let mut config = NodeConfig::new(&self.params);
        config.payout = mines.then(|| classroom::owner(3));
        let chain = self.chain()?;
        let begun = Now { monotonic: Monotonic::ORIGIN, unix_ms: chain.tip().time + 1_000 };
        let at = |time: Duration| {
            let unix_ms = begun.unix_ms + u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            Now { monotonic: Monotonic::ORIGIN + time, unix_ms }
        };
        let mut node = Node { machine: NodeMachine::new(chain, config, begun), templates: 0 };
        for (id, payment) in (0..).zip(&self.payments[..waiting]) {
            node.submit(begun, id, payment);
        }
        node.wake_until(at(BEFORE), at);
        assert_eq!(node.machine.mempool().len(), waiting);
        node.templates = 0;
        let ((), cost) = cpu_time(|| {
            let mut time = BEFORE;
            for (id, payment) in (0..).zip(&self.payments[waiting..waiting + coming]) {
                time += PACE;
                node.wake_until(at(time), at);
                node.submit(at(time), id, payment);
            }
        });
        assert_eq!(node.machine.mempool().len(), waiting + coming);
        Ok((node.templates, cost))
    }
}

struct Node {
    machine: NodeMachine<MemoryStore>,
    templates: u32,
}

impl Node {
    fn submit(&mut self, now: Now, id: u64, payment: &IdentifiedTransaction) {
        let request = Request::Submit(payment.transaction().clone());
        self.handle(now, Input::Request { id: RequestId(id), request });
    }

    /// Wakes the machine at each of its timeouts up to a time.
    fn wake_until(&mut self, end: Now, at: impl Fn(Duration) -> Now) {
        while let Some(next) = self.machine.next_timeout().filter(|next| *next <= end.monotonic) {
            self.handle(at(next.since_origin()), Input::Timeout);
        }
    }

    fn handle(&mut self, now: Now, input: Input<'_>) {
        self.machine.handle(now, input);
        while let Some(output) = self.machine.poll_output() {
            self.templates += u32::from(matches!(output, Output::Mine(_)));
        }
    }
}
