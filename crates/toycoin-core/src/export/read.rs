//! A strict reader of the export: it accepts exactly what [`NetworkLine`](super::NetworkLine) and
//! [`BlockLine`](super::BlockLine) write, byte for byte.
//!
//! The format has only one form for each value, so a value that was read is written back unchanged. The reader
//! recomputes what a block says about itself: its hash and its Merkle root. It does not judge the block by the rules.

use thiserror::Error;

use crate::{
    amount::Amount,
    block::Block,
    digest::{BlockHash, Txid},
    header::Header,
    hex,
    keys::{PublicKey, Signature},
    transaction::{Coinbase, OutPoint, Transaction, TxOut},
};

/// The reason why a line is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The line is not as the export writes it.
    #[error("byte {at} is not as an export has it: {wanted} is wanted")]
    Malformed {
        /// The position, in bytes from the start of the line.
        at: usize,
        /// The expected text.
        wanted: &'static str,
    },
    /// The hash in the line is not that of the header.
    #[error("the header's hash is {found}, the line says {claimed}")]
    Hash {
        /// The hash in the line.
        claimed: BlockHash,
        /// The hash of the header.
        found: BlockHash,
    },
    /// The header does not commit to the transactions.
    #[error("the header's merkle root is not that of the transactions")]
    MerkleRoot,
}

/// Parses the line of a block, and recomputes its hash and its Merkle root.
///
/// ```
/// use toycoin_core::{ChainParams, export::{BlockLine, read_block}};
///
/// let genesis = ChainParams::regtest().genesis().clone();
/// assert_eq!(read_block(&BlockLine(&genesis).to_string()), Ok(genesis));
/// ```
///
/// # Errors
/// When the line is not as [`BlockLine`](super::BlockLine) writes it, or a hash in it is wrong.
pub fn read_block(line: &str) -> Result<Block, ExportError> {
    let mut reader = Reader { line, at: 0 };
    reader.expect(r#"{"hash":""#)?;
    let claimed = BlockHash::from_bytes(reader.hex()?);
    reader.expect(r#"","header":""#)?;
    let header = Header::from_bytes(&reader.hex()?);
    reader.expect(r#"","coinbase":{"height":"#)?;
    let height = reader.number()?;
    reader.expect(r#","extra":""#)?;
    let extra = reader.bytes()?;
    reader.expect(r#"","outputs":"#)?;
    let outputs = reader.list(Reader::output)?;
    reader.expect(r#"},"transactions":"#)?;
    let transactions = reader.list(Reader::transaction)?;
    reader.expect("}")?;
    if reader.at < line.len() {
        return Err(reader.malformed("the end"));
    }
    let block = Block { header, coinbase: Coinbase { height, extra, outputs }, transactions };
    let found = block.hash();
    if found != claimed {
        return Err(ExportError::Hash { claimed, found });
    }
    if block.merkle_root() != block.header.merkle_root {
        return Err(ExportError::MerkleRoot);
    }
    Ok(block)
}

/// A line, and the position up to which it has been read.
struct Reader<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    const fn malformed(&self, wanted: &'static str) -> ExportError {
        ExportError::Malformed { at: self.at, wanted }
    }

    fn expect(&mut self, text: &'static str) -> Result<(), ExportError> {
        if !self.rest().starts_with(text) {
            return Err(self.malformed(text));
        }
        self.at += text.len();
        Ok(())
    }

    /// Takes characters as long as `is_one` accepts them.
    fn take(&mut self, is_one: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|character| !is_one(character)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, ExportError> {
        let before = self.malformed("a number without leading zeros");
        let digits = self.take(|character| character.is_ascii_digit());
        match digits.parse() {
            Ok(number) if digits == "0" || !digits.starts_with('0') => Ok(number),
            _ => Err(before),
        }
    }

    fn digits(&mut self) -> &'a str {
        self.take(|character| matches!(character, '0'..='9' | 'a'..='f'))
    }

    fn hex<const N: usize>(&mut self) -> Result<[u8; N], ExportError> {
        let before = self.malformed("hex in lower case, of the right length");
        hex::decode(self.digits()).ok_or(before)
    }

    fn bytes(&mut self) -> Result<Vec<u8>, ExportError> {
        let before = self.malformed("hex in lower case, two digits a byte");
        let (pairs, rest) = self.digits().as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| std::str::from_utf8(pair).ok().and_then(hex::decode::<1>).map(|[byte]| byte);
        let bytes: Option<Vec<_>> = pairs.iter().map(byte).collect();
        bytes.filter(|_| rest.is_empty()).ok_or(before)
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, ExportError>) -> Result<Vec<T>, ExportError> {
        self.expect("[")?;
        let mut items = Vec::new();
        while !self.rest().starts_with(']') {
            if !items.is_empty() {
                self.expect(",")?;
            }
            items.push(item(self)?);
        }
        self.expect("]")?;
        Ok(items)
    }

    fn output(&mut self) -> Result<TxOut, ExportError> {
        self.expect(r#"{"value":"#)?;
        let value = Amount::from_grains(self.number()?);
        self.expect(r#","owner":""#)?;
        let owner = PublicKey::from_bytes(self.hex()?);
        self.expect(r#""}"#)?;
        Ok(TxOut { value, owner })
    }

    fn outpoint(&mut self) -> Result<OutPoint, ExportError> {
        self.expect(r#"{"txid":""#)?;
        let txid = Txid::from_bytes(self.hex()?);
        self.expect(r#"","vout":"#)?;
        let vout = self.number()?;
        self.expect("}")?;
        Ok(OutPoint { txid, vout })
    }

    fn signature(&mut self) -> Result<Signature, ExportError> {
        self.expect("\"")?;
        let signature = Signature::from_bytes(self.hex()?);
        self.expect("\"")?;
        Ok(signature)
    }

    fn transaction(&mut self) -> Result<Transaction, ExportError> {
        self.expect(r#"{"version":"#)?;
        let version = self.number()?;
        self.expect(r#","inputs":"#)?;
        let inputs = self.list(Self::outpoint)?;
        self.expect(r#","outputs":"#)?;
        let outputs = self.list(Self::output)?;
        self.expect(r#","signatures":"#)?;
        let signatures = self.list(Self::signature)?;
        self.expect("}")?;
        Ok(Transaction { version, inputs, outputs, signatures })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{export::BlockLine, params::ChainParams};

    #[test]
    fn one_byte_more_less_or_other_is_another_line_or_none() {
        let genesis = ChainParams::regtest().genesis().clone();
        let line = BlockLine(&genesis).to_string();
        assert_eq!(read_block(&line).as_ref(), Ok(&genesis));
        for at in 0..line.len() {
            for other in ["", " ", "0", "A", "]", "\u{e9}"] {
                let changed = [&line[..at], other, &line[at + 1..]].concat();
                if changed != line {
                    assert!(read_block(&changed).is_err(), "{changed}");
                }
            }
        }
        assert!(read_block(&format!("{line}\n")).is_err());
        assert!(matches!(read_block(&line.replacen("\"value\":", "\"value\":1", 1)), Err(ExportError::MerkleRoot)));
    }
}
