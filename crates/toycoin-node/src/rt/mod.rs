//! The upper half of the crate: tokio, sockets, clocks and threads around the machines of the lower half.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "clocks, threads and randomness come from here"
)]

mod builder;
mod clock;
mod connections;
mod driver;
mod error;
mod events_since;
mod farewell;
mod hash_rate;
mod life;
pub mod light;
mod listener;
mod meeting;
mod mesh;
mod message;
mod miner;
mod node;
mod queries;
mod relay;
mod relay_state;
mod relays;
#[cfg(feature = "redb")]
mod snapshot;
mod transport;
mod wires;

pub use self::{
    builder::NodeBuilder,
    error::{ExportError, PaymentError, RelayError, SinceError, SpawnError, Stopped},
    events_since::{BlockEvent, EventsSince},
    listener::{Listener, ListenerEvent},
    mesh::{Full, MeshCommand, MeshCommands, MeshEnd, MeshEvent, MeshPort, MeshTeller, mesh_port},
    node::NodeHandle,
    relay::{RelayEvents, RelayHandle, RelayServer, RelayStatsReader},
    relay_state::RelayState,
};

#[cfg(feature = "redb")]
pub use self::snapshot::{
    SnapshotProgress, SnapshotSync, SnapshotSyncError, Validation, ValidationError, run_snapshot_job,
};

use self::transport::{TransportEvent, TransportHandle, transport};
