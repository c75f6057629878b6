//! The upper half: tokio, sockets, clocks and threads around the machines of the lower half.

mod driver;
mod miner;
mod node;
mod relay;
mod transport;

pub use node::{NodeBuilder, NodeError, NodeHandle};
pub use relay::{RelayHandle, RelayServer};
pub use transport::{SendError, TransportEvent, TransportHandle, transport};
