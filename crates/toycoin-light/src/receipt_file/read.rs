//! The reader of receipts: a strict one, since strangers write them.
//!
//! It takes the keys in the order of the form and no others. Only white space between tokens is free. So a value has one
//! text, and whatever is changed in a file is either refused or gives another receipt.

use toycoin_core::{
    Amount, BlockHash, Coinbase, Header, InclusionProof, OutPoint, PublicKey, Signature, Transaction, TxOut, Txid, hex,
    proof::ReceiptTransaction,
};
use toycoin_wire::codec;

use super::{
    error::ReceiptFileError,
    file::{FileAncestry, MAX_ANCESTRY, MAX_RECEIPT, RECEIPT_VERSION, ReceiptFile},
};
use crate::decode_proof;

impl ReceiptFile {
    /// Parses a file, all of it. Nothing is verified.
    ///
    /// # Errors
    /// When the file is longer than [`MAX_RECEIPT`], or is no receipt.
    pub fn read(bytes: &[u8]) -> Result<Self, ReceiptFileError> {
        if bytes.len() > MAX_RECEIPT {
            return Err(ReceiptFileError::TooLong { found: bytes.len() });
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|error| ReceiptFileError::Malformed { at: error.valid_up_to(), wanted: "text in UTF-8" })?;
        let mut reader = Reader { text, at: 0 };
        let file = reader.receipt()?;
        reader.skip_blanks();
        if reader.at < text.len() { Err(reader.malformed("the end")) } else { Ok(file) }
    }
}

/// A text, and the position up to which it has been read.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn receipt(&mut self) -> Result<ReceiptFile, ReceiptFileError> {
        self.token("{")?;
        self.key(r#""toycoin_receipt""#)?;
        let version = self.number()?;
        if version != RECEIPT_VERSION {
            return Err(ReceiptFileError::Version(version));
        }
        self.next_key(r#""network""#)?;
        let network = self.name()?;
        self.next_key(r#""genesis""#)?;
        let genesis = BlockHash::from_bytes(self.digest()?);
        self.token(",")?;
        let transaction = self.transaction()?;
        self.next_key(r#""paid""#)?;
        let paid = self.list(Self::paid)?;
        self.next_key(r#""inclusion""#)?;
        let inclusion = self.inclusion()?;
        self.next_key(r#""headers""#)?;
        let headers = self.list(|reader| Ok(Header::from_bytes(&reader.digest()?)))?;
        let mut file =
            ReceiptFile { network, genesis, transaction, paid, inclusion, headers, ancestry: None, spends: None };
        let mut is_more = self.try_token(",");
        if is_more && self.peeks(r#""ancestry""#) {
            self.key(r#""ancestry""#)?;
            file.ancestry = Some(self.ancestry()?);
            is_more = self.try_token(",");
        }
        if is_more {
            self.key(r#""spends""#)?;
            file.spends = Some(self.list(Self::output)?);
        }
        self.token("}")?;
        Ok(file)
    }

    fn transaction(&mut self) -> Result<ReceiptTransaction, ReceiptFileError> {
        if self.peeks(r#""coinbase""#) {
            self.key(r#""coinbase""#)?;
            self.first_key(r#""height""#)?;
            let height = self.number()?;
            self.next_key(r#""extra""#)?;
            let extra = self.bytes()?;
            self.next_key(r#""outputs""#)?;
            let outputs = self.list(Self::output)?;
            self.token("}")?;
            return Ok(ReceiptTransaction::Coinbase(Coinbase { height, extra, outputs }));
        }
        self.key(r#""transaction""#)?;
        self.first_key(r#""version""#)?;
        let version = self.number()?;
        self.next_key(r#""inputs""#)?;
        let inputs = self.list(Self::outpoint)?;
        self.next_key(r#""outputs""#)?;
        let outputs = self.list(Self::output)?;
        self.next_key(r#""signatures""#)?;
        let signatures = self.list(|reader| Ok(Signature::from_bytes(reader.digest()?)))?;
        self.token("}")?;
        Ok(ReceiptTransaction::Transaction(Transaction { version, inputs, outputs, signatures }))
    }

    fn paid(&mut self) -> Result<u32, ReceiptFileError> {
        self.first_key(r#""vout""#)?;
        let vout = self.number()?;
        self.token("}")?;
        Ok(vout)
    }

    fn inclusion(&mut self) -> Result<InclusionProof, ReceiptFileError> {
        self.first_key(r#""index""#)?;
        let index = self.number()?;
        self.next_key(r#""n""#)?;
        let transactions = self.number()?;
        self.next_key(r#""siblings""#)?;
        let siblings = self.list(Self::digest)?;
        self.token("}")?;
        Ok(InclusionProof { index, transactions, siblings })
    }

    fn ancestry(&mut self) -> Result<FileAncestry, ReceiptFileError> {
        self.first_key(r#""proof""#)?;
        let proof = decode_proof(&self.bytes()?).map_err(ReceiptFileError::ProofBytes)?;
        let mut ancestors = None;
        if self.try_token(",") {
            self.key(r#""ancestors""#)?;
            let bytes = self.bytes()?;
            ancestors = Some(codec::decode(&bytes, MAX_ANCESTRY).map_err(ReceiptFileError::AncestorBytes)?);
        }
        self.token("}")?;
        Ok(FileAncestry { proof, ancestors })
    }

    fn output(&mut self) -> Result<TxOut, ReceiptFileError> {
        self.first_key(r#""value""#)?;
        let value = Amount::from_grains(self.number()?);
        self.next_key(r#""owner""#)?;
        let owner = PublicKey::from_bytes(self.digest()?);
        self.token("}")?;
        Ok(TxOut { value, owner })
    }

    fn outpoint(&mut self) -> Result<OutPoint, ReceiptFileError> {
        self.first_key(r#""txid""#)?;
        let txid = Txid::from_bytes(self.digest()?);
        self.next_key(r#""vout""#)?;
        let vout = self.number()?;
        self.token("}")?;
        Ok(OutPoint { txid, vout })
    }

    /// Takes a name of a network: lower-case letters, digits and hyphens.
    fn name(&mut self) -> Result<String, ReceiptFileError> {
        self.token("\"")?;
        let before = self.malformed("a network's name");
        let name = self.take(|character| matches!(character, 'a'..='z' | '0'..='9' | '-'));
        if name.is_empty() {
            return Err(before);
        }
        self.glued("\"")?;
        Ok(name.to_owned())
    }

    /// Takes `N` bytes as a string of hex.
    fn digest<const N: usize>(&mut self) -> Result<[u8; N], ReceiptFileError> {
        self.token("\"")?;
        let before = self.malformed("hex in lower case, of the right length");
        let bytes = hex::decode(self.digits()).ok_or(before)?;
        self.glued("\"")?;
        Ok(bytes)
    }

    /// Takes any number of bytes as a string of hex.
    fn bytes(&mut self) -> Result<Vec<u8>, ReceiptFileError> {
        self.token("\"")?;
        let before = self.malformed("hex in lower case, two digits per byte");
        let (pairs, rest) = self.digits().as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| std::str::from_utf8(pair).ok().and_then(hex::decode::<1>).map(|[byte]| byte);
        let bytes: Option<Vec<_>> = pairs.iter().map(byte).collect();
        let bytes = bytes.filter(|_| rest.is_empty()).ok_or(before)?;
        self.glued("\"")?;
        Ok(bytes)
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, ReceiptFileError> {
        self.skip_blanks();
        let before = self.malformed("a number without leading zeros, within its range");
        let digits = self.take(|character| character.is_ascii_digit());
        match digits.parse() {
            Ok(number) if digits == "0" || !digits.starts_with('0') => Ok(number),
            _ => Err(before),
        }
    }

    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Result<T, ReceiptFileError>) -> Result<Vec<T>, ReceiptFileError> {
        self.token("[")?;
        let mut items = Vec::new();
        while !self.try_token("]") {
            if !items.is_empty() {
                self.token(",")?;
            }
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Takes the first key of an object, with the brace before it.
    fn first_key(&mut self, key: &'static str) -> Result<(), ReceiptFileError> {
        self.token("{")?;
        self.key(key)
    }

    /// Takes a further key of an object, with the comma before it.
    fn next_key(&mut self, key: &'static str) -> Result<(), ReceiptFileError> {
        self.token(",")?;
        self.key(key)
    }

    fn key(&mut self, key: &'static str) -> Result<(), ReceiptFileError> {
        self.token(key)?;
        self.token(":")
    }

    /// Takes a token, and white space before it.
    fn token(&mut self, token: &'static str) -> Result<(), ReceiptFileError> {
        self.skip_blanks();
        self.glued(token)
    }

    /// Takes a token if it comes next.
    fn try_token(&mut self, token: &'static str) -> bool {
        self.peeks(token) && self.token(token).is_ok()
    }

    /// Returns whether a token comes next.
    fn peeks(&mut self, token: &str) -> bool {
        self.skip_blanks();
        self.rest().starts_with(token)
    }

    /// Takes a token without white space before it.
    fn glued(&mut self, token: &'static str) -> Result<(), ReceiptFileError> {
        if !self.rest().starts_with(token) {
            return Err(self.malformed(token));
        }
        self.at += token.len();
        Ok(())
    }

    fn skip_blanks(&mut self) {
        self.take(|character| matches!(character, ' ' | '\t' | '\n' | '\r'));
    }

    fn digits(&mut self) -> &'a str {
        self.take(|character| matches!(character, '0'..='9' | 'a'..='f'))
    }

    /// Takes characters as long as `is_one` accepts them.
    fn take(&mut self, is_one: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|character| !is_one(character)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    const fn malformed(&self, wanted: &'static str) -> ReceiptFileError {
        ReceiptFileError::Malformed { at: self.at, wanted }
    }
}
