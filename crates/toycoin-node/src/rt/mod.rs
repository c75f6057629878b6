//! The upper half: tokio, sockets, clocks and threads around the machines of the lower half.

mod relay;
mod transport;

pub use relay::{RelayHandle, RelayServer};
pub use transport::{SendError, TransportEvent, TransportHandle, transport};
