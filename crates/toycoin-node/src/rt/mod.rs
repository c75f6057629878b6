//! The upper half: tokio, sockets, clocks and threads around the machines of the lower half.

mod builder;
mod driver;
mod events_since;
mod hash_rate;
mod listener;
mod miner;
mod node;
mod relay;
mod relay_state;
mod transport;

pub use builder::NodeBuilder;
pub use events_since::{BlockEvent, EventsSince};
pub use listener::{Listener, ListenerEvent};
pub use node::{NodeError, NodeHandle};
pub use relay::{RelayHandle, RelayServer};
pub use relay_state::RelayState;
pub use transport::{SendError, TransportEvent, TransportHandle, transport};
