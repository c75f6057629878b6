//! The stage of nodes that a program runs for its own purposes, and shows.

use std::{io, sync::Arc};

use tokio::task::JoinSet;
use toycoin_core::ChainParams;
use toycoin_node::{NodeHandle, Stopped};

use crate::{
    attack::needs_simulation,
    command::{Command, Done, Refusal},
    hub::Hub,
    limits::NODES,
    reporter::Reporter,
    stage::watch::Watch,
    state::{NetworkInfo, State},
};

/// Nodes of one network that run in this process.
///
/// They can be watched, and their mining can be stopped and started. A node that has peers elsewhere shows itself
/// alone.
///
/// ```
/// use toycoin_core::{ChainParams, SecretKey};
/// use toycoin_node::NodeBuilder;
/// use toycoin_view::{View, stage::Nodes};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let miner = SecretKey::classroom(0).public_key();
/// let node = NodeBuilder::new(ChainParams::regtest()).mine_to(miner).threads(1).throttle(1).spawn().await?;
/// let nodes = Nodes::watch(vec![node.clone()]).await?;
/// let view = View::builder(nodes).serve("127.0.0.1:0".parse()?).await?;
/// println!("watch it at {}", view.url());
/// # view.shutdown().await;
/// # node.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Nodes {
    watch: Arc<Watch>,
    params: ChainParams,
    nodes: Vec<NodeHandle>,
    /// What follows the nodes' events.
    _tasks: JoinSet<()>,
}

/// The reason why nodes cannot be viewed together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodesError {
    /// There is no node.
    #[error("there is no node to view; start at least one")]
    NoNode,
    /// There are more than [`NODES`] nodes.
    #[error("{nodes} nodes, a view takes at most {NODES}")]
    TooMany {
        /// How many there are.
        nodes: usize,
    },
    /// A node is of another network than node 0.
    #[error("node {node} is of another network than node 0; view it on its own")]
    OtherNetwork {
        /// The node.
        node: usize,
    },
    /// A node has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The system provides no randomness for the id of the run.
    #[error("the system provides no randomness: {0}")]
    Randomness(io::Error),
}

impl Nodes {
    /// Watches nodes, which get their numbers by their order.
    ///
    /// # Errors
    /// When there is no node, there are too many, they are of several networks, or one has stopped.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn watch(nodes: Vec<NodeHandle>) -> Result<Self, NodesError> {
        let first = nodes.first().ok_or(NodesError::NoNode)?;
        if nodes.len() > NODES {
            return Err(NodesError::TooMany { nodes: nodes.len() });
        }
        let params = first.params().clone();
        let genesis = params.genesis_hash();
        if let Some(node) = nodes.iter().position(|node| node.params().genesis_hash() != genesis) {
            return Err(NodesError::OtherNetwork { node });
        }
        let hub =
            Hub::new(State::new(random_run().map_err(NodesError::Randomness)?, "live", None, NetworkInfo::of(&params)));
        let watch = Watch::new(Arc::clone(&hub), Reporter::new(hub, params.clone()));
        let mut tasks = JoinSet::new();
        for (number, node) in nodes.iter().enumerate() {
            let events = node.events();
            watch.begin(number, format!("node {number}"), node.throttle().into(), node).await?;
            tasks.spawn(Arc::clone(&watch).follow(number, events, node.clone()));
        }
        Ok(Self { watch, params, nodes, _tasks: tasks })
    }

    /// Returns the hub.
    pub fn hub(&self) -> &Arc<Hub> {
        self.watch.hub()
    }

    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns the nodes.
    pub fn nodes(&self) -> &[NodeHandle] {
        &self.nodes
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When it is another one than to stop or to start mining, or there is no such node.
    pub async fn command(&self, command: Command) -> Result<Done, Refusal> {
        if matches!(command, Command::Attack(_) | Command::Lesson) {
            return Err(needs_simulation());
        }
        let (Command::Stop { node } | Command::Start { node }) = command else {
            let text = "this program shows its own node, whose mining can be stopped and started, and nothing else";
            return Err(Refusal::Cannot(text.to_owned()));
        };
        self.watch.set_mining(&self.nodes, node, matches!(command, Command::Start { .. })).await?;
        Ok(Done::Done)
    }
}

/// Returns the id of a run: 8 random hex digits.
pub(super) fn random_run() -> io::Result<String> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:08x}", u32::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use toycoin_node::NodeBuilder;

    use super::*;

    #[tokio::test]
    async fn refuses_no_nodes_and_two_networks() {
        assert!(matches!(Nodes::watch(Vec::new()).await, Err(NodesError::NoNode)));
        let one = NodeBuilder::new(ChainParams::regtest()).spawn().await.unwrap();
        let other = NodeBuilder::new(ChainParams::lab()).spawn().await.unwrap();
        let error = Nodes::watch(vec![one.clone(), other]).await.unwrap_err();
        assert!(matches!(error, NodesError::OtherNetwork { node: 1 }));
        let error = Nodes::watch(vec![one; NODES + 1]).await.unwrap_err();
        assert!(matches!(error, NodesError::TooMany { nodes } if nodes == NODES + 1));
    }

    #[tokio::test]
    async fn a_chain_that_stands_already_is_told() {
        let node = NodeBuilder::new(ChainParams::regtest()).spawn().await.unwrap();
        let stage = Nodes::watch(vec![node.clone(), node]).await.unwrap();
        stage.hub().look(|state| {
            assert_eq!(state.nodes.len(), 2);
            assert_eq!(state.blocks.len(), 1, "genesis");
            assert!(state.nodes.iter().all(|node| node.tip == state.network.genesis));
        });
    }
}
