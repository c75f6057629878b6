//! What strangers can send, as functions of bytes. Each asserts more than that nothing panics.
//!
//! A fuzzer calls them (`fuzz_targets/`), and so does a test of `toycoin-node` with random bytes, on any compiler.
//!
//! ```text
//!   frames          a stream cut in any way gives the same frames; memory stays within twice what has arrived
//!   relay_messages  what decodes encodes to the same frame
//!   node_messages   what decodes encodes to the same payload
//!   relay_machine   a conversation of many clients: bounds hold, and nothing is left when all are gone
//!   node_machine    a conversation with many peers: bounds hold, the supply adds up, two runs are equal
//!   records         what the store reads it writes again, and no flipped bit goes unnoticed
//!   exports         what is read of an export is shown as it was written
//!   filters         what decodes is what a slow reader finds, and has no other encoding
//!   proofs          no proof that is accepted says other than the chain, and what is read is written again
//!   signatures      every path of this machine accepts the batches that single verification accepts
//!   key_file        what is read of a wallet's file is written again, and what opens has the account that it names
//!   receipts        what is read of a receipt is shown with the same meaning, and verified without a panic
//!   texts           addresses, amounts and hashes: what is read is shown as it was written
//! ```

mod exports;
mod filters;
mod frames;
mod key_file;
mod messages;
mod node;
mod proofs;
mod receipts;
#[cfg(feature = "redb")]
mod records;
mod relay;
mod script;
mod signatures;
mod texts;

#[cfg(feature = "redb")]
pub use self::records::records;
pub use self::{
    exports::exports,
    filters::filters,
    frames::frames,
    key_file::key_file,
    messages::{node_messages, relay_messages},
    node::node_machine,
    proofs::proofs,
    receipts::receipts,
    relay::relay_machine,
    signatures::signatures,
    texts::texts,
};
