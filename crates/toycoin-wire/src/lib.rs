//! Frames and messages of toycoin: bytes in any split become typed messages, and back.
//!
//! ```text
//! length: u32 big-endian | tag: 4 ASCII bytes | body          length counts tag and body
//! ```

#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing))]

pub mod codec;
mod error;
pub mod limits;
pub mod relay;
mod tag;

pub use error::{DecodeError, EncodeError, FrameError};
pub use relay::{Channel, ChannelError, ChannelRef, NodeId};
pub use tag::Tag;
