//! All limits of the wire protocol.
//!
//! A frame's `length` counts its tag and its body. Caps on `length` below are caps on that number.

#[doc(inline)]
pub use toycoin_core::chain::MAX_LOCATOR;

use crate::Tag;

/// Bytes before a frame's body: length and tag.
pub const FRAME_HEADER: usize = 8;

/// Bytes of a tag, which a frame's `length` counts.
pub const TAG_SIZE: usize = 4;

/// Cap on `length` of `HELO`.
pub const MAX_HELLO: u32 = 512;

/// Cap on `length` of `PUBL` and `DELV`: 2 MiB.
pub const MAX_ENVELOPE: u32 = 2 << 20;

/// Cap on `length` of every other frame of the relay layer: 4 KiB.
pub const MAX_CONTROL: u32 = 4 << 10;

/// Cap on `length` of a frame with an unknown tag, which is skipped: 64 KiB.
pub const MAX_UNKNOWN: u32 = 64 << 10;

/// Most bytes of the payload in a `PUBL` or `DELV`: 1.5 MiB, so that no accepted `PUBL` makes an oversized `DELV`.
pub const MAX_PAYLOAD: usize = 3 << 19;

/// Most bytes of an agent, the name and version of a program.
pub const MAX_AGENT: usize = 64;

/// Most bytes of a channel's name.
pub const MAX_CHANNEL: usize = 64;

/// Most bytes of the reason in a `GBYE` that is sent.
pub const MAX_REASON: usize = 256;

/// Most bytes that the codec decodes, whatever limit it is given: 4 MiB.
pub const MAX_DECODE: usize = 4 << 20;

// ---- node layer: caps on a payload, including its tag

/// Most bytes of a block's payload: 1.25 MiB. A valid block encodes to up to 8 % more than its size by formula.
pub const MAX_BLOCK_PAYLOAD: usize = 5 << 18;

/// Most bytes of a transaction's payload: 128 KiB. The largest transaction encodes to 16 bytes more than its size by
/// formula, tag included. The network can therefore relay any transaction that a block may hold.
pub const MAX_TRANSACTION_PAYLOAD: usize = 128 << 10;

const _: () = assert!(toycoin_core::Transaction::MAX_SIZE + 16 <= MAX_TRANSACTION_PAYLOAD as u64);

/// Most bytes of a payload of headers: 257 KiB.
pub const MAX_HEADERS_PAYLOAD: usize = 257 << 10;

/// Most bytes of any other known payload: 16 KiB.
pub const MAX_SMALL_PAYLOAD: usize = 16 << 10;

/// Most headers per message.
pub const MAX_HEADERS: usize = 2_000;

/// Most blocks per request.
pub const MAX_GET_BLOCKS: usize = 16;

/// Most transactions per request.
pub const MAX_GET_TRANSACTIONS: usize = 128;

/// Most bytes of the text in a `RJCT`.
pub const MAX_REJECT_TEXT: usize = 128;

/// Most addresses per message.
pub const MAX_ADDRESSES: usize = 64;

/// Most bytes of a peer id in an address: those of an identity multihash of a public key of 36 bytes, or of a SHA-256
/// multihash, with room to spare.
pub const MAX_PEER_ID: usize = 42;

/// Most bytes of a payload of ancestors, which 128 of them need at any height: 256 KiB.
pub const MAX_ANCESTORS_PAYLOAD: usize = 256 << 10;

/// Most bytes of a payload of block filters: 1 MiB.
pub const MAX_FILTERS_PAYLOAD: usize = 1 << 20;

/// Most bytes of a payload with a chunk of a snapshot, whose 4,096 coins take 344 kB: 512 KiB.
pub const MAX_CHUNK_PAYLOAD: usize = 512 << 10;

/// Most payments of a compact block per request, and per answer. Who lacks more asks for the whole block.
pub const MAX_BLOCK_PLACES: usize = 4_000;

/// Most headers in a proof of ancestry, and in a request for one.
pub const MAX_ANCESTORS: usize = 128;

/// Most receipts per message, and per request.
pub const MAX_RECEIPTS: usize = 64;

/// Most block filters per message.
pub const MAX_FILTERS: usize = 1_000;

/// Returns the most bytes of a payload with this tag, including the tag, or `None` if the tag is unknown.
pub const fn payload_cap(tag: Tag) -> Option<usize> {
    match tag {
        // proofs and manifests are bounded as blocks are
        Tag::BLOC | Tag::CBLK | Tag::BTXS | Tag::PROF | Tag::TXPR | Tag::SNPM => Some(MAX_BLOCK_PAYLOAD),
        Tag::FILT => Some(MAX_FILTERS_PAYLOAD),
        Tag::CHNK => Some(MAX_CHUNK_PAYLOAD),
        Tag::ANCS => Some(MAX_ANCESTORS_PAYLOAD),
        Tag::TXN => Some(MAX_TRANSACTION_PAYLOAD),
        Tag::HDRS => Some(MAX_HEADERS_PAYLOAD),
        Tag::STAT | Tag::GHDR | Tag::GBLK | Tag::NOTF | Tag::GTXN | Tag::RJCT | Tag::GADR | Tag::ADDR => {
            Some(MAX_SMALL_PAYLOAD)
        }
        Tag::GBTX | Tag::GPRF | Tag::GANC | Tag::GTXP | Tag::GFIL | Tag::GSNP | Tag::GCHK => Some(MAX_SMALL_PAYLOAD),
        _ => None,
    }
}
