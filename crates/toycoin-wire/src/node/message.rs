//! A message between nodes.

use toycoin_core::{
    Block, BlockHash, Header, Transaction, Txid,
    compact::CompactBlock,
    filter::BlockFilter,
    proof::{AncestryProof, MAX_SLICES, Receipt, WorkProof},
    snapshot::{CHUNK_COINS, MAX_CHUNKS, Manifest},
};

use super::{
    BlockTransactions, Chunk, GetAncestors, GetBlockTransactions, GetChunk, GetFilters, GetHeaders, GetProof,
    GetReceipts, NodeAddress, Payload, PayloadError, Reject, Status, VERSION, address::longest_peer_id,
};
use crate::{Tag, codec, error::EncodeError, limits};

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
    /// A block with short ids in place of its payments, `CBLK`.
    CompactBlock(CompactBlock),
    /// A request for payments of a compact block, `GBTX`: at most 4,000 places.
    GetBlockTransactions(GetBlockTransactions),
    /// Payments of a compact block, `BTXS`: at most 4,000.
    BlockTransactions(BlockTransactions),
    /// A request for a proof of work, `GPRF`.
    GetProof(GetProof),
    /// A proof of work, `PROF`.
    Proof(WorkProof),
    /// A request for a proof that headers are ancestors of a tip, `GANC`: at most 128 hashes.
    GetAncestors(GetAncestors),
    /// A proof that headers are ancestors of a tip, `ANCS`.
    Ancestors(AncestryProof),
    /// A request for receipts, `GTXP`: at most 64 ids.
    GetReceipts(GetReceipts),
    /// Receipts, `TXPR`: at most 64.
    Receipts(Vec<Receipt>),
    /// A request for block filters, `GFIL`.
    GetFilters(GetFilters),
    /// Filters of neighbouring blocks, `FILT`: at most 1,000.
    Filters(Vec<BlockFilter>),
    /// A request for a snapshot's manifest, `GSNP`, by the hash of its block. Zeros ask for the newest snapshot.
    GetManifest(BlockHash),
    /// A snapshot's manifest, `SNPM`: at most 32,768 chunks.
    Manifest(Manifest),
    /// A request for a chunk of a snapshot, `GCHK`.
    GetChunk(GetChunk),
    /// A chunk of a snapshot, `CHNK`: at most 4,096 coins.
    Chunk(Chunk),
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
            Self::CompactBlock(_) => Tag::CBLK,
            Self::GetBlockTransactions(_) => Tag::GBTX,
            Self::BlockTransactions(_) => Tag::BTXS,
            Self::GetProof(_) => Tag::GPRF,
            Self::Proof(_) => Tag::PROF,
            Self::GetAncestors(_) => Tag::GANC,
            Self::Ancestors(_) => Tag::ANCS,
            Self::GetReceipts(_) => Tag::GTXP,
            Self::Receipts(_) => Tag::TXPR,
            Self::GetFilters(_) => Tag::GFIL,
            Self::Filters(_) => Tag::FILT,
            Self::GetManifest(_) => Tag::GSNP,
            Self::Manifest(_) => Tag::SNPM,
            Self::GetChunk(_) => Tag::GCHK,
            Self::Chunk(_) => Tag::CHNK,
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
            Self::CompactBlock(message) => codec::encode_into(&mut out, message, cap)?,
            Self::GetBlockTransactions(message) => codec::encode_into(&mut out, message, cap)?,
            Self::BlockTransactions(message) => codec::encode_into(&mut out, message, cap)?,
            Self::GetProof(message) => codec::encode_into(&mut out, message, cap)?,
            Self::Proof(message) => codec::encode_into(&mut out, message, cap)?,
            Self::GetAncestors(message) => codec::encode_into(&mut out, message, cap)?,
            Self::Ancestors(message) => codec::encode_into(&mut out, message, cap)?,
            Self::GetReceipts(message) => codec::encode_into(&mut out, message, cap)?,
            Self::Receipts(message) => codec::encode_into(&mut out, message, cap)?,
            Self::GetFilters(message) => codec::encode_into(&mut out, message, cap)?,
            Self::Filters(message) => codec::encode_into(&mut out, message, cap)?,
            Self::GetManifest(message) => codec::encode_into(&mut out, message, cap)?,
            Self::Manifest(message) => codec::encode_into(&mut out, message, cap)?,
            Self::GetChunk(message) => codec::encode_into(&mut out, message, cap)?,
            Self::Chunk(message) => codec::encode_into(&mut out, message, cap)?,
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
            Tag::CBLK => Self::CompactBlock(codec::decode(body, cap).map_err(malformed)?),
            Tag::GBTX => Self::GetBlockTransactions(codec::decode(body, cap).map_err(malformed)?),
            Tag::BTXS => Self::BlockTransactions(codec::decode(body, cap).map_err(malformed)?),
            Tag::GPRF => Self::GetProof(codec::decode(body, cap).map_err(malformed)?),
            Tag::PROF => Self::Proof(codec::decode(body, cap).map_err(malformed)?),
            Tag::GANC => Self::GetAncestors(codec::decode(body, cap).map_err(malformed)?),
            Tag::ANCS => Self::Ancestors(codec::decode(body, cap).map_err(malformed)?),
            Tag::GTXP => Self::GetReceipts(codec::decode(body, cap).map_err(malformed)?),
            Tag::TXPR => Self::Receipts(codec::decode(body, cap).map_err(malformed)?),
            Tag::GFIL => Self::GetFilters(codec::decode(body, cap).map_err(malformed)?),
            Tag::FILT => Self::Filters(codec::decode(body, cap).map_err(malformed)?),
            Tag::GSNP => Self::GetManifest(codec::decode(body, cap).map_err(malformed)?),
            Tag::SNPM => Self::Manifest(codec::decode(body, cap).map_err(malformed)?),
            Tag::GCHK => Self::GetChunk(codec::decode(body, cap).map_err(malformed)?),
            Tag::CHNK => Self::Chunk(codec::decode(body, cap).map_err(malformed)?),
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
            Self::GetBlockTransactions(request) => (request.places.len(), limits::MAX_BLOCK_PLACES),
            Self::BlockTransactions(answer) => (answer.transactions.len(), limits::MAX_BLOCK_PLACES),
            Self::GetProof(request) => (usize::from(request.slices), usize::from(MAX_SLICES)),
            Self::GetAncestors(request) => (request.blocks.len(), limits::MAX_ANCESTORS),
            Self::Ancestors(proof) => (proof.items.len(), limits::MAX_ANCESTORS),
            Self::GetReceipts(request) => (request.transactions.len(), limits::MAX_RECEIPTS),
            Self::Receipts(receipts) => (receipts.len(), limits::MAX_RECEIPTS),
            Self::Filters(filters) => (filters.len(), limits::MAX_FILTERS),
            Self::Manifest(manifest) => (manifest.chunks.len(), MAX_CHUNKS),
            Self::Chunk(chunk) => (chunk.coins.len(), CHUNK_COINS),
            // the rules limit what these contain, and so does the cap of their payload
            Self::Status(_)
            | Self::Transaction(_)
            | Self::Block(_)
            | Self::GetAddresses
            | Self::CompactBlock(_)
            | Self::Proof(_)
            | Self::GetFilters(_)
            | Self::GetManifest(_)
            | Self::GetChunk(_) => return None,
        };
        if count > cap { Some((count, cap)) } else { None }
    }
}
