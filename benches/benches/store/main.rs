//! The store on disk: initial block download, connecting low and high, disk space, a restart, and where to keep bodies.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench store -- --ratios              all of it, some minutes
//! cargo bench -p toycoin-benches --bench store -- --ratios catching-up  one part: bodies catching-up full-blocks heights restart
//! ```

#![expect(clippy::print_stdout, reason = "the tables are what this program is for")]

mod catching_up;
mod full_blocks;

use std::{collections::VecDeque, fs, path::Path, process::Command, time::Instant};

use redb::{Database, TableDefinition};
use toycoin_benches::{Directory, Split, is_bench, median};
use toycoin_core::{
    Amount, Applied, Chain, ChainParams, NetworkSpec, OutPoint, Transaction, TxOut,
    store::ChainStore,
    test_util::{Payments, classroom, grow},
};
use toycoin_node::{
    NodeBuilder,
    store::{BODIES_FILE, INDEX_FILE, RedbStore},
};

/// How much is measured.
#[derive(Debug, Clone, Copy)]
struct Extent {
    /// Groups of bodies that are made durable, of 80 kB and of 600 B.
    groups: [usize; 2],
    /// Number of blocks of the initial block download.
    catching_up: u64,
    /// Number of full blocks that are caught up, and of the payments in each.
    full_blocks: u64,
    payments: usize,
    /// Runs of the initial block download.
    runs: usize,
    /// Heights at which blocks are connected.
    heights: [u64; 2],
    /// Number of blocks that are connected there.
    connected: usize,
    /// Number of coins in the UTXO set at the restart.
    coins: u64,
}

const MEASUREMENT: Extent = Extent {
    groups: [30, 20],
    catching_up: 20_000,
    full_blocks: 40,
    payments: 4_780,
    runs: 3,
    heights: [1_000, 100_000],
    connected: 200,
    coins: 500_000,
};

const TEST: Extent = Extent {
    groups: [1, 1],
    catching_up: 70,
    full_blocks: 3,
    payments: 20,
    runs: 1,
    heights: [5, 50],
    connected: 2,
    coins: 5_000,
};

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, restart, directory, ..] = arguments.as_slice()
        && restart == "--restart"
    {
        return restarted(Path::new(directory));
    }
    let extent = if is_bench() { MEASUREMENT } else { TEST };
    if is_bench() && !arguments.iter().any(|argument| argument == "--ratios") {
        return println!("the store is measured with --ratios");
    }
    let parts = ["bodies", "catching-up", "full-blocks", "heights", "restart"];
    let wanted = |part: &str| {
        let named = arguments.iter().any(|argument| parts.contains(&argument.as_str()));
        !named || arguments.iter().any(|argument| argument == part)
    };
    if wanted("bodies") {
        compare_bodies(extent.groups);
    }
    if wanted("catching-up") {
        catching_up::compare(extent.catching_up, extent.runs);
    }
    if wanted("full-blocks") {
        full_blocks::compare(extent.full_blocks, extent.payments, extent.runs);
    }
    if wanted("heights") || wanted("restart") {
        let connected = if wanted("heights") { extent.connected } else { 0 };
        heights(extent.heights, connected, wanted("restart").then_some(extent.coins));
    }
}

/// Compares bodies inside the database and in a file beside it, in groups that are each made durable.
fn compare_bodies([large, small]: [usize; 2]) {
    println!("bodies of 80 kB, 10 a group, {large} groups, each durable; and 2,000 of 600 B, {small} groups\n");
    println!("| bodies | in redb, ms a group | in a file, ms a group | redb's size / bodies | file's |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, length, count, groups) in [("80 kB", 80_000, 10, large), ("600 B", 600, 2_000, small)] {
        let directory = Directory::new(env!("CARGO_TARGET_TMPDIR"), "bodies");
        let database = Database::create(directory.path().join("bodies.redb")).expect("a database");
        let mut file = fs::File::create(directory.path().join("bodies.dat")).expect("a file");
        let table: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("bodies");
        let places: TableDefinition<'_, &[u8; 32], u64> = TableDefinition::new("places");
        let (mut within, mut beside) = (Vec::new(), Vec::new());
        for group in 0..groups {
            let bodies: Vec<_> = (0..count)
                .map(|number| {
                    let key = blake3::hash(format!("{group} {number}").as_bytes());
                    let mut body = vec![0; length];
                    blake3::Hasher::new().update(key.as_bytes()).finalize_xof().fill(&mut body);
                    (*key.as_bytes(), body)
                })
                .collect();
            let begun = Instant::now();
            let mut transaction = database.begin_write().expect("a transaction");
            transaction.set_two_phase_commit(true);
            {
                let mut table = transaction.open_table(table).expect("a table");
                for (key, body) in &bodies {
                    table.insert(key, body.as_slice()).expect("room");
                }
            }
            transaction.commit().expect("a commit");
            within.push(begun.elapsed().as_secs_f64() * 1e3);
            let begun = Instant::now();
            let whole: Vec<u8> = bodies.iter().flat_map(|(_, body)| body.iter().copied()).collect();
            std::io::Write::write_all(&mut file, &whole).expect("room");
            file.sync_data().expect("a disk");
            let mut transaction = database.begin_write().expect("a transaction");
            transaction.set_two_phase_commit(true);
            {
                let mut table = transaction.open_table(places).expect("a table");
                for (place, (key, _)) in (0..).zip(&bodies) {
                    table.insert(key, place).expect("room");
                }
            }
            transaction.commit().expect("a commit");
            beside.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let total = (length * count * groups) as f64;
        drop(database);
        let size = |file: &str| fs::metadata(directory.path().join(file)).expect("a file").len() as f64 / total;
        println!(
            "| {name} | {:.1} | {:.1} | {:.2} | {:.2} |",
            median(&mut within),
            median(&mut beside),
            size("bodies.redb"),
            size("bodies.dat")
        );
    }
    println!();
}

/// Connects `connected` blocks of 20 payments at each of two heights in turn, and then restarts at the greater height
/// with so many coins.
fn heights(heights: [u64; 2], connected: usize, coins: Option<u64>) {
    let (params, directories) =
        (params(), heights.map(|height| Directory::new(env!("CARGO_TARGET_TMPDIR"), &format!("height-{height}"))));
    let mut climbs = Vec::new();
    for (height, directory) in heights.iter().zip(&directories) {
        let store = RedbStore::open(directory.path(), &params).expect("a directory of our own");
        let mut chain = Chain::open(params.clone(), store).expect("an empty store");
        let payer = Payer::new(&mut chain, RING);
        let begun = Instant::now();
        let empty = height - chain.height();
        grow(&mut chain, empty, classroom::owner(7));
        chain.sync().expect("a disk");
        println!("grown to {height} on disk in {:.1} s", begun.elapsed().as_secs_f64());
        climbs.push((chain, payer, Vec::new(), Vec::new()));
    }
    if connected > 0 {
        for _ in 0..connected {
            for (chain, payer, times, synced) in &mut climbs {
                let payments = payer.pay(20);
                let time = chain.tip().time + 1_000;
                let block = chain.template(payments, classroom::owner(7), b"", time).expect("payments that fit");
                let block = block.mine_trivial();
                let begun = Instant::now();
                assert!(matches!(chain.apply(block, time), Ok(Applied::Extended { .. })));
                times.push(begun.elapsed().as_secs_f64());
                chain.sync().expect("a disk");
                synced.push(begun.elapsed().as_secs_f64());
            }
        }
        println!("\n{connected} blocks of 20 payments at each height, in turn\n");
        println!("| | height {}, ms | height {}, ms | ratio |\n| --- | ---: | ---: | ---: |", heights[0], heights[1]);
        let mut rows = [Vec::new(), Vec::new()];
        for (.., times, synced) in &mut climbs {
            rows[0].push(median(times) * 1e3);
            rows[1].push(median(synced) * 1e3);
        }
        for (name, row) in ["connected", "connected and durable"].iter().zip(&rows) {
            println!("| {name} | {:.2} | {:.2} | {:.2} |", row[0], row[1], row[1] / row[0]);
        }
    }
    if let Some(coins) = coins {
        let (mut chain, mut payer, ..) = climbs.pop().expect("two heights");
        while chain.state().coin_count < coins {
            let payments = payer.scatter(20_000.min(usize::try_from(coins).unwrap_or(0)));
            extend(&mut chain, payments);
        }
        chain.sync().expect("a disk");
        let (height, coins) = (chain.height(), chain.state().coin_count);
        drop(chain);
        let size = sizes(directories[1].path());
        println!(
            "\nrestart at {height} blocks and {coins} coins; index {:.0} MB, bodies {:.0} MB\n",
            size.0 as f64 / 1e6,
            size.1 as f64 / 1e6
        );
        for _ in 0..3 {
            let this = std::env::current_exe().expect("a program");
            let status = Command::new(this).arg("--restart").arg(directories[1].path()).status();
            assert!(status.expect("a process").success());
        }
    }
}

/// Prints, in a new process, how long the node takes until it answers, and how much memory it uses.
fn restarted(directory: &Path) {
    let params = params();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let begun = Instant::now();
    let store = RedbStore::open(directory, &params).expect("a store");
    let opened = begun.elapsed();
    runtime.block_on(async {
        let node = NodeBuilder::new(params).store(store).spawn().await.expect("a node");
        let height = node.status().await.expect("a node that runs").tip.height;
        let ready = begun.elapsed();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        println!(
            "height {height}: opened after {:.2} s, ready after {:.2} s; {}; {}",
            opened.as_secs_f64(),
            ready.as_secs_f64(),
            line("VmRSS"),
            line("VmHWM")
        );
        node.shutdown().await.expect("an end");
    });
}

/// Source of payments from a ring of coins that all have one owner.
struct Payer {
    payments: Payments,
    ring: VecDeque<(OutPoint, TxOut)>,
    rest: (OutPoint, TxOut),
}

impl Payer {
    /// Creates a ring of `coins` coins in the next block.
    fn new<S: ChainStore<Error: std::fmt::Debug + std::fmt::Display>>(chain: &mut Chain<S>, coins: usize) -> Self {
        let owner = classroom::owner(0);
        let (outpoint, coin) = chain.coins_of(&owner).expect("a store")[0];
        let mut payments = Payments::new(chain.params().genesis_hash(), [(outpoint, coin)]);
        let output = TxOut { value: Amount::from_grains(1_000_000), owner };
        let split = Split::new(&mut payments, outpoint, &vec![output; coins]);
        extend(chain, split.transactions);
        Self { payments, ring: split.coins.into(), rest: split.rest }
    }

    /// Returns payments that each spend one coin and create two, one of them small.
    fn pay(&mut self, count: usize) -> Vec<Transaction> {
        let mut pay = || {
            let (outpoint, coin) = self.ring.pop_front().expect("a ring has no end");
            let small = TxOut { value: Amount::from_grains(10), owner: classroom::owner(1) };
            let change = TxOut { value: Amount::from_grains(coin.value.grains() - 10), owner: coin.owner };
            let payment = self.payments.spend(vec![outpoint], vec![change, small]);
            self.ring.push_back((OutPoint { txid: payment.txid(), vout: 0 }, change));
            payment
        };
        (0..count).map(|_| pay()).collect()
    }

    /// Returns transactions that create `count` small coins from one.
    fn scatter(&mut self, count: usize) -> Vec<Transaction> {
        let small = |number: usize| {
            let owner = classroom::owner(u32::try_from(number % 8).unwrap_or(0));
            TxOut { value: Amount::from_grains(10), owner }
        };
        let split = Split::new(&mut self.payments, self.rest.0, &(0..count).map(small).collect::<Vec<_>>());
        self.rest = split.rest;
        split.transactions
    }
}

/// Number of coins in the ring, so that each is spent again only after many blocks.
const RING: usize = 4_000;

fn extend<S: ChainStore<Error: std::fmt::Debug + std::fmt::Display>>(
    chain: &mut Chain<S>,
    transactions: Vec<Transaction>,
) {
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, classroom::owner(7), b"", time).expect("payments that fit");
    chain.apply(block.mine_trivial(), time).expect("a block of our own");
}

/// Returns the regtest network with a longer halving interval, so that the subsidy lasts.
fn params() -> ChainParams {
    let spec =
        NetworkSpec { extra: b"bench".to_vec(), halving_interval: 100_000, ..ChainParams::regtest().spec().clone() };
    ChainParams::new(spec).expect("a network of our own")
}

/// Returns the bytes that index and bodies take on the disk. A file that was never written to its end takes less than
/// its length.
fn sizes(directory: &Path) -> (u64, u64) {
    let size = |file| fs::metadata(directory.join(file)).map_or(0, |file| on_disk(&file));
    (size(INDEX_FILE), size(BODIES_FILE))
}

#[cfg(unix)]
fn on_disk(file: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(file) * 512
}

#[cfg(not(unix))]
fn on_disk(file: &fs::Metadata) -> u64 {
    file.len()
}
