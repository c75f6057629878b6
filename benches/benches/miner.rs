//! Latency from the connection of a new tip until a node's miners leave the old tip and search on the new one.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench miner                  a table, in 20 seconds
//! ```
//!
//! A node on real sockets searches for a target that no hash meets, on a network without proof of work. Blocks made in
//! advance reach it through a relay, 25 ms apart, so that the miners are searching when each arrives. The node traces
//! when a tip is connected, and when each miner thread begins and ends a search. The benchmark compares these times.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::{
    collections::HashMap,
    error::Error,
    io::Write,
    net::TcpStream,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, ThreadId},
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use toycoin_benches::percentile;
use toycoin_core::{Block, Chain, ChainParams, CompactTarget, NetworkSpec, Rule, test_util::classroom};
use toycoin_node::{NodeBuilder, RelayServer, protocol::Event, relay::RelayConfig};
use toycoin_wire::{
    ChannelRef, NodeId, NodeMessage,
    relay::{Hello, Publish, RelayMessage},
};
use tracing::{
    Event as Trace, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Number of tip changes per row of the table.
const CHANGES: usize = 300;

/// Time between two tip changes, in which the miners search; it is not part of the result.
const PACE: Duration = Duration::from_millis(25);

fn main() -> Result<(), Box<dyn Error>> {
    // without this argument the program runs as a test, which checks only that it works
    let changes = if std::env::args().any(|argument| argument == "--bench") { CHANGES } else { 3 };
    let (sender, marks) = mpsc::channel();
    tracing::subscriber::set_global_default(Recorder(sender))?;
    let cores = thread::available_parallelism()?.get();
    println!("{changes} tip changes a row, {cores} cores; ms from the connection of the new tip, p50 / p99 / most\n");
    println!("| miner threads | old search ended on all | first nonce of the new | new search begun on all |");
    println!("| ---: | ---: | ---: | ---: |");
    for threads in [1, cores] {
        let [ended, first, all] = measure(threads, changes, &marks)?.map(|mut seconds| {
            let [p50, p99, most] = [50, 99, 100].map(|percent| percentile(&mut seconds, percent) * 1e3);
            format!("{p50:.2} / {p99:.2} / {most:.2}")
        });
        println!("| {threads} | {ended} | {first} | {all} |");
    }
    Ok(())
}

/// Runs a node through tip changes, and returns three lists of latencies in seconds.
///
/// They end when the old search has ended on every thread, when the new one has begun on one thread, and when it has
/// begun on every thread.
fn measure(threads: usize, changes: usize, marks: &Receiver<Mark>) -> Result<[Vec<f64>; 3], Box<dyn Error>> {
    let blocks = blocks(changes)?;
    let runtime = Runtime::new()?;
    let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?;
    let address = relay.local_addr();
    let node = NodeBuilder::new(params()?).relay(address.to_string()).mine_to(classroom::owner(0)).threads(threads);
    let node = runtime.block_on(node.spawn())?;
    let mut events = node.events();
    // the relay is bound but not yet serving, so the event cannot come before the subscription
    let relay = relay.spawn()?;
    while !matches!(runtime.block_on(events.recv())?, Event::RelayConnected { .. }) {}
    let mut feeder = TcpStream::connect(address)?;
    feeder.set_nodelay(true)?;
    feeder.write_all(&RelayMessage::Hello(Hello { node_id: NodeId::new([7; 16]), agent: "feeder" }).to_frame()?)?;

    let mut latencies = [const { Vec::new() }; 3];
    Change::wait(1, threads, marks)?;
    for block in blocks {
        let height = block.header.height;
        let frame = frame(block)?;
        thread::sleep(PACE);
        feeder.write_all(&frame)?;
        let change = Change::wait(height + 1, threads, marks)?;
        let tip = change.tip.ok_or("the search went on without a new tip")?;
        let ended = change.ended.iter().max().ok_or("the old search has not ended")?;
        let first = change.begun.values().min().ok_or("no thread has begun")?;
        let all = change.begun.values().max().ok_or("no thread has begun")?;
        for (latencies, at) in latencies.iter_mut().zip([ended, first, all]) {
            latencies.push(at.duration_since(tip).as_secs_f64());
        }
    }
    runtime.block_on(node.shutdown())?;
    drop(relay);
    // discards what the node traced while it shut down
    while marks.try_recv().is_ok() {}
    Ok(latencies)
}

/// Returns a chain of empty blocks without proof of work.
fn blocks(count: usize) -> Result<Vec<Block>, Box<dyn Error>> {
    let mut chain = Chain::in_memory(params()?);
    let mut blocks = Vec::new();
    for _ in 0..count {
        let time = chain.tip().time + 1_000;
        let block = chain.template(Vec::new(), classroom::owner(1), b"", time)?;
        chain.apply(block.clone(), time)?;
        blocks.push(block);
    }
    Ok(blocks)
}

/// Returns a network whose target only one hash in 2^72 meets, and whose rules do not ask for proof of work.
fn params() -> Result<ChainParams, Box<dyn Error>> {
    let bits = CompactTarget::from_bits(0x1801_0000);
    let regtest = ChainParams::regtest().spec().clone();
    let spec = NetworkSpec { extra: b"bench".to_vec(), genesis_bits: bits, limit_bits: bits, ..regtest };
    Ok(ChainParams::sandbox(spec, [Rule::ProofOfWork])?)
}

fn frame(block: Block) -> Result<Vec<u8>, Box<dyn Error>> {
    let payload = NodeMessage::Block(block).encode()?;
    let publish = Publish { channel: ChannelRef::new("/topic/main")?, to: None, payload: &payload };
    Ok(RelayMessage::Publish(publish).to_frame()?)
}

/// Traces of one tip change.
#[derive(Default)]
struct Change {
    tip: Option<Instant>,
    ended: Vec<Instant>,
    /// First search of each thread at the new height.
    begun: HashMap<ThreadId, Instant>,
}

impl Change {
    /// Waits until every thread searches at `height`, that is, on the new tip.
    fn wait(height: u64, threads: usize, marks: &Receiver<Mark>) -> Result<Self, mpsc::RecvError> {
        let mut change = Self::default();
        while change.begun.len() < threads {
            let mark = marks.recv()?;
            match mark.name {
                TIP_CHANGED if mark.height + 1 == height => change.tip = Some(mark.at),
                // a search at the old height also ends when its template is renewed for a later time
                SEARCH_ENDED if mark.height < height && change.tip.is_some() => change.ended.push(mark.at),
                SEARCH_BEGUN if mark.height == height => {
                    change.begun.entry(mark.thread).or_insert(mark.at);
                }
                _ => {}
            }
        }
        Ok(change)
    }
}

/// A trace event of the node.
struct Mark {
    name: &'static str,
    height: u64,
    thread: ThreadId,
    at: Instant,
}

/// Subscriber that records the time of the relevant traces, on the thread that emits them.
struct Recorder(Sender<Mark>);

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        [TIP_CHANGED, SEARCH_BEGUN, SEARCH_ENDED].contains(&metadata.name())
    }

    fn event(&self, event: &Trace<'_>) {
        let at = Instant::now();
        let mut height = Height(0);
        event.record(&mut height);
        let thread = thread::current().id();
        // the main thread may have ended
        let _ = self.0.send(Mark { name: event.metadata().name(), height: height.0, thread, at });
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Height(u64);

impl Visit for Height {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "height" {
            self.0 = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

const TIP_CHANGED: &str = "tip_changed";
const SEARCH_BEGUN: &str = "search_begun";
const SEARCH_ENDED: &str = "search_ended";
