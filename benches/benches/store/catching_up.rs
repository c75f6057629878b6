//! Initial block download of many small blocks.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use cpu_time::ProcessTime;
use toycoin_benches::{Directory, median};
use toycoin_core::{
    Block, Chain, ChainParams, batch::Path, chain::Advance, consensus::BatchVerifier, store::ChainStore,
};
use toycoin_node::{
    NodeBuilder, RelayServer, limits::GATHERED_BLOCKS, relay::RelayConfig, run_snapshot_job, store::RedbStore,
};

use crate::{Payer, RING, extend, params, sizes};

/// Number of peers that serve the blocks in the last rows. A peer serves a relay connection at a limited rate
/// (`ANSWER_TOKENS_PER_SECOND`), so that with one peer this rate may be what is measured.
pub(crate) const PEERS: usize = 3;

/// Measures initial block download by a new node on disk and by one in memory, behind a relay.
///
/// For comparison it connects the same blocks in memory: one by one, and in windows whose blocks all wait when the
/// first is connected.
pub(crate) fn compare(height: u64, runs: usize) {
    let params = params();
    let mut source = Chain::in_memory(params.clone());
    let mut payer = Payer::new(&mut source, RING);
    while source.height() < height {
        let payments = payer.pay(2);
        extend(&mut source, payments);
    }
    let blocks: Vec<Block> = (1..=height)
        .map(|height| source.block_at(height).expect("memory").expect("a height").block().clone())
        .collect();
    let bodies: u64 = blocks.iter().map(Block::size).sum();
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let _guard = runtime.enter();
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default()).expect("a port").spawn().expect("a thread");
    let address = relay.local_addr().to_string();
    let serve = || {
        let peer = NodeBuilder::new(params.clone()).store(source.store().clone()).relay(address.clone()).spawn();
        runtime.block_on(peer).expect("a node")
    };
    let mut peers = vec![serve()];
    let (mut connecting, mut in_windows, mut on_disk, mut in_memory) = (vec![], vec![], vec![], vec![]);
    let (mut behind, mut of_peers) = (vec![], [vec![], vec![]]);
    let mut size = (0, 0);
    println!("catching up {height} blocks of two payments and a coinbase, {:.1} MB of bodies\n", bodies as f64 / 1e6);
    for _ in 0..runs {
        connecting.push(time_to_connect(&params, &blocks, 1));
        in_windows.push(time_to_connect(&params, &blocks, GATHERED_BLOCKS));
        let directory = Directory::new(env!("CARGO_TARGET_TMPDIR"), "catching-up");
        let store = RedbStore::open(directory.path(), &params).expect("a directory of our own");
        let store = store.with_snapshot_jobs(run_snapshot_job);
        let builder = NodeBuilder::new(params.clone()).relay(address.clone());
        on_disk.push(runtime.block_on(time_to_catch_up(builder.store(store), height)));
        size = sizes(directory.path());
        drop(directory);
        let [memory, disk] = runtime.block_on(both_ways(&params, &address, height));
        in_memory.push(memory);
        behind.push(disk);
    }
    peers.resize_with(PEERS, serve);
    for _ in 0..runs {
        let times = runtime.block_on(both_ways(&params, &address, height));
        of_peers.iter_mut().zip(times).for_each(|(all, times)| all.push(times));
    }
    for peer in peers {
        runtime.block_on(peer.shutdown()).expect("an end");
    }
    let [memory_of_peers, disk_of_peers] = of_peers;
    let coins = source.state().coin_count * 84;
    print_table(
        median_of(&in_windows),
        &[
            ("connecting in memory, one by one", connecting),
            ("connecting in memory, 64 at a time", in_windows),
            ("catching up in memory", in_memory),
            ("catching up on disk", on_disk),
            ("the same, a thread writes", behind),
            ("in memory, from three peers", memory_of_peers),
            ("on disk, a thread writes, from three peers", disk_of_peers),
        ],
    );
    let encoded = (bodies + coins) as f64;
    println!(
        "\ndisk: index {:.1} MB, bodies and undo {:.1} MB; {:.2} times bodies and coins ({:.1} MB)\n",
        size.0 as f64 / 1e6,
        size.1 as f64 / 1e6,
        (size.0 + size.1) as f64 / encoded,
        encoded / 1e6
    );
}

/// Times of a run in seconds: by the clock, and of the processor for the whole process.
pub(crate) type Times = [f64; 2];

/// Prints the medians of each way, and their ratios to a base.
pub(crate) fn print_table(base: Times, ways: &[(&str, Vec<Times>)]) {
    println!("| | s | ratio | s of processor time | ratio |\n| --- | ---: | ---: | ---: | ---: |");
    for (name, times) in ways {
        let [clock, processor] = median_of(times);
        println!("| {name} | {clock:.2} | {:.2} | {processor:.2} | {:.2} |", clock / base[0], processor / base[1]);
    }
}

pub(crate) fn median_of(times: &[Times]) -> Times {
    [0, 1].map(|which| median(&mut times.iter().map(|times| times[which]).collect::<Vec<_>>()))
}

/// Connects blocks in memory as a node would verify them, so many at a time.
pub(crate) fn time_to_connect(params: &ChainParams, blocks: &[Block], together: usize) -> Times {
    let verifier = Arc::new(BatchVerifier::new(Path::detect()));
    let mut chain = Chain::in_memory(params.clone()).with_verifier(verifier);
    let mut copies: VecDeque<_> = blocks.iter().cloned().collect();
    let (begun, processor) = (Instant::now(), ProcessTime::now());
    while !copies.is_empty() {
        for block in copies.drain(..copies.len().min(together)) {
            chain.insert_block(block, u64::MAX).expect("a block of our own");
        }
        while !matches!(chain.advance().expect("memory"), Advance::Idle) {}
    }
    [begun.elapsed().as_secs_f64(), processor.elapsed().as_secs_f64()]
}

/// Has a new node catch up to a height in memory, and then one on disk whose thread writes.
pub(crate) async fn both_ways(params: &ChainParams, address: &str, height: u64) -> [Times; 2] {
    let builder = || NodeBuilder::new(params.clone()).relay(address);
    let memory = time_to_catch_up(builder(), height).await;
    let directory = Directory::new(env!("CARGO_TARGET_TMPDIR"), "catching-up");
    let store = RedbStore::open(directory.path(), params).expect("a directory of our own");
    let store = store.with_snapshot_jobs(run_snapshot_job).writing_behind();
    [memory, time_to_catch_up(builder().store(store), height).await]
}

/// Has a new node catch up to a height.
pub(crate) async fn time_to_catch_up<S>(builder: NodeBuilder<S>, height: u64) -> Times
where
    S: ChainStore<Error: std::error::Error + Send + Sync + 'static> + Send + 'static,
{
    let (begun, processor) = (Instant::now(), ProcessTime::now());
    let node = builder.spawn().await.expect("a node");
    while node.status().await.expect("a node that runs").tip.height < height {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let times = [begun.elapsed().as_secs_f64(), processor.elapsed().as_secs_f64()];
    node.shutdown().await.expect("an end");
    times
}
