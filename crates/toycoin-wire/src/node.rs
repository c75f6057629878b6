//! Messages between nodes, which travel as the payload of a relay's envelope: a tag, then a body.
//!
//! ```text
//!   payload:  tag: 4 ASCII bytes | body        a relay does not look inside
//! ```
//!
//! A payload's cap is that of its tag, looked up before a byte of the body is read. A tag that is not known is no error:
//! another program's messages may share the channel. Neither is another version's `STAT`.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toycoin_core::{Block, BlockHash, Header, Transaction, Txid};

use crate::{
    Tag, codec,
    error::{DecodeError, EncodeError},
    limits,
};

/// The version of the node layer, as `STAT` says it.
pub const VERSION: u16 = 1;

/// What a node says of itself: `STAT`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Which network.
    pub genesis: BlockHash,
    /// Its active chain's tip.
    pub tip: BlockHash,
    /// The tip's height.
    pub height: u64,
    /// The chain's work, big-endian.
    pub work: [u8; 32],
    /// Its clock: Unix milliseconds.
    pub time: u64,
}

/// Asks for the headers after the first block of the locator that the receiver has: `GHDR`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetHeaders {
    /// Hashes of the asker's chain, its tip first: at most 64.
    pub locator: Vec<BlockHash>,
    /// The last header wanted; zeros for as many as there are.
    pub stop: BlockHash,
}

/// Says which rule something broke: `RJCT`. Changes no state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reject {
    /// The block's or transaction's id.
    pub hash: [u8; 32],
    /// The rule's number.
    pub rule: u16,
    /// In words, at most 128 bytes.
    pub text: String,
}

/// A message between nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeMessage {
    /// `STAT`
    Status(Status),
    /// `TXN `
    Transaction(Transaction),
    /// `BLOC`
    Block(Block),
    /// `GHDR`
    GetHeaders(GetHeaders),
    /// `HDRS`: at most 2,000, each on the one before.
    Headers(Vec<Header>),
    /// `GBLK`: at most 16 hashes.
    GetBlocks(Vec<BlockHash>),
    /// `NOTF`: the hashes of what was asked for and is not held.
    NotFound(Vec<[u8; 32]>),
    /// `GTXN`: at most 128 ids.
    GetTransactions(Vec<Txid>),
    /// `RJCT`
    Reject(Reject),
}

/// What a payload holds.
#[expect(clippy::large_enum_variant, reason = "it lives briefly, and nearly all are messages")]
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// A message of this version.
    Message(NodeMessage),
    /// Something with a tag that is not known: to be ignored, at any size.
    Unknown(Tag),
    /// The status of another version, of which no more was read: to be ignored.
    OtherVersion(u16),
}

/// What is wrong with a payload.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// Fewer than four bytes.
    #[error("payload of {length} bytes has no tag")]
    NoTag {
        /// How many bytes there are.
        length: usize,
    },
    /// More bytes than the tag allows.
    #[error("{tag} of {length} bytes, at most {cap} are allowed")]
    TooLarge {
        /// The tag.
        tag: Tag,
        /// Its length, the tag included.
        length: usize,
        /// What is allowed.
        cap: usize,
    },
    /// More items than the message may have.
    #[error("{tag} with {count} items, at most {cap} are allowed")]
    TooMany {
        /// The tag.
        tag: Tag,
        /// How many it has.
        count: usize,
        /// How many are allowed.
        cap: usize,
    },
    /// The body is not the tag's message.
    #[error("malformed {tag}: {error}")]
    Malformed {
        /// The tag.
        tag: Tag,
        /// Why.
        error: DecodeError,
    },
}

impl PayloadError {
    /// Returns whether no honest peer sends such a thing: always, but for a payload without a tag, which any program on
    /// the channel may send.
    pub const fn is_misbehaviour(&self) -> bool {
        !matches!(self, Self::NoTag { .. })
    }
}

impl NodeMessage {
    /// Returns the tag that its payload begins with.
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
        }
    }

    /// Returns the payload.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLarge`] and [`EncodeError::TooMany`] for what no receiver would take.
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
        }
        Ok(out)
    }

    /// Reads a payload.
    ///
    /// # Errors
    ///
    /// [`PayloadError`] for a body that is not its tag's message, or more than it may be.
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
            _ => return Ok(Payload::Unknown(tag)),
        };
        match message.excess() {
            Some((count, cap)) => Err(PayloadError::TooMany { tag, count, cap }),
            None => Ok(Payload::Message(message)),
        }
    }

    /// Returns how many items its list has, or bytes its text, and how many are allowed, if that is fewer.
    const fn excess(&self) -> Option<(usize, usize)> {
        let (count, cap) = match self {
            Self::GetHeaders(request) => (request.locator.len(), limits::MAX_LOCATOR),
            Self::Headers(headers) => (headers.len(), limits::MAX_HEADERS),
            Self::GetBlocks(hashes) => (hashes.len(), limits::MAX_GET_BLOCKS),
            Self::NotFound(hashes) => (hashes.len(), limits::MAX_GET_TRANSACTIONS),
            Self::GetTransactions(txids) => (txids.len(), limits::MAX_GET_TRANSACTIONS),
            Self::Reject(reject) => (reject.text.len(), limits::MAX_REJECT_TEXT),
            // rules bound what these hold, and their payload's cap does
            Self::Status(_) | Self::Transaction(_) | Self::Block(_) => return None,
        };
        if count > cap { Some((count, cap)) } else { None }
    }
}

#[cfg(test)]
mod tests;
