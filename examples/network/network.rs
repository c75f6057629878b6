//! The network: nodes that mine, a node that watches for the people, and what connects them.

use std::{error::Error, time::Duration};

use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    mpsc,
};
use toycoin_core::{ChainParams, CompactTarget, NetworkSpec, PublicKey, Retargeting, SecretKey, Tip};
use toycoin_examples::pace::throttle_for;
use toycoin_node::{NodeBuilder, NodeHandle, RelayHandle, protocol::Event};

use crate::wires::Wires;

/// Events that wait to be told.
const EVENTS: usize = 1_024;

/// The target block spacing of the network `lab`, in milliseconds.
pub(crate) const LAB_SPACING_MS: u64 = 2_000;

/// The nodes, connected over loopback sockets.
#[derive(Debug)]
pub(crate) struct Network {
    wires: Wires,
    /// All nodes: the miners, and at the end the node that watches.
    nodes: Vec<NodeHandle>,
    events: mpsc::Receiver<(usize, Event)>,
}

/// Returns the parameters of `lab`, or of a network like it with another target block spacing.
pub(crate) fn params(spacing_ms: u64) -> Result<ChainParams, Box<dyn Error>> {
    let lab = ChainParams::lab();
    if spacing_ms == LAB_SPACING_MS {
        return Ok(lab);
    }
    // quick blocks must be easy to find on a slow machine too; long ones are made so by the throttle
    let easier = (LAB_SPACING_MS / spacing_ms.max(1)).max(1).ilog2().min(6);
    Ok(ChainParams::new(NetworkSpec {
        name: "story".into(),
        retargeting: Some(Retargeting { spacing_ms, half_life_ms: spacing_ms * 20 }),
        genesis_bits: CompactTarget::from_bits(0x1e00_0000 | 0x0001_0000 << easier),
        ..lab.spec().clone()
    })?)
}

/// Returns who receives the rewards of a miner, counted from 0.
pub(crate) fn miner_owner(number: usize) -> PublicKey {
    SecretKey::classroom(100 + u32::try_from(number).unwrap_or(u32::MAX - 100)).public_key()
}

impl Network {
    /// Starts everything and waits until all are connected. Nobody mines yet.
    pub(crate) async fn start(miners: usize, params: &ChainParams, mut wires: Wires) -> Result<Self, Box<dyn Error>> {
        let throttle = throttle_for(params, u32::try_from(miners)?);
        let (sender, events) = mpsc::channel(EVENTS);
        let mut nodes = Vec::new();
        for number in 0..=miners {
            let mut builder = wires.connect(NodeBuilder::new(params.clone()), number + 1 == miners).await?;
            if number < miners {
                let name = format!("node {}", number + 1);
                builder = builder.extra(name).mine_to(miner_owner(number)).threads(1).throttle(throttle);
            }
            let node = builder.spawn().await?;
            node.set_mining(false).await?;
            tokio::spawn(forward(number, node.events(), sender.clone()));
            nodes.push(node);
        }
        for node in &nodes {
            node.wait_for_relay().await?;
            node.wait_for_peer().await?;
        }
        Ok(Self { wires, nodes, events })
    }

    /// Returns the node with a number: the miners from 0, then the node that watches.
    pub(crate) fn node(&self, number: usize) -> &NodeHandle {
        &self.nodes[number]
    }

    /// Returns the number of miners, which is also the number of the node that watches.
    pub(crate) const fn miners(&self) -> usize {
        self.nodes.len() - 1
    }

    /// Returns the node that watches: it validates all blocks, does not mine, and sends the people's payments.
    pub(crate) fn watcher(&self) -> &NodeHandle {
        self.node(self.miners())
    }

    /// Returns the number of the miner that can be cut off.
    pub(crate) const fn remote(&self) -> usize {
        self.miners() - 1
    }

    /// Returns a node's name.
    pub(crate) fn name(&self, number: usize) -> String {
        if number == self.miners() { "the wallets' node".to_owned() } else { format!("node {}", number + 1) }
    }

    /// Returns the relay; `None` if the nodes are connected without one.
    pub(crate) const fn relay(&self) -> Option<&RelayHandle> {
        self.wires.relay_handle()
    }

    /// Cuts off the miner that can be. Through a relay it notices nothing; without one, it loses all its peers.
    pub(crate) async fn cut(&self) {
        self.wires.cut(self.remote()).await;
    }

    /// Ends the cut, and waits until the miner has a connection.
    pub(crate) async fn mend(&self) -> Result<(), Box<dyn Error>> {
        self.wires.mend(self.remote()).await;
        Ok(self.node(self.remote()).wait_for_peer().await?)
    }

    /// Starts or stops all miners.
    pub(crate) async fn mine(&self, enabled: bool) -> Result<(), Box<dyn Error>> {
        for node in self.nodes.iter().take(self.miners()) {
            node.set_mining(enabled).await?;
        }
        Ok(())
    }

    /// Returns the tip of each node.
    pub(crate) async fn tips(&self) -> Result<Vec<Tip>, Box<dyn Error>> {
        let mut tips = Vec::new();
        for node in &self.nodes {
            tips.push(node.status().await?.tip);
        }
        Ok(tips)
    }

    /// Waits for the next event of a node, and returns it with the node's number; `None` once `limit` has passed.
    /// The events of one node come in their order.
    pub(crate) async fn next_event(&mut self, limit: Duration) -> Result<Option<(usize, Event)>, Box<dyn Error>> {
        match tokio::time::timeout(limit, self.events.recv()).await {
            Ok(event) => event.map(Some).ok_or_else(|| "a node has stopped".into()),
            Err(_) => Ok(None),
        }
    }

    /// Ends all nodes, then the relay if there is one.
    pub(crate) async fn shutdown(self) -> Result<(), Box<dyn Error>> {
        for node in &self.nodes {
            node.shutdown().await?;
        }
        // the relay ends with its handle
        drop(self.wires);
        Ok(())
    }
}

/// Forwards a node's events until the node or the story ends. Only a story that stands still misses events, and the
/// next wait for what they told then fails.
async fn forward(number: usize, mut events: Receiver<Event>, sender: mpsc::Sender<(usize, Event)>) {
    loop {
        match events.recv().await {
            Ok(event) => {
                if sender.send((number, event)).await.is_err() {
                    return;
                }
            }
            Err(RecvError::Lagged(count)) => tracing::warn!(node = number, count, "missed events"),
            Err(RecvError::Closed) => return,
        }
    }
}
