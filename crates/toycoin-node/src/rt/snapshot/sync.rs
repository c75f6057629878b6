//! A snapshot sync: from a network's parameters to a store that begins at a snapshot.

use std::{ops::ControlFlow, path::Path};

use tokio::{sync::mpsc, task};
use toycoin_core::{ChainParams, store::SnapshotRoot};
use toycoin_light::machine::snapshot::{Snapshot, SnapshotConfig, SnapshotMachine};
use toycoin_wire::Channel;

use super::{SnapshotProgress, SnapshotSyncError, driver::Driver};
use crate::{
    limits::DRIVER_QUEUE,
    rt::{MeshPort, clock::Clock, meeting::Meeting},
    store::{RedbStore, StoreError},
};

/// Fetches a snapshot from full nodes behind relays or on a mesh, and creates a store that begins there.
///
/// The nodes may lie: the work behind the tip is proved, the snapshot's block is tied to it, and each chunk is checked
/// when it comes (docs/light.md). One honest node is enough.
#[derive(Debug)]
pub struct SnapshotSync {
    config: SnapshotConfig,
    meeting: Meeting,
    is_seeded: bool,
}

impl SnapshotSync {
    /// Begins a sync on a network that has no relay and no mesh yet.
    pub fn new(params: ChainParams) -> Self {
        Self {
            meeting: Meeting::new(&params, concat!("toycoin-node/", env!("CARGO_PKG_VERSION"))),
            config: SnapshotConfig::new(params, [0; 32]),
            is_seeded: false,
        }
    }

    /// Connects to a relay at `address`, host and port. Further calls add further relays.
    #[must_use]
    pub fn relay(mut self, address: impl Into<String>) -> Self {
        self.meeting.relay(address.into());
        self
    }

    /// Takes part in a mesh of peers, as [`NodeBuilder::mesh`](crate::NodeBuilder::mesh) does.
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

    /// Refuses a snapshot with more coins than this: each takes 84 bytes while it comes, and some 250 bytes in the
    /// database.
    #[must_use]
    pub const fn most_coins(mut self, coins: u64) -> Self {
        self.config.most_coins = coins;
        self
    }

    /// Draws the random choices from this seed instead of the system's randomness. Who knows it can deceive the sync.
    #[must_use]
    pub const fn seed(mut self, seed: [u8; 32]) -> Self {
        self.config.seed = seed;
        self.is_seeded = true;
        self
    }

    /// Fetches a snapshot, and creates the store in `directory`. It waits for servers as long as it takes: dropping the
    /// future ends it, and leaves no store. `report` receives the progress.
    ///
    /// # Errors
    /// When the directory has a chain already, the disk fails, or there is no room.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub async fn run(
        mut self,
        directory: &Path,
        mut report: impl FnMut(SnapshotProgress),
    ) -> Result<Snapshot, SnapshotSyncError> {
        if !self.is_seeded {
            getrandom::fill(&mut self.config.seed).map_err(|error| SnapshotSyncError::Start(error.to_string()))?;
        }
        RedbStore::require_empty(directory)?;
        let params = self.config.params.clone();
        let machine = SnapshotMachine::new(self.config);
        let (sender, messages) = mpsc::channel(DRIVER_QUEUE);
        let wires = self.meeting.join(&machine.status(), &sender);
        let (clock, part) = (Clock::start(), None);
        let driver = Driver { machine, clock, wires, directory: directory.to_owned(), part, height: 0 };
        let (snapshot, mut part) = driver.run(messages, &mut report).await?;

        // the database is written on a thread for blocking work, and ends with this future
        let (progress, mut written) = mpsc::channel(1);
        let (place, taken) = (directory.to_owned(), snapshot.clone());
        let writing = task::spawn_blocking(move || {
            let root = root_of(&taken);
            let is_wanted = |coins: u64, of: u64| match progress.try_send((coins, of)) {
                Err(mpsc::error::TrySendError::Closed(_)) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            };
            RedbStore::begin_at_snapshot(&place, &params, &root, &taken.state, part.coins()?, is_wanted)
        });
        while let Some((coins, of)) = written.recv().await {
            report(SnapshotProgress::Writing { coins, of });
        }
        match writing.await {
            Ok(written) => written.map(|()| snapshot).map_err(SnapshotSyncError::Store),
            Err(error) => Err(SnapshotSyncError::Store(StoreError::Database(error.to_string()))),
        }
    }
}

fn root_of(snapshot: &Snapshot) -> SnapshotRoot {
    let Snapshot { header, work, previous, previous_work, .. } = snapshot;
    SnapshotRoot { previous: *previous, previous_work: *previous_work, header: *header, work: *work }
}
