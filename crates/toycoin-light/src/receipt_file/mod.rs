//! Receipts in files: what somebody hands to whom they paid, to be checked without a network.

mod error;
mod file;
mod headers;
mod read;
mod shown;
mod transaction;
mod verify;

pub use self::{
    error::ReceiptFileError,
    file::{FileAncestry, MAX_RECEIPT, MAX_RECEIPT_HEADERS, RECEIPT_VERSION, ReceiptFile},
    shown::{Shown, ShownWork},
};
