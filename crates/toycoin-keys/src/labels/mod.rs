//! Labels: what payments, addresses and coins are called, in lines that other wallets read (BIP-329).

mod error;
mod label;
mod read;
mod table;
#[cfg(test)]
mod tests;

pub use self::{error::LabelsError, label::Label, table::Labels};
