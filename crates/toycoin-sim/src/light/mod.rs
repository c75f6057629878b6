//! Light clients as participants of a network.
//!
//! ```text
//!   links, mesh ──▶ LightClient ──▶ LightMachine      bytes and messages in, as a full node gets them
//!   links, mesh ◀── LightClient ◀── LightMachine      questions out; what it found is kept here
//! ```

mod client;
mod notebook;

pub use self::client::LightClient;
pub(crate) use self::notebook::Notebook;
