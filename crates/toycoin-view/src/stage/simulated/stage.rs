//! The stage of a simulated network.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime,
    sync::{mpsc, oneshot},
};
use toycoin_core::ChainParams;

use super::{
    config::SimulatedConfig,
    director::Director,
    driver::{Errand, drive},
    node::SimulatedNode,
};
use crate::{
    command::{Command, Done, Refusal},
    hub::Hub,
    record::Recorder,
};

/// Most errands that wait for the simulation's thread.
const ERRANDS: usize = 256;

/// Virtual time that is recorded at once.
const RECORD_SLICE: Duration = Duration::from_millis(100);

/// A simulated network that runs on a thread of its own, until the stage and its nodes are dropped.
#[derive(Debug)]
pub struct Simulated {
    hub: Arc<Hub>,
    params: ChainParams,
    nodes: Arc<AtomicUsize>,
    errands: mpsc::Sender<Errand>,
}

impl Simulated {
    /// Starts a simulated network.
    ///
    /// # Errors
    /// When the system provides no thread.
    pub fn start(config: SimulatedConfig) -> io::Result<Self> {
        let (hub, params) = (Hub::new(config.state()), config.params());
        let nodes = Arc::new(AtomicUsize::new(config.nodes));
        let (errands, receiver) = mpsc::channel(ERRANDS);
        let runtime = runtime::Builder::new_current_thread().enable_time().build()?;
        let (told, counted) = (Arc::clone(&hub), Arc::clone(&nodes));
        // the network stays on this thread from begin to end
        let run = move || runtime.block_on(drive(config, told, counted, receiver));
        thread::Builder::new().name("simulation".into()).spawn(run)?;
        Ok(Self { hub, params, nodes, errands })
    }

    /// Runs a simulated network for a virtual time as fast as possible, and writes its events.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn record(config: &SimulatedConfig, time: Duration, recorder: Recorder) -> io::Result<()> {
        let hub = Hub::new(config.state());
        hub.record(recorder)?;
        let mut director = Director::with_hub(config, Arc::clone(&hub));
        while director.now() < time && !hub.has_failed() {
            director.run_to(time.min(director.now() + RECORD_SLICE));
        }
        hub.end_record()
    }

    /// Returns the hub.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Returns the network's parameters.
    pub const fn params(&self) -> &ChainParams {
        &self.params
    }

    /// Returns a node to ask; `None` if there is no such node.
    pub fn node(&self, node: usize) -> Option<SimulatedNode> {
        (node < self.nodes()).then(|| SimulatedNode { node, errands: self.errands.clone() })
    }

    /// Returns the number of nodes.
    pub fn nodes(&self) -> usize {
        self.nodes.load(Ordering::Acquire)
    }

    /// Carries out a command.
    ///
    /// # Errors
    /// When the network cannot do that, or the command makes no sense.
    pub async fn command(&self, command: Command) -> Result<Done, Refusal> {
        let gone = || Refusal::Cannot("the simulation has ended; start the program again".to_owned());
        let (reply, answer) = oneshot::channel();
        self.errands.send(Errand::Command { command, reply }).await.map_err(|_| gone())?;
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}
