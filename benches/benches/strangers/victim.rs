//! The node that strangers ask, with its relay: both in this process, or programs that run already.

use std::{
    error::Error,
    fs,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use rayon::ThreadPoolBuilder;
use tokio::runtime::{Builder, Runtime};
use toycoin_core::{BlockHash, ChainParams, Header};
use toycoin_node::{NodeBuilder, NodeHandle, RelayServer, relay::RelayConfig, rt::RelayHandle};
use toycoin_wire::{NodeId, NodeMessage, node::GetHeaders};

use crate::{
    client::{Client, DEADLINE},
    scene::Scene,
};

/// Time after which a question is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// Blocks that are sent before the node is asked whether it has them.
const BLOCKS_AT_ONCE: usize = 64;
/// Bytes of blocks after which the node is asked before the number is full, so that a large block goes alone.
const BYTES_AT_ONCE: u64 = 500_000;

pub(crate) struct Victim {
    pub(crate) address: SocketAddr,
    /// Where the system lists the threads whose processor time counts.
    threads: PathBuf,
    /// What the names of these threads begin with.
    prefix: &'static str,
    _own: Option<(Runtime, NodeHandle, RelayHandle)>,
}

impl Victim {
    /// Starts a relay and a node in this process.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?.spawn()?;
        let address = relay.local_addr();
        // the node's own thread is called "node"; signatures are verified by rayon's threads too
        ThreadPoolBuilder::new().thread_name(|number| format!("node rayon {number}")).build_global()?;
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("node sockets").enable_all().build()?;
        let node = NodeBuilder::new(ChainParams::regtest()).relay(address.to_string());
        let node = runtime.block_on(node.spawn())?;
        let threads = PathBuf::from("/proc/self/task");
        Ok(Self { address, threads, prefix: "node", _own: Some((runtime, node, relay)) })
    }

    /// Takes programs that run already. `process` is the node's id.
    pub(crate) fn running(address: SocketAddr, process: Option<u32>) -> Self {
        let threads = process.map_or_else(PathBuf::new, |process| format!("/proc/{process}/task").into());
        Self { address, threads, prefix: "", _own: None }
    }

    /// Returns for how long the node's threads have had a processor, where the system tells.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(&self.threads).ok()? {
            let thread = thread.ok()?.path();
            if fs::read_to_string(thread.join("comm")).ok()?.starts_with(self.prefix) {
                let times = fs::read_to_string(thread.join("schedstat")).ok()?;
                nanos += times.split(' ').next()?.parse::<u64>().ok()?;
            }
        }
        Some(Duration::from_nanos(nanos))
    }

    /// Sends the node all blocks, waits until it has them, and returns its id.
    pub(crate) fn feed(&self, scene: &Scene) -> Result<NodeId, Box<dyn Error>> {
        let mut feeder = Client::join(self.address)?;
        let genesis = scene.hashes[0];
        let node = until_answered(&mut feeder, genesis, genesis, |headers| headers.is_empty())?;
        let (mut count, mut bytes) = (0, 0);
        for (height, block) in (1..).zip(&scene.blocks) {
            feeder.publish(Some(node), &NodeMessage::Block(block.clone()))?;
            (count, bytes) = (count + 1, bytes + block.size());
            if count == BLOCKS_AT_ONCE || bytes >= BYTES_AT_ONCE || height == scene.blocks.len() {
                let (parent, hash) = (scene.hashes[height - 1], scene.hashes[height]);
                until_answered(&mut feeder, parent, hash, |headers| headers == [block.header])?;
                (count, bytes) = (0, 0);
            }
        }
        Ok(node)
    }
}

/// Asks everybody for headers until the answer is as expected; returns who answered.
fn until_answered(
    client: &mut Client,
    parent: BlockHash,
    stop: BlockHash,
    is_expected: impl Fn(&[Header]) -> bool,
) -> Result<NodeId, Box<dyn Error>> {
    let question = NodeMessage::GetHeaders(GetHeaders { locator: vec![parent], stop });
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        client.publish(None, &question)?;
        let again = Instant::now() + ASK_AGAIN;
        let answer = client.wait(again, |from, message| match message {
            NodeMessage::Headers(headers) if is_expected(headers) => Some(from),
            _ => None,
        })?;
        if let Some(node) = answer {
            return Ok(node);
        }
    }
    Err("no node answers: is there one on this relay, of regtest and at genesis?".into())
}
