//! A block of known payments on its way from a miner to a node: as a compact block, and whole.
//!
//! ```text
//! cargo bench -p toycoin-benches --bench compact
//! cargo bench -p toycoin-benches --bench compact -- --many     the second table alone
//! ```
//!
//! The miner is a client of a relay on loopback, and so is the node. The node has heard all payments before. The time
//! runs from the moment at which the block is found until the node has connected it. The miner answers no question, so a
//! compact block that is not rebuilt from known payments alone ends this program with an error.
//!
//! The second table has several nodes on one relay, all in this process. The time ends when the last of them has connected
//! the block. The processor time of the process says how much of it is work: of the relay, the nodes and the miner.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::{
    error::Error,
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use cpu_time::ProcessTime;
use tokio::{runtime::Runtime, sync::mpsc, time::timeout};
use toycoin_benches::{is_bench, median};
use toycoin_core::{
    Amount, Block, Chain, ChainParams, OutPoint, Transaction, TxOut, compact::CompactBlock, test_util::classroom,
};
use toycoin_node::{NodeBuilder, NodeHandle, RelayServer, protocol::Event, relay::RelayConfig};
use toycoin_wire::{
    ChannelRef, NodeId, NodeMessage,
    relay::{Hello, Publish, RelayMessage},
};

/// Most outputs of a payment that splits a coin.
const SPLIT: usize = 2_000;

/// Longest time for anything here. Nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(120);

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    if !std::env::args().any(|argument| argument == "--many") {
        one_node()?;
    }
    many_nodes()
}

/// Prints what a compact block takes beside a whole one.
fn one_node() -> Outcome<()> {
    let (sizes, rounds) = if is_bench() { ([1_000, 4_000], 7) } else { ([10, 20], 1) };
    println!("from found to connected over a relay on loopback, medians of {rounds} interleaved rounds\n");
    println!("| known payments | form | bytes on the wire | bytes, % | ms | time, % |");
    println!("| ---: | --- | ---: | ---: | ---: | ---: |");
    let runtime = Runtime::new()?;
    for payments in sizes {
        let scene = Scene::new(payments)?;
        let forms = [("whole", scene.frame(false)?), ("compact", scene.frame(true)?)];
        let mut times = forms.each_ref().map(|_| Vec::new());
        for _ in 0..rounds {
            for ((_, frame), times) in forms.iter().zip(&mut times) {
                times.push(runtime.block_on(scene.run(frame, 1))?.last.as_secs_f64());
            }
        }
        let medians = times.each_mut().map(|times| median(times));
        for ((form, frame), took) in forms.iter().zip(medians) {
            let bytes = 100.0 * frame.len() as f64 / forms[0].1.len() as f64;
            let share = 100.0 * took / medians[0];
            println!("| {payments} | {form} | {} | {bytes:.1} | {:.2} | {share:.0} |", frame.len(), took * 1_000.0);
        }
        if payments == 1_000 {
            assert!(forms[1].1.len() <= 8_000, "a compact block of 1,000 known payments has more than 8 kB");
        }
    }
    Ok(())
}

/// Prints when the first and the last of several nodes have connected a compact block.
fn many_nodes() -> Outcome<()> {
    let (payments, counts, rounds) = if is_bench() { (1_000, [1, 2, 5, 10], 7) } else { (10, [1, 2, 2, 3], 1) };
    let (scene, runtime) = (Scene::new(payments)?, Runtime::new()?);
    let frame = scene.frame(true)?;
    let mut times = counts.map(|_| [(); 3].map(|()| Vec::new()));
    for _ in 0..rounds {
        for (count, times) in counts.iter().zip(&mut times) {
            let Took { first, last, processor } = runtime.block_on(scene.run(&frame, *count))?;
            for (times, time) in times.iter_mut().zip([first, last, processor]) {
                times.push(time.as_secs_f64());
            }
        }
    }
    println!("\na compact block of {payments} known payments, medians of {rounds} interleaved rounds\n");
    println!("| nodes on the relay | ms to the first | ms to the last | ms of processor time |");
    println!("| ---: | ---: | ---: | ---: |");
    for (count, times) in counts.iter().zip(&mut times) {
        let [first, last, processor] = times.each_mut().map(|times| 1_000.0 * median(times));
        println!("| {count} | {first:.2} | {last:.2} | {processor:.2} |");
    }
    Ok(())
}

/// The time from the moment at which the block is found.
struct Took {
    /// Until the first node has connected it.
    first: Duration,
    /// Until the last node has.
    last: Duration,
    /// Processor time of the process until then.
    processor: Duration,
}

/// A block, and what a node must know before.
struct Scene {
    /// The blocks that make a coin for each payment.
    before: Vec<Block>,
    block: Block,
}

impl Scene {
    /// Makes a block with so many payments, each with one input and two outputs.
    fn new(payments: usize) -> Outcome<Self> {
        let params = ChainParams::regtest();
        let (genesis, owner) = (params.genesis_hash(), classroom::owner(0));
        let mut chain = Chain::in_memory(params);
        let (mut before, mut coins) = (Vec::new(), Vec::new());
        while coins.len() < payments {
            let all = chain.coins_of(&owner)?;
            let (outpoint, coin) = all.into_iter().max_by_key(|(_, coin)| coin.output.value).ok_or("a coin")?;
            let count = SPLIT.min(payments - coins.len());
            let piece = TxOut { value: Amount::from_grains(1_000), owner: classroom::owner(1) };
            let rest = coin.output.value.grains() - 1_000 * count as u64;
            let mut outputs = vec![piece; count];
            outputs.push(TxOut { value: Amount::from_grains(rest), owner });
            let mut split = Transaction { version: 1, inputs: vec![outpoint], outputs, signatures: Vec::new() };
            classroom::sign(&mut split, genesis, &[coin.output]);
            let txid = split.txid();
            coins.extend((0..).take(count).map(|vout| (OutPoint { txid, vout }, piece)));
            before.push(append(&mut chain, vec![split])?);
        }
        let pay = |(outpoint, coin): (OutPoint, TxOut)| {
            let half = TxOut { value: Amount::from_grains(500), owner: classroom::owner(2) };
            let mut payment =
                Transaction { version: 1, inputs: vec![outpoint], outputs: vec![half; 2], signatures: Vec::new() };
            classroom::sign(&mut payment, genesis, &[coin]);
            payment
        };
        let payments = coins.into_iter().map(pay).collect();
        let block = append(&mut chain, payments)?;
        Ok(Self { before, block })
    }

    /// Returns the frame that publishes the block.
    fn frame(&self, is_compact: bool) -> Outcome<Vec<u8>> {
        frame(&match is_compact {
            true => NodeMessage::CompactBlock(CompactBlock::of(&self.block, 7)),
            false => NodeMessage::Block(self.block.clone()),
        })
    }

    /// Tells new nodes all payments, then the block, and returns how long it took them to connect it.
    async fn run(&self, frame_of_block: &[u8], count: usize) -> Outcome<Took> {
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?;
        let address = relay.local_addr();
        let mut nodes = Vec::new();
        for _ in 0..count {
            let node = NodeBuilder::new(ChainParams::regtest()).relay(address.to_string()).spawn().await?;
            let events = node.events();
            nodes.push((node, events));
        }
        // the relay is bound but not yet serving, so the event cannot come before the subscription
        let relay = relay.spawn()?;
        for (_, events) in &mut nodes {
            while !matches!(timeout(DEADLINE, events.recv()).await??, Event::RelayConnected { .. }) {}
        }
        let mut miner = TcpStream::connect(address)?;
        miner.set_nodelay(true)?;
        miner.write_all(&RelayMessage::Hello(Hello { node_id: NodeId::new([7; 16]), agent: "miner" }).to_frame()?)?;
        for block in &self.before {
            miner.write_all(&frame(&NodeMessage::Block(block.clone()))?)?;
        }
        for (node, _) in &nodes {
            await_status(node, |height, _| height == self.before.len() as u64).await?;
        }
        // at the pace at which a node takes the signatures of one connection
        let mut sent = 0;
        for payments in self.block.transactions.chunks(500) {
            for payment in payments {
                miner.write_all(&frame(&NodeMessage::Transaction(payment.clone()))?)?;
            }
            sent += payments.len();
            for (node, _) in &nodes {
                await_status(node, |_, mempool| mempool == sent).await?;
            }
        }
        let (ended, mut ends) = mpsc::channel(count);
        for (node, _) in &nodes {
            let (ended, mut events) = (ended.clone(), node.events());
            tokio::spawn(async move {
                while let Ok(Ok(event)) = timeout(DEADLINE, events.recv()).await {
                    if matches!(event, Event::TipChanged { .. }) {
                        return ended.send(Instant::now()).await;
                    }
                }
                Ok(())
            });
        }
        drop(ended);
        let (found, before) = (Instant::now(), ProcessTime::now());
        miner.write_all(frame_of_block)?;
        let mut times = Vec::new();
        while let Some(time) = ends.recv().await {
            times.push(time.saturating_duration_since(found));
        }
        let processor = before.elapsed();
        if times.len() < count {
            return Err("a node did not connect the block".into());
        }
        times.sort_unstable();
        for (node, _) in nodes {
            assert_eq!(node.status().await?.tip.hash, self.block.hash(), "it is the block that was connected");
            node.shutdown().await?;
        }
        drop(relay);
        Ok(Took { first: times[0], last: times[count - 1], processor })
    }
}

/// Waits until a node has that height and that number of payments in its mempool.
async fn await_status(node: &NodeHandle, is_done: impl Fn(u64, usize) -> bool) -> Outcome<()> {
    let mut events = node.events();
    loop {
        let status = node.status().await?;
        if is_done(status.tip.height, status.mempool) {
            return Ok(());
        }
        // an event that was missed has changed the status, too
        let _ = timeout(DEADLINE, events.recv()).await?;
    }
}

/// Appends a block to a chain, and returns it.
fn append(chain: &mut Chain<toycoin_core::store::MemoryStore>, transactions: Vec<Transaction>) -> Outcome<Block> {
    let time = chain.tip().time + 1_000;
    let block = chain.template(transactions, classroom::owner(3), b"bench", time)?.mine_trivial();
    chain.apply(block.clone(), time)?;
    Ok(block)
}

fn frame(message: &NodeMessage) -> Outcome<Vec<u8>> {
    let payload = message.encode()?;
    let publish = Publish { channel: ChannelRef::new("/topic/main")?, to: None, payload: &payload };
    Ok(RelayMessage::Publish(publish).to_frame()?)
}
