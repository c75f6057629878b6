//! Building a light client.

use thiserror::Error;
use tokio::sync::mpsc;
use toycoin_core::{ChainParams, PublicKey, proof::MAX_SLICES};
use toycoin_light::machine::{LightConfig, LightMachine, Saved, SavedError};
use toycoin_wire::Channel;

use super::{LightClient, driver::Driver};
use crate::{
    limits::DRIVER_QUEUE,
    rt::{MeshPort, clock::Clock, meeting::Meeting},
};

/// The reason why a light client did not start.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LightError {
    /// The saved state cannot be used.
    #[error(transparent)]
    Saved(#[from] SavedError),
    /// The system provided no randomness.
    #[error("the system provides no randomness: {0}")]
    Randomness(String),
}

/// Builds a light client and starts it.
#[derive(Debug)]
pub struct LightBuilder {
    config: LightConfig,
    meeting: Meeting,
    owners: Vec<(PublicKey, u64)>,
    saved: Option<Saved>,
    is_seeded: bool,
}

impl LightBuilder {
    pub(super) fn new(params: ChainParams) -> Self {
        Self {
            meeting: Meeting::new(&params, concat!("toycoin-light/", env!("CARGO_PKG_VERSION"))),
            config: LightConfig::new(params, [0; 32]),
            owners: Vec::new(),
            saved: None,
            is_seeded: false,
        }
    }

    /// Connects to a relay at `address`, host and port. Further calls add further relays: the full nodes behind them
    /// are the servers, and more of them leave less room for lies.
    #[must_use]
    pub fn relay(mut self, address: impl Into<String>) -> Self {
        self.meeting.relay(address.into());
        self
    }

    /// Takes part in a mesh of peers without a relay, as [`NodeBuilder::mesh`](crate::NodeBuilder::mesh) does.
    #[must_use]
    pub fn mesh(mut self, port: MeshPort) -> Self {
        self.meeting.mesh(port);
        self
    }

    /// Uses another channel than `/topic/main`.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.meeting.channel(channel);
        self
    }

    /// Introduces itself to relays by this name; what is beyond 64 bytes is cut off.
    #[must_use]
    pub fn agent(mut self, agent: impl Into<String>) -> Self {
        self.meeting.agent(agent.into());
        self
    }

    /// Follows the payments of an owner, who was not paid below the height `birthday`. A birthday close to the tip saves
    /// the filters of all blocks before.
    #[must_use]
    pub fn watch(mut self, owner: PublicKey, birthday: u64) -> Self {
        self.owners.push((owner, birthday));
        self
    }

    /// Asks for proofs with this many slices an octave, 1 to 256. The default is 24.
    #[must_use]
    pub fn slices(mut self, slices: u16) -> Self {
        self.config.slices = slices.clamp(1, MAX_SLICES);
        self
    }

    /// Goes on from what an earlier client saved.
    #[must_use]
    pub fn resume(mut self, saved: Saved) -> Self {
        self.saved = Some(saved);
        self
    }

    /// Draws the client's random choices from this seed instead of the system's randomness. Who knows it can deceive
    /// the client.
    #[must_use]
    pub const fn seed(mut self, seed: [u8; 32]) -> Self {
        self.config.seed = seed;
        self.is_seeded = true;
        self
    }

    /// Starts the light client.
    ///
    /// # Errors
    /// When the saved state cannot be used, or the system provides no randomness.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(mut self) -> Result<LightClient, LightError> {
        if !self.is_seeded {
            getrandom::fill(&mut self.config.seed).map_err(|error| LightError::Randomness(error.to_string()))?;
        }
        let params = self.config.params.clone();
        let machine = match &self.saved {
            Some(saved) => LightMachine::resume(self.config, saved)?,
            None => LightMachine::new(self.config),
        };
        let (sender, messages) = mpsc::channel(DRIVER_QUEUE);
        let (events, received) = mpsc::channel(DRIVER_QUEUE);
        let (commands, commanded) = mpsc::channel(DRIVER_QUEUE);
        let wires = self.meeting.join(&machine.status(), &sender);
        let driver = Driver::new(machine, Clock::start(), wires, events);
        tokio::spawn(driver.run(self.owners, messages, commanded));
        Ok(LightClient::new(params, received, commands))
    }
}
