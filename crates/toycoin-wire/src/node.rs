//! Messages between nodes. Each travels as the payload of a relay's envelope: a tag, then a body.
//!
//! ```text
//!   payload:  tag: 4 ASCII bytes | body        a relay does not look inside
//! ```
//!
//! A payload's cap is that of its tag, and is checked before the body is read. An unknown tag is not an error, because
//! other programs may use the same channel. Neither is a `STAT` of another version.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toycoin_core::{Block, BlockHash, Header, Transaction, Txid};

use crate::{
    Tag, codec,
    error::{DecodeError, EncodeError},
    limits,
};

/// The version of the node layer, as `STAT` carries it.
pub const VERSION: u16 = 1;

/// The status of a node, `STAT`: its network and its best chain. It is the node layer's handshake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The hash of genesis, which identifies the network.
    pub genesis: BlockHash,
    /// The hash of the active chain's tip.
    pub tip: BlockHash,
    /// The height of the tip.
    pub height: u64,
    /// The work of the active chain, big-endian.
    pub work: [u8; 32],
    /// The node's clock, in Unix milliseconds.
    pub time: u64,
}

/// A request for headers, `GHDR`: those after the first block of the locator that is on the receiver's active chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetHeaders {
    /// The block locator: hashes of the sender's chain, its tip first, at most 64.
    pub locator: Vec<BlockHash>,
    /// The last header wanted. Zeros ask for as many as possible.
    pub stop: BlockHash,
}

/// A reject, `RJCT`: it reports the rule that a block or a transaction broke. It changes no state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The id of the block or the transaction.
    pub hash: [u8; 32],
    /// The rule's number.
    pub rule: u16,
    /// The reason in words, at most 128 bytes.
    pub text: String,
}

/// An address in an `ADDR`: where a node listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAddress {
    /// The node's peer id, as libp2p writes it in bytes, at most 42.
    pub peer: Vec<u8>,
    /// The IP address; IPv4 is mapped into IPv6.
    pub ip: [u8; 16],
    /// The TCP port.
    pub port: u16,
    /// When the node was last seen there, in hours since the Unix epoch.
    pub seen: u32,
}

/// A message between nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeMessage {
    /// The status of a node, `STAT`.
    Status(Status),
    /// A transaction, `TXN `.
    Transaction(Transaction),
    /// A block, `BLOC`.
    Block(Block),
    /// A request for headers, `GHDR`.
    GetHeaders(GetHeaders),
    /// Headers, `HDRS`: at most 2,000, each the child of the one before.
    Headers(Vec<Header>),
    /// A request for blocks, `GBLK`: at most 16 hashes.
    GetBlocks(Vec<BlockHash>),
    /// The hashes of requested blocks or transactions that the sender does not have, `NOTF`.
    NotFound(Vec<[u8; 32]>),
    /// A request for transactions, `GTXN`: at most 128 ids.
    GetTransactions(Vec<Txid>),
    /// A report of a broken rule, `RJCT`.
    Reject(Reject),
    /// A request for addresses of nodes, `GADR`. It is asked of a peer that is connected directly.
    GetAddresses,
    /// Addresses of nodes, `ADDR`: at most 64.
    Addresses(Vec<NodeAddress>),
}

/// The content of a payload.
#[expect(clippy::large_enum_variant, reason = "it lives briefly, and nearly all are messages")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// A message of this protocol version.
    Message(NodeMessage),
    /// A payload with an unknown tag, of any size. The receiver ignores it.
    Unknown(Tag),
    /// The status of a node with another protocol version, which was not read further. The receiver ignores it.
    OtherVersion(u16),
}

/// The reason why a payload is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The payload has fewer than 4 bytes.
    #[error("payload of {length} bytes has no tag")]
    NoTag {
        /// The payload's length, in bytes.
        length: usize,
    },
    /// The payload is larger than its tag allows.
    #[error("{tag} of {length} bytes, at most {cap} are allowed")]
    TooLarge {
        /// The tag.
        tag: Tag,
        /// The payload's length including the tag, in bytes.
        length: usize,
        /// The largest length that is allowed, in bytes.
        cap: usize,
    },
    /// The message has more items than it may.
    #[error("{tag} with {count} items, at most {cap} are allowed")]
    TooMany {
        /// The tag.
        tag: Tag,
        /// The number of its items.
        count: usize,
        /// The largest number of items that is allowed.
        cap: usize,
    },
    /// The body is not a message of its tag.
    #[error("malformed {tag}: {error}")]
    Malformed {
        /// The tag.
        tag: Tag,
        /// The reason.
        error: DecodeError,
    },
}

impl PayloadError {
    /// Returns whether the error shows misbehaviour of a peer: true, except for a payload without a tag, which any
    /// program on the channel may send.
    pub const fn is_misbehaviour(&self) -> bool {
        !matches!(self, Self::NoTag { .. })
    }
}

impl NodeMessage {
    /// Returns the tag of the message's payload.
    pub const fn tag(&self) -> Tag {
        match self {
            Self::Status(_) => Tag::STAT,
            Self::Transaction(_) => Tag::TXN,
            Self::Block(_) => Tag::BLOC,
            Self::GetHeaders(_) => Tag::GHDR,
            Self::Headers(_) => Tag::HDRS,
            Self::GetBlocks(_) => Tag::GBLK,
            Self::NotFound(_) => Tag::NOTF,
            Self::GetTransactions(_) => Tag::GTXN,
            Self::Reject(_) => Tag::RJCT,
            Self::GetAddresses => Tag::GADR,
            Self::Addresses(_) => Tag::ADDR,
        }
    }

    /// Encodes the message as a payload.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`] or [`EncodeError::TooMany`] if no receiver would accept the message.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let tag = self.tag();
        if let Some((count, cap)) = self.excess() {
            return Err(EncodeError::TooMany { tag, count, cap });
        }
        let mut out = tag.to_bytes().to_vec();
        let cap = limits::payload_cap(tag).unwrap_or(limits::MAX_PAYLOAD).saturating_sub(limits::TAG_SIZE);
        match self {
            Self::Status(status) => codec::encode_into(&mut out, &(VERSION, status), cap)?,
            Self::Transaction(transaction) => codec::encode_into(&mut out, transaction, cap)?,
            Self::Block(block) => codec::encode_into(&mut out, block, cap)?,
            Self::GetHeaders(request) => codec::encode_into(&mut out, request, cap)?,
            Self::Headers(headers) => codec::encode_into(&mut out, headers, cap)?,
            Self::GetBlocks(hashes) => codec::encode_into(&mut out, hashes, cap)?,
            Self::NotFound(hashes) => codec::encode_into(&mut out, hashes, cap)?,
            Self::GetTransactions(txids) => codec::encode_into(&mut out, txids, cap)?,
            Self::Reject(reject) => codec::encode_into(&mut out, reject, cap)?,
            Self::GetAddresses => {}
            Self::Addresses(addresses) => codec::encode_into(&mut out, addresses, cap)?,
        }
        Ok(out)
    }

    /// Parses a payload.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] if the payload is not a message of its tag, or exceeds its limits.
    pub fn decode(payload: &[u8]) -> Result<Payload, PayloadError> {
        let length = payload.len();
        let (tag, body) = payload.split_first_chunk().ok_or(PayloadError::NoTag { length })?;
        let tag = Tag::new(*tag);
        let Some(cap) = limits::payload_cap(tag) else { return Ok(Payload::Unknown(tag)) };
        if length > cap {
            return Err(PayloadError::TooLarge { tag, length, cap });
        }
        let malformed = |error| PayloadError::Malformed { tag, error };
        let message = match tag {
            Tag::STAT => {
                let (version, rest) = codec::decode_prefix::<u16>(body, cap).map_err(malformed)?;
                if version != VERSION {
                    return Ok(Payload::OtherVersion(version));
                }
                Self::Status(codec::decode(rest, cap).map_err(malformed)?)
            }
            Tag::TXN => Self::Transaction(codec::decode(body, cap).map_err(malformed)?),
            Tag::BLOC => Self::Block(codec::decode(body, cap).map_err(malformed)?),
            Tag::GHDR => Self::GetHeaders(codec::decode(body, cap).map_err(malformed)?),
            Tag::HDRS => Self::Headers(codec::decode(body, cap).map_err(malformed)?),
            Tag::GBLK => Self::GetBlocks(codec::decode(body, cap).map_err(malformed)?),
            Tag::NOTF => Self::NotFound(codec::decode(body, cap).map_err(malformed)?),
            Tag::GTXN => Self::GetTransactions(codec::decode(body, cap).map_err(malformed)?),
            Tag::RJCT => Self::Reject(codec::decode(body, cap).map_err(malformed)?),
            Tag::GADR => {
                codec::decode::<()>(body, cap).map_err(malformed)?;
                Self::GetAddresses
            }
            Tag::ADDR => Self::Addresses(codec::decode(body, cap).map_err(malformed)?),
            _ => return Ok(Payload::Unknown(tag)),
        };
        match message.excess() {
            Some((count, cap)) => Err(PayloadError::TooMany { tag, count, cap }),
            None => Ok(Payload::Message(message)),
        }
    }

    /// Returns the number of items in the message's list, or of bytes in its text, and the limit, if the limit is
    /// exceeded.
    fn excess(&self) -> Option<(usize, usize)> {
        let (count, cap) = match self {
            Self::GetHeaders(request) => (request.locator.len(), limits::MAX_LOCATOR),
            Self::Headers(headers) => (headers.len(), limits::MAX_HEADERS),
            Self::GetBlocks(hashes) => (hashes.len(), limits::MAX_GET_BLOCKS),
            Self::NotFound(hashes) => (hashes.len(), limits::MAX_GET_TRANSACTIONS),
            Self::GetTransactions(txids) => (txids.len(), limits::MAX_GET_TRANSACTIONS),
            Self::Reject(reject) => (reject.text.len(), limits::MAX_REJECT_TEXT),
            Self::Addresses(addresses) => match longest_peer_id(addresses) {
                length if length > limits::MAX_PEER_ID => (length, limits::MAX_PEER_ID),
                _ => (addresses.len(), limits::MAX_ADDRESSES),
            },
            // the rules limit what these contain, and so does the cap of their payload
            Self::Status(_) | Self::Transaction(_) | Self::Block(_) | Self::GetAddresses => return None,
        };
        if count > cap { Some((count, cap)) } else { None }
    }
}

/// Returns the length of the longest peer id, in bytes.
fn longest_peer_id(addresses: &[NodeAddress]) -> usize {
    addresses.iter().map(|address| address.peer.len()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
