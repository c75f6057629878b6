//! Messages between nodes. Each travels as the payload of a relay's envelope: a tag, then a body.
//!
//! ```text
//!   payload:  tag: 4 ASCII bytes | body        a relay does not look inside
//! ```
//!
//! A payload's cap is that of its tag, and is checked before the body is read. An unknown tag is not an error, because
//! other programs may use the same channel. Neither is a `STAT` of another version.

mod address;
mod compact;
mod light;
mod message;
mod payload;
mod requests;
mod snapshot;
mod status;
#[cfg(test)]
mod tests;

pub use self::{
    address::NodeAddress,
    compact::{BlockTransactions, GetBlockTransactions},
    light::{GetAncestors, GetFilters, GetProof, GetReceipts},
    message::NodeMessage,
    payload::{Payload, PayloadError},
    requests::{GetHeaders, Reject},
    snapshot::{Chunk, GetChunk},
    status::{Status, VERSION},
};
