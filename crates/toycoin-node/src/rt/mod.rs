//! The upper half: tokio, sockets, clocks and threads around the machines of the lower half.

mod relay;

pub use relay::{RelayHandle, RelayServer};
