//! A new node that begins with a snapshot, beside one that catches up from genesis.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench snapshot               10^6 coins
//! cargo bench -p toycoin-benches --bench snapshot -- 100000     so many coins
//! ```
//!
//! Both fetch from one full node over one relay, and write to disk. A coin is made and spent once before the snapshot,
//! so the chain has two coins for each one in the snapshot.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::{path::Path, time::Instant};

use toycoin_benches::{Directory, Split, is_bench};
use toycoin_core::{
    Amount, Chain, ChainParams, OutPoint, TxOut,
    snapshot::{DEPTH, INTERVAL},
    test_util::{Payments, classroom, grow},
};
use toycoin_node::{NodeBuilder, RedbStore, RelayServer, SnapshotSync, relay::RelayConfig};

/// Coins that a payment spends, and makes.
const SPENT_TOGETHER: usize = 100;

/// Payments in a block.
const PAYMENTS: usize = 50;

fn main() {
    let asked = std::env::args().filter_map(|argument| argument.parse().ok()).next();
    let coins = asked.unwrap_or(if is_bench() { 1_000_000 } else { 5_000 });
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(compare(coins));
}

async fn compare(coins: usize) {
    let params = ChainParams::regtest();
    let directory = Directory::new(env!("CARGO_TARGET_TMPDIR"), "snapshot-source");
    let mut chain = Chain::open(params.clone(), RedbStore::open(directory.path(), &params).expect("a directory"))
        .expect("a new store");
    fill(&mut chain, coins);
    let to_snapshot = INTERVAL - chain.height() % INTERVAL;
    grow(&mut chain, to_snapshot + DEPTH, classroom::owner(0));
    chain.sync().expect("room");
    let tip = chain.tip();
    let count = chain.state().coin_count;
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).expect("a port").spawn().expect("a thread");
    let address = relay.local_addr().to_string();
    let full = NodeBuilder::new(params.clone()).store(chain.into_store()).relay(address.clone()).spawn();
    let full = full.await.expect("a node");
    full.wait_for_relay().await.expect("the relay");

    let fresh = Directory::new(env!("CARGO_TARGET_TMPDIR"), "snapshot-from-a-snapshot");
    let begun = Instant::now();
    let sync = SnapshotSync::new(params.clone()).relay(address.clone());
    let mut fetched = None;
    let report = |now| {
        if matches!(now, toycoin_node::SnapshotProgress::Writing { .. }) && fetched.is_none() {
            fetched = Some(begun.elapsed());
        }
    };
    let snapshot = sync.run(fresh.path(), report).await.expect("a snapshot");
    let written = begun.elapsed();
    reach(fresh.path(), &params, &address, tip.height).await;
    let ready = begun.elapsed();

    let other = Directory::new(env!("CARGO_TARGET_TMPDIR"), "snapshot-from-genesis");
    let begun = Instant::now();
    reach(other.path(), &params, &address, tip.height).await;
    let whole = begun.elapsed();
    full.shutdown().await.expect("an end");

    println!("{count} coins at height {}, snapshot of height {}\n", tip.height, snapshot.header.height);
    println!("| | s |\n| --- | ---: |");
    println!("| chunks fetched, first coins written | {:.1} |", fetched.unwrap_or(written).as_secs_f64());
    println!("| store written | {:.1} |", written.as_secs_f64());
    println!("| ready, from a snapshot | {:.1} |", ready.as_secs_f64());
    println!("| ready, from genesis | {:.1} |", whole.as_secs_f64());
}

/// Runs a node on a directory until it has this height.
async fn reach(directory: &Path, params: &ChainParams, address: &str, height: u64) {
    let store = RedbStore::open(directory, params).expect("a directory of our own");
    let node = NodeBuilder::new(params.clone()).store(store).relay(address).spawn().await.expect("a node");
    let mut events = node.events();
    while node.status().await.expect("a node that runs").tip.height < height {
        // a missed event is as good as one
        drop(events.recv().await);
    }
    node.shutdown().await.expect("an end");
}

/// Makes so many coins, spends them all, and makes as many again.
fn fill(chain: &mut Chain<RedbStore>, coins: usize) {
    let (coin, before) = chain.coins_of(&classroom::owner(0)).expect("a sound store")[0];
    let mut payments = Payments::new(chain.params().genesis_hash(), [(coin, before)]);
    let output = TxOut { value: Amount::from_grains(1), owner: classroom::owner(1) };
    let Split { transactions, coins, .. } = Split::new(&mut payments, coin, &vec![output; coins]);
    for some in transactions.chunks(10) {
        mine(chain, some.to_vec());
    }
    let spend = |(outpoint, _): &(OutPoint, TxOut)| *outpoint;
    for some in coins.chunks(SPENT_TOGETHER * PAYMENTS) {
        let paying = some.chunks(SPENT_TOGETHER).map(|coins| {
            let made = coins.iter().map(|(_, output)| TxOut { owner: classroom::owner(2), ..*output }).collect();
            payments.spend(coins.iter().map(spend).collect(), made)
        });
        let paying = paying.collect();
        mine(chain, paying);
    }
}

fn mine(chain: &mut Chain<RedbStore>, transactions: Vec<toycoin_core::Transaction>) {
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, classroom::owner(0), b"", time).expect("payments that fit");
    chain.apply(block.mine_trivial(), time).expect("a block of our own");
}
