//! The stage of a simulated network.

use std::{io, sync::Arc, thread, time::Duration};

use tokio::sync::{mpsc, oneshot};
use toycoin_core::ChainParams;

use super::{
    config::SimulatedConfig,
    director::Director,
    driver::{Driver, Errand},
    node::SimulatedNode,
    play::Theatre,
    shared::Shared,
};
#[cfg(feature = "attacks")]
use super::{
    showing::Showing,
    staged::{Staged, attacks},
};
#[cfg(feature = "attacks")]
use crate::attack::AttackRequest;
use crate::{
    attack::AttackInfo,
    command::{Command, Done, Refusal},
    hub::Hub,
    record::Recorder,
};

/// Most errands that wait for the simulation's thread.
const ERRANDS: usize = 256;

/// Virtual time that is recorded at once.
const RECORD_SLICE: Duration = Duration::from_millis(100);

/// A simulated network that runs on a thread of its own, until the stage and its nodes are dropped.
///
/// With the feature `attacks`, it shows trials of attacks in place of its network, one after the other.
#[derive(Debug)]
pub struct Simulated {
    hub: Arc<Hub>,
    shared: Arc<Shared>,
    errands: mpsc::Sender<Errand>,
}

impl Simulated {
    /// Starts a simulated network.
    ///
    /// # Errors
    /// When the system provides no thread.
    pub fn start(config: SimulatedConfig) -> io::Result<Self> {
        let hub = Hub::new(config.state(0));
        let shared = Arc::new(Shared::new(config.params(), config.nodes));
        let (errands, receiver) = mpsc::channel(ERRANDS);
        let driver = Driver::new(receiver, Arc::clone(&shared))?;
        let theatre = Theatre { config, hub: Arc::clone(&hub), shared: Arc::clone(&shared), driver };
        // the networks stay on this thread from begin to end
        thread::Builder::new().name("simulation".into()).spawn(move || theatre.run())?;
        Ok(Self { hub, shared, errands })
    }

    /// Runs a simulated network for a virtual time as fast as possible, and writes its events. It ends early, with a record
    /// that is whole, once `goes_on` returns false.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn record(
        config: &SimulatedConfig,
        time: Duration,
        recorder: Recorder,
        goes_on: impl Fn() -> bool,
    ) -> io::Result<()> {
        let hub = Hub::new(config.state(0));
        hub.record(recorder)?;
        let mut director = Director::with_hub(config, Arc::clone(&hub));
        while director.now() < time && goes_on() && !hub.has_failed() {
            director.run_to(time.min(director.now() + RECORD_SLICE));
        }
        hub.end_record()
    }

    /// Runs a trial of an attack as fast as possible, at most for a virtual time, and writes its events. `recorder`
    /// makes the record once it is certain that there is a trial, so that a request that makes no sense leaves no file.
    /// It ends early, with a record that is whole, once `goes_on` returns false.
    ///
    /// # Errors
    /// When the attack cannot be shown as asked for ([`io::ErrorKind::InvalidInput`]), or the record cannot be made or
    /// written.
    #[cfg(feature = "attacks")]
    #[cfg_attr(docsrs, doc(cfg(feature = "attacks")))]
    pub fn record_attack(
        request: &AttackRequest,
        time: Duration,
        recorder: impl FnOnce() -> io::Result<Recorder>,
        goes_on: impl Fn() -> bool,
    ) -> io::Result<()> {
        let unfit = |refusal: Refusal| io::Error::new(io::ErrorKind::InvalidInput, refusal);
        let staged = Staged::new(request).map_err(unfit)?;
        let recorder = recorder()?;
        // the first run of this hub is that of the trial; nobody has seen the one before
        let hub = Hub::new(SimulatedConfig::new(0).state(0));
        let (mut recorder, mut began) = (Some(recorder), Ok(()));
        let mut begin = |_: &ChainParams, _, state| {
            hub.begin(state);
            began = recorder.take().map_or(Ok(()), |recorder| hub.record(recorder));
        };
        let mut drive = |director: &mut Director| {
            let end = director.limit.min(time);
            while director.now() < end && director.goes_on() && goes_on() && !hub.has_failed() {
                director.run_to(end.min(director.now() + RECORD_SLICE));
            }
            director.now() >= director.limit
        };
        drop(Showing::new(&staged, 0, &hub, &mut begin, &mut drive).run());
        began?;
        hub.end_record()
    }

    /// Returns the attacks that can be shown; none without the feature `attacks`.
    pub fn attacks(&self) -> &'static [AttackInfo] {
        #[cfg(feature = "attacks")]
        return attacks();
        #[cfg(not(feature = "attacks"))]
        &[]
    }

    /// Returns the hub.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Returns the parameters of the network that is shown at present.
    pub fn params(&self) -> ChainParams {
        self.shared.params()
    }

    /// Returns a node to ask; `None` if there is no such node.
    pub fn node(&self, node: usize) -> Option<SimulatedNode> {
        (node < self.nodes()).then(|| SimulatedNode { node, errands: self.errands.clone() })
    }

    /// Returns the number of nodes.
    pub fn nodes(&self) -> usize {
        self.shared.nodes()
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
