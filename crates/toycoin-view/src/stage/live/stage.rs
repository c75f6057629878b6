//! The stage of a live network.

use std::{error::Error, sync::Arc, time::Duration};

use tokio::{sync::Mutex, task::JoinSet, time::sleep};
use toycoin_core::ChainParams;
use toycoin_node::{NodeBuilder, NodeHandle, RelayConfig, RelayHandle, RelayServer, RelayStatsReader};

use super::{
    board::Board,
    config::LiveConfig,
    gate::Gate,
    wallets::{Wallets, key},
};
use crate::{
    attack::needs_simulation,
    command::{Command, Done, Refusal},
    hub::Hub,
    reporter::Reporter,
    stage::{groups::whole, nodes::random_run, watch::Watch},
    state::{NetworkInfo, State},
};

/// A live network in this process. Dropping it ends its nodes and its relay.
#[derive(Debug)]
pub struct Live {
    params: ChainParams,
    nodes: Vec<NodeHandle>,
    watch: Arc<Watch>,
    board: Arc<Board>,
    wallets: Arc<Mutex<Wallets>>,
    stats: RelayStatsReader,
    /// Watches and payments; dropped before what they use.
    _tasks: JoinSet<()>,
    _gates: Vec<Gate>,
    _relay: RelayHandle,
}

impl Live {
    /// Starts a live network on the calling runtime.
    ///
    /// # Errors
    /// When there is no port on loopback, or a node cannot be started.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn start(config: LiveConfig) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let LiveConfig { params, nodes: count, throttle_percent, payments_per_second } = config;
        let hub = Hub::new(State::new(random_run()?, "live", None, NetworkInfo::of(&params)));
        let watch = Watch::new(Arc::clone(&hub), Reporter::new(hub, params.clone()));
        let relay = RelayServer::bind("127.0.0.1:0", RelayConfig::default())?;
        let stats = relay.stats_reader();
        let relay = relay.spawn()?;
        let board = Arc::new(Board::default());
        let (mut nodes, mut gates, mut tasks) = (Vec::new(), Vec::new(), JoinSet::new());
        for node in 0..count {
            let (gate, address) =
                Gate::open(node, count, relay.local_addr(), Arc::clone(&board), Arc::clone(&watch)).await?;
            gates.push(gate);
            let builder = NodeBuilder::new(params.clone()).relay(address.to_string()).extra(format!("node {node}"));
            let builder = builder.mine_to(key(node).public_key()).threads(1).throttle(throttle_percent);
            let handle = builder.spawn().await?;
            let events = handle.events();
            watch.begin(node, format!("node {node}"), throttle_percent.into(), &handle).await?;
            tasks.spawn(Arc::clone(&watch).follow(node, events, handle.clone()));
            nodes.push(handle);
        }
        let mut seed = [0; 8];
        getrandom::fill(&mut seed)?;
        let wallets = Arc::new(Mutex::new(Wallets::new(&params, count, u64::from_le_bytes(seed))));
        if payments_per_second > 0.0 {
            tasks.spawn(pay(Arc::clone(&wallets), nodes.clone(), payments_per_second));
        }
        Ok(Self { params, nodes, watch, board, wallets, stats, _tasks: tasks, _gates: gates, _relay: relay })
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

    /// Returns a reader of the relay's counters.
    pub fn relay_stats(&self) -> RelayStatsReader {
        self.stats.clone()
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When a live network cannot do that, or the command makes no sense.
    pub async fn command(&self, command: Command) -> Result<Done, Refusal> {
        match command {
            Command::Partition { groups } => {
                let groups = whole(groups, self.nodes.len())?;
                self.board.part(groups.clone());
                self.watch.disturb(|disturbances| disturbances.groups = groups);
            }
            Command::Heal => {
                self.board.part(Vec::new());
                self.watch.disturb(|disturbances| disturbances.groups.clear());
            }
            Command::Stop { node } => self.watch.set_mining(&self.nodes, node, false).await?,
            Command::Start { node } => self.watch.set_mining(&self.nodes, node, true).await?,
            Command::Rate { node, hash_rate } => self.set_rate(node, hash_rate).await?,
            Command::Delay { node, delay } => {
                self.node(node)?.set_block_delay(delay.min(Duration::from_secs(600))).await.map_err(|_| down(node))?;
            }
            Command::Pay { from, to, value, fee } => {
                let node = self.node(from)?;
                return self.wallets.lock().await.pay(from, to, value, fee, node).await.map(Done::Paid);
            }
            Command::AddNode { .. } => return Err(cannot("add a node")),
            Command::Fault(_) | Command::End { .. } => return Err(cannot("begin or end a fault")),
            Command::Attack(_) | Command::Lesson => return Err(needs_simulation()),
            Command::Pause | Command::Run | Command::Step | Command::Speed(_) => {
                return Err(cannot("stop its clock or change its speed"));
            }
        }
        Ok(Done::Done)
    }

    async fn set_rate(&self, node: usize, percent: u64) -> Result<(), Refusal> {
        self.node(node)?;
        let unfit = || Refusal::Unfit(format!("{percent} is no share of a thread's time: give 1 to 100 percent"));
        let given = u32::try_from(percent).ok().filter(|percent| (1..=100).contains(percent)).ok_or_else(unfit)?;
        self.node(node)?.set_throttle(given).await.map_err(|_| down(node))?;
        self.watch.set_rate(node, percent);
        Ok(())
    }

    fn node(&self, node: usize) -> Result<&NodeHandle, Refusal> {
        self.nodes.get(node).ok_or(Refusal::NoSuchNode { node, nodes: self.nodes.len() })
    }
}

fn cannot(what: &str) -> Refusal {
    Refusal::Cannot(format!("a live network cannot {what}; a simulated one can: start view without --live"))
}

fn down(node: usize) -> Refusal {
    Refusal::Cannot(format!("node {node} is down"))
}

async fn pay(wallets: Arc<Mutex<Wallets>>, nodes: Vec<NodeHandle>, payments_per_second: f64) {
    loop {
        let pause = wallets.lock().await.pause(payments_per_second);
        sleep(pause).await;
        wallets.lock().await.pay_somebody(&nodes).await;
    }
}
