//! The export: the chain as lines of JSON, for an auditor who has nothing but docs/consensus.md.
//!
//! ```text
//!   {"toycoin":1,"network":"lab","genesis_hash":"..","spacing_ms":2000, ..}      the network
//!   {"hash":"..","header":"<256 hex digits>","coinbase":{..},"transactions":[..]}  one block per line, genesis first
//! ```
//!
//! Hex is in lower case, and amounts are integers of grains. docs/protocol.md describes each field.
//! [`Display`](fmt::Display) writes a line without its line feed.

mod read;

use std::fmt::{self, Write as _};

pub use self::read::{ExportError, read_block};

use crate::{
    block::Block,
    hex::Hex,
    params::ChainParams,
    transaction::{Coinbase, OutPoint, Transaction, TxOut},
};

/// The version of the export format.
pub const VERSION: u32 = 1;

/// The first line, which describes the network.
///
/// ```
/// use toycoin_core::{ChainParams, export::NetworkLine};
///
/// let line = NetworkLine(&ChainParams::regtest()).to_string();
/// assert!(line.starts_with(r#"{"toycoin":1,"network":"regtest","genesis_hash":"571b9651b2c84a8b"#));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct NetworkLine<'a>(pub &'a ChainParams);

impl fmt::Display for NetworkLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.0.spec();
        // a network that never retargets writes zeros
        let (spacing, half_life) =
            spec.retargeting.map_or((0, 0), |retargeting| (retargeting.spacing_ms, retargeting.half_life_ms));
        write!(f, r#"{{"toycoin":{VERSION},"network":{},"genesis_hash":"#, Text(&spec.name))?;
        write!(f, r#""{}","spacing_ms":{spacing},"half_life_ms":{half_life},"#, self.0.genesis_hash())?;
        write!(f, r#""maturity":{},"halving":{},"#, spec.coinbase_maturity, spec.halving_interval)?;
        let (genesis, limit) = (spec.genesis_bits.to_bits(), spec.limit_bits.to_bits());
        write!(f, r#""genesis_bits":{genesis},"limit_bits":{limit},"#)?;
        write!(f, r#""block_size_limit":{}}}"#, spec.block_size_limit)
    }
}

/// Each later line, which describes a block.
#[derive(Debug, Clone, Copy)]
pub struct BlockLine<'a>(pub &'a Block);

impl fmt::Display for BlockLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(block) = self;
        write!(f, r#"{{"hash":"{}","header":"{}","coinbase":"#, block.hash(), Hex(&block.header.to_bytes()))?;
        write_coinbase(f, &block.coinbase)?;
        f.write_str(r#","transactions":["#)?;
        write_list(f, &block.transactions, write_transaction)?;
        f.write_str("]}")
    }
}

fn write_coinbase(f: &mut fmt::Formatter<'_>, coinbase: &Coinbase) -> fmt::Result {
    write!(f, r#"{{"height":{},"extra":"{}","outputs":["#, coinbase.height, Hex(&coinbase.extra))?;
    write_list(f, &coinbase.outputs, write_output)?;
    f.write_str("]}")
}

fn write_transaction(f: &mut fmt::Formatter<'_>, transaction: &Transaction) -> fmt::Result {
    write!(f, r#"{{"version":{},"inputs":["#, transaction.version)?;
    write_list(f, &transaction.inputs, |f, OutPoint { txid, vout }| write!(f, r#"{{"txid":"{txid}","vout":{vout}}}"#))?;
    f.write_str(r#"],"outputs":["#)?;
    write_list(f, &transaction.outputs, write_output)?;
    f.write_str(r#"],"signatures":["#)?;
    write_list(f, &transaction.signatures, |f, signature| write!(f, r#""{}""#, Hex(signature.as_bytes())))?;
    f.write_str("]}")
}

fn write_output(f: &mut fmt::Formatter<'_>, output: &TxOut) -> fmt::Result {
    write!(f, r#"{{"value":{},"owner":"{}"}}"#, output.value.grains(), output.owner)
}

fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    write_item: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            f.write_char(',')?;
        }
        write_item(f, item)?;
    }
    Ok(())
}

/// A JSON string (RFC 8259, section 7).
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                ..' ' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_networks_name_is_one_json_string_whatever_it_holds() {
        assert_eq!(Text("a \"b\"\\\n\u{e9}").to_string(), r#""a \"b\"\\\u000aé""#);
    }
}
