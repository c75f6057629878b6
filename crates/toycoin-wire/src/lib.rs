//! The wire protocol of toycoin: frames and messages, between typed values and byte streams.
//!
//! ```text
//! length: u32 big-endian | tag: 4 ASCII bytes | body          length counts tag and body
//! ```
//!
//! docs/protocol.md describes the protocol on one page. Two layers share one codec. The [`relay`] layer carries
//! envelopes between a relay and its clients. The node layer carries the nodes' gossip inside these envelopes.
//! Everything here is pure: there is no socket and no clock. Every length from outside is checked against [`limits`]
//! before anything is allocated.
//!
//! ```
//! use toycoin_wire::{ChannelRef, FrameDecoder, Reader, relay::{Publish, RelayMessage}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let hello = toycoin_wire::relay::Hello { node_id: toycoin_wire::NodeId::new([7; 16]), agent: "example/1" };
//! let publish = Publish { channel: ChannelRef::new("/topic/main")?, to: None, payload: b"hello" };
//! let mut stream = RelayMessage::Hello(hello).to_frame()?;
//! RelayMessage::Publish(publish).append_frame(&mut stream)?;
//!
//! let mut decoder = FrameDecoder::new(Reader::Relay);
//! let mut messages = Vec::new();
//! for piece in stream.chunks(5) {
//!     let mut input = piece;
//!     while let Some(frame) = decoder.next_frame(&mut input)? {
//!         messages.push(RelayMessage::decode(frame)?.tag().to_string());
//!     }
//! }
//! assert_eq!(messages, ["HELO", "PUBL"]);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(clippy::indexing_slicing)]
#![cfg_attr(test, allow(clippy::indexing_slicing))]

pub mod codec;
mod error;
mod frame;
pub mod limits;
pub mod machine;
pub mod node;
mod printable;
pub mod relay;
mod tag;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;

pub use error::{DecodeError, EncodeError, FrameError};
pub use frame::{Frame, FrameDecoder, Reader};
pub use node::{NodeMessage, Payload, PayloadError};
pub use printable::printable;
pub use relay::{Channel, ChannelError, ChannelRef, NodeId};
pub use tag::Tag;

/// The example of the README, as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
