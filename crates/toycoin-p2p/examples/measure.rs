//! Measures a mesh on this machine: how long a payment and a block take to the last of 20 nodes, a question and its
//! answer, the memory of an idle peer, and the bytes that a payment costs.
//!
//! ```text
//! cargo run --release -p toycoin-p2p --example measure --features test-util
//! ```
//!
//! Everything is on loopback, in one process but for the idle peers. On Linux only, since it reads /proc. Nothing else
//! should use the loopback interface meanwhile. The figures are in docs/performance.md.

#![expect(clippy::print_stdout, reason = "a program that measures")]

use std::{
    error::Error,
    fs,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
    sync::broadcast,
    task::JoinSet,
};
use toycoin_core::{Amount, ChainParams, OutPoint, SecretKey, Transaction, TransactionBuilder, TxOut, utxo::Coin};
use toycoin_node::{
    Event, MeshCommand, MeshEvent, NodeBuilder, NodeHandle, mesh_port, peering::PeerAddress, protocol::Via,
    rt::MeshPort,
};
use toycoin_p2p::{Config, Handle, ListenAddress, node_id, start};

type Failure = Box<dyn Error>;

/// Nodes of the mesh.
const NODES: usize = 20;
/// Payments whose way is timed.
const PAYMENTS: usize = 200;
/// Blocks whose way is timed.
const BLOCKS: usize = 30;
/// Questions that are timed.
const QUESTIONS: usize = 1_000;
/// Peers that are connected and idle.
const IDLE: u32 = 100;

struct Site {
    node: NodeHandle,
    mesh: Handle,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, address] = arguments.as_slice()
        && command == "crowd"
    {
        return crowd(address.parse()?).await;
    }
    // first, while the process holds nothing else
    idle_peers().await?;
    let sites = mesh().await?;
    payments(&sites).await?;
    blocks(&sites).await?;
    for site in &sites {
        site.node.shutdown().await?;
    }
    questions().await
}

fn config() -> Result<Config, Failure> {
    let listen: ListenAddress = "/ip4/127.0.0.1/tcp/0".parse()?;
    Ok(Config::new(&ChainParams::regtest()).listen(listen))
}

fn address_of(mesh: &Handle) -> Result<PeerAddress, Failure> {
    Ok(mesh.listening().first().cloned().ok_or("it does not listen")?)
}

/// Starts the nodes, which all know the first one's address and find the others.
async fn mesh() -> Result<Vec<Site>, Failure> {
    let mut sites: Vec<Site> = Vec::new();
    for number in 0..u32::try_from(NODES)? {
        let mut config = config()?;
        if let Some(first) = sites.first() {
            config = config.peer(address_of(&first.mesh)?);
        }
        let (port, end) = mesh_port(1_024);
        let mesh = start(config, end).await?;
        let owner = SecretKey::classroom(10 + number).public_key();
        let node = NodeBuilder::new(ChainParams::regtest()).mine_to(owner).threads(1).mesh(port).spawn().await?;
        node.set_mining(false).await?;
        sites.push(Site { node, mesh });
    }
    for site in &sites {
        while site.mesh.peers().await.iter().filter(|peer| peer.gossips).count() < 8 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    // the meshes of the topics have formed after some heartbeats
    tokio::time::sleep(Duration::from_secs(5)).await;
    let mut degrees = Vec::new();
    for site in &sites {
        degrees.push(site.mesh.peers().await.len());
    }
    println!("{NODES} nodes, with {degrees:?} peers each");
    Ok(sites)
}

/// Waits at each node for what `found` finds in its events, and returns when the last one had it.
async fn last(mut waits: JoinSet<Instant>) -> Result<Instant, Failure> {
    let mut latest = Instant::now();
    let mut any = false;
    while let Some(at) = waits.join_next().await {
        latest = if any { latest.max(at?) } else { at? };
        any = true;
    }
    Ok(latest)
}

fn wait_at(sites: &[Site], but: usize, found: impl Fn(&Event) -> bool + Clone + Send + 'static) -> JoinSet<Instant> {
    let mut waits = JoinSet::new();
    for (_, site) in sites.iter().enumerate().filter(|(place, _)| *place != but) {
        let (mut events, found) = (site.node.events(), found.clone());
        waits.spawn(async move {
            loop {
                match events.recv().await {
                    Ok(event) if found(&event) => return Instant::now(),
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return Instant::now(),
                }
            }
        });
    }
    waits
}

/// Times payments of about 300 bytes, each made at another node.
async fn payments(sites: &[Site]) -> Result<(), Failure> {
    let coins = split(sites, PAYMENTS).await?;
    let before = loopback_bytes()?;
    let idle_from = Instant::now();
    tokio::time::sleep(Duration::from_secs(10)).await;
    let idle = (loopback_bytes()? - before) as f64 / idle_from.elapsed().as_secs_f64();
    let (begun, before) = (Instant::now(), loopback_bytes()?);
    let (mut times, mut sizes) = (Vec::new(), 0);
    for (number, coin) in coins.into_iter().enumerate() {
        let payment = pay(coin, 3);
        sizes += payment.size();
        let (from, txid) = (number % sites.len(), payment.txid());
        let waits = wait_at(
            sites,
            from,
            move |event| matches!(event, Event::TransactionAccepted { txid: other, .. } if *other == txid),
        );
        let at = Instant::now();
        sites[from].node.submit(payment).await?;
        times.push(last(waits).await?.saturating_duration_since(at));
    }
    let bytes = (loopback_bytes()? - before) as f64 - idle * begun.elapsed().as_secs_f64();
    let size = sizes as f64 / PAYMENTS as f64;
    show(&format!("payment of {size:.0} B to the last of {NODES}"), &mut times);
    let times_its_size = bytes / (PAYMENTS * NODES) as f64 / size;
    println!("bytes on loopback for a payment and a node: {times_its_size:.1} times its size");
    Ok(())
}

/// Times blocks of about 300 kB, whose payments all nodes have before.
async fn blocks(sites: &[Site]) -> Result<(), Failure> {
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    let mut coins = split(sites, BLOCKS * 3).await?;
    for number in 0..BLOCKS {
        let from = number % sites.len();
        for coin in coins.split_off(coins.len() - 3) {
            let payment = wide(coin);
            let txid = payment.txid();
            let waits = wait_at(
                sites,
                from,
                move |event| matches!(event, Event::TransactionAccepted { txid: other, .. } if *other == txid),
            );
            sites[from].node.submit(payment).await?;
            last(waits).await?;
        }
        let height = sites[from].node.status().await?.tip.height + 1;
        let waits = wait_at(
            sites,
            from,
            move |event| matches!(event, Event::BlockConnected { block, .. } if block.height() == height),
        );
        let mut events = sites[from].node.events();
        sites[from].node.set_mining(true).await?;
        let at = loop {
            if let Event::BlockMined { height: mined, .. } = events.recv().await?
                && mined == height
            {
                break Instant::now();
            }
        };
        sites[from].node.set_mining(false).await?;
        times.push(last(waits).await?.saturating_duration_since(at));
        let block = sites[from].node.block_at(height).await?.ok_or("the block is here")?;
        sizes.push(block.block().size());
        same_tip(sites).await?;
    }
    sizes.sort_unstable();
    show(&format!("block of {} kB to the last of {NODES}", sizes[sizes.len() / 2] / 1_000), &mut times);
    Ok(())
}

/// Makes that many coins of key 0 in a block that all have.
async fn split(sites: &[Site], count: usize) -> Result<Vec<(OutPoint, Coin)>, Failure> {
    let (params, owner) = (ChainParams::regtest(), SecretKey::classroom(0));
    let node = &sites[0].node;
    let own = node.coins_of(owner.public_key()).await?;
    let largest = own.into_iter().max_by_key(|(_, coin)| coin.output.value).ok_or("a coin")?;
    let value = Amount::from_grains(largest.1.output.value.grains() / (count as u64 + 1));
    let mut builder = TransactionBuilder::new(&params).spend([largest]);
    for _ in 0..count {
        builder = builder.pay(params.address(owner.public_key()), value);
    }
    let split = builder.change_to(params.address(owner.public_key())).sign(&owner)?;
    let made: Vec<_> =
        split.outpoints(split.txid()).take(count).map(|(outpoint, output)| (outpoint, *output)).collect();
    node.submit(split).await?;
    let height = node.status().await?.tip.height + 1;
    node.set_mining(true).await?;
    while node.status().await?.tip.height < height || node.status().await?.mempool > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    node.set_mining(false).await?;
    same_tip(sites).await?;
    Ok(made.into_iter().map(|(outpoint, output)| (outpoint, Coin { output, coinbase_height: 0 })).collect())
}

async fn same_tip(sites: &[Site]) -> Result<(), Failure> {
    for site in sites {
        while site.node.status().await?.tip != sites[0].node.status().await?.tip {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    Ok(())
}

fn pay(coin: (OutPoint, Coin), outputs: u64) -> Transaction {
    let owner = SecretKey::classroom(0);
    let value = Amount::from_grains(coin.1.output.value.grains() / (outputs + 1));
    let output = |value| TxOut { value, owner: SecretKey::classroom(1).public_key() };
    let mut all = vec![output(value); usize::try_from(outputs).unwrap_or(usize::MAX)];
    all.push(output(Amount::from_grains(coin.1.output.value.grains() - value.grains() * outputs)));
    let mut payment = Transaction { version: 1, inputs: vec![coin.0], outputs: all, signatures: Vec::new() };
    payment.sign_all(ChainParams::regtest().genesis_hash(), &[coin.1.output], &owner);
    payment
}

/// Returns a payment of about 100 kB.
fn wide(coin: (OutPoint, Coin)) -> Transaction {
    pay(coin, 2_490)
}

/// Times questions of 300 bytes between two carriers, whose nodes are played here.
async fn questions() -> Result<(), Failure> {
    let (mut first_port, end) = mesh_port(1_024);
    let first = start(config()?, end).await?;
    let (mut second_port, end) = mesh_port(1_024);
    let second = start(config()?.peer(address_of(&first)?), end).await?;
    joined(&mut first_port).await;
    joined(&mut second_port).await;
    let answering = tokio::spawn(async move {
        while let Some(event) = first_port.next_event().await {
            if let MeshEvent::Heard { from, via: Via::Question(question), payload } = event {
                first_port.tell(MeshCommand::Say { to: Some(from), answers: Some(question), payload });
                first_port.tell(MeshCommand::End(question));
            }
        }
    });
    let mut payload = b"STAT".to_vec();
    payload.resize(300, 7);
    let mut times = Vec::new();
    for _ in 0..QUESTIONS {
        let at = Instant::now();
        let to = Some(node_id(first.peer_id()));
        second_port.tell(MeshCommand::Say { to, answers: None, payload: payload.clone().into() });
        while !matches!(second_port.next_event().await, Some(MeshEvent::Heard { via: Via::Answer, .. })) {}
        times.push(at.elapsed());
    }
    show("question of 300 B and its answer", &mut times);
    second.shutdown().await;
    first.shutdown().await;
    answering.await?;
    Ok(())
}

async fn joined(port: &mut MeshPort) {
    while !matches!(port.next_event().await, Some(MeshEvent::Joined { .. })) {}
}

/// Measures what connected and idle peers cost, which are in a process of their own.
async fn idle_peers() -> Result<(), Failure> {
    let (mut port, end) = mesh_port(1_024);
    let mesh = start(config()?, end).await?;
    let before = resident_bytes()?;
    let mut crowd = Command::new(std::env::current_exe()?)
        .args(["crowd", &address_of(&mesh)?.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    for _ in 0..IDLE {
        joined(&mut port).await;
    }
    tokio::time::sleep(Duration::from_secs(20)).await;
    let each = resident_bytes()?.saturating_sub(before) / u64::from(IDLE) / 1_000;
    println!("an idle peer: {each} kB of resident memory, over {} peers", mesh.peers().await.len());
    if let Some(mut input) = crowd.stdin.take() {
        input.write_all(b"end\n").await?;
    }
    crowd.wait().await?;
    mesh.shutdown().await;
    Ok(())
}

/// Connects many peers to an address, and keeps them until a line comes.
async fn crowd(address: PeerAddress) -> Result<(), Failure> {
    let mut ports = Vec::new();
    for _ in 0..IDLE {
        let (port, end) = mesh_port(1_024);
        let mesh = start(Config::new(&ChainParams::regtest()).peer(address.clone()), end).await?;
        ports.push((port, mesh));
    }
    let mut line = String::new();
    BufReader::new(tokio::io::stdin()).read_line(&mut line).await?;
    Ok(())
}

fn show(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)].as_secs_f64() * 1_000.0;
    println!("{what}: p50 {:.2} ms, p95 {:.2} ms, most {:.2} ms, of {}", at(50), at(95), at(100), times.len());
}

/// Bytes that this machine has sent on its loopback interface.
fn loopback_bytes() -> Result<u64, Failure> {
    let table = fs::read_to_string("/proc/net/dev")?;
    let line = table.lines().find_map(|line| line.trim().strip_prefix("lo:")).ok_or("a loopback interface")?;
    Ok(line.split_whitespace().nth(8).ok_or("its bytes")?.parse()?)
}

fn resident_bytes() -> Result<u64, Failure> {
    let table = fs::read_to_string("/proc/self/status")?;
    let line = table.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("resident memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1_024)
}
