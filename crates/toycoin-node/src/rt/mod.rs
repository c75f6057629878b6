//! The upper half of the crate: tokio, sockets, clocks and threads around the machines of the lower half.

mod builder;
mod clock;
mod connections;
mod driver;
mod error;
mod events_since;
mod hash_rate;
mod life;
mod listener;
mod message;
mod miner;
mod node;
mod relay;
mod relay_state;
mod relays;
mod transport;

pub use builder::NodeBuilder;
pub use error::{ExportError, PaymentError, RelayError, SinceError, SpawnError, Stopped};
pub use events_since::{BlockEvent, EventsSince};
pub use listener::{Listener, ListenerEvent};
pub use node::NodeHandle;
pub use relay::{RelayHandle, RelayServer};
pub use relay_state::RelayState;
use transport::{TransportEvent, TransportHandle, transport};
