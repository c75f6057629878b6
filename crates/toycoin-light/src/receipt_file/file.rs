//! A receipt as a file holds it, and its text.

use std::fmt::{self, Write as _};

use toycoin_core::{
    BlockHash, ChainParams, Header, InclusionProof, OutPoint, TxOut,
    hex::Hex,
    proof::{AncestryProof, Receipt, ReceiptTransaction, WorkProof},
};
use toycoin_wire::{EncodeError, codec, limits::MAX_ANCESTORS_PAYLOAD};

use super::error::ReceiptFileError;
use crate::{MAX_PROOF, encode_proof, machine::ReceiptBundle};

/// The version of the format.
pub const RECEIPT_VERSION: u32 = 1;

/// Most bytes of a file: a proof of the greatest size in hex, with all that can be beside it.
pub const MAX_RECEIPT: usize = 4 << 20;

/// Most headers of a receipt without a proof of work. A block that lies deeper needs the proof.
pub const MAX_RECEIPT_HEADERS: usize = 2_016;

/// Most bytes of a proof of ancestry: those of an `ANCS` without its tag.
pub(super) const MAX_ANCESTRY: usize = MAX_ANCESTORS_PAYLOAD - 4;

/// A receipt as a file holds it: a transaction, its place in a block, and what stands behind the block.
///
/// ```text
///   {"toycoin_receipt":1,"network":"lab","genesis":"..",
///    "transaction":{..},              or "coinbase":{..}, both as in an export
///    "paid":[{"vout":0}],             the outputs that the receipt is about
///    "inclusion":{"index":2,"n":5,"siblings":["..",..]},
///    "headers":["<256 hex>",..],      the block's header, and those that follow it
///    "ancestry":{"proof":"..",        in place of those that follow: the body of a PROF for seed zero and 40 slices,
///                "ancestors":".."},   and that of an ANCS unless the block is among the tip's last 100
///    "spends":[{"value":..,"owner":".."},..]}    optional: the coins that the transaction spends
/// ```
///
/// [`Display`](fmt::Display) writes it in one line. [`read`](Self::read) takes the same keys in the same order, with
/// white space between any two tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptFile {
    /// The network's name.
    pub network: String,
    /// The hash of the network's genesis.
    pub genesis: BlockHash,
    /// The transaction.
    pub transaction: ReceiptTransaction,
    /// The indices of the outputs that the receipt is about, ascending.
    pub paid: Vec<u32>,
    /// The transaction's place in the block.
    pub inclusion: InclusionProof,
    /// The block's header; without `ancestry`, also headers that follow it.
    pub headers: Vec<Header>,
    /// What ties the block to a tip with the work of a whole chain.
    pub ancestry: Option<FileAncestry>,
    /// The coins that the transaction spends, in the order of its inputs.
    pub spends: Option<Vec<TxOut>>,
}

/// What ties a block to a tip whose work is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAncestry {
    /// The proof of the tip's work, for [`Challenge::FILE`](crate::Challenge::FILE).
    pub proof: WorkProof,
    /// The proof that the block is an ancestor of the tip; `None` if the block is the tip or in the proof's tail.
    pub ancestors: Option<AncestryProof>,
}

impl ReceiptFile {
    /// Returns the file of a receipt that a light client collected. `paid` are the indices of the outputs that it is
    /// about, ascending.
    ///
    /// # Errors
    /// When a proof is larger than its message may be.
    pub fn from_bundle(params: &ChainParams, bundle: &ReceiptBundle, paid: Vec<u32>) -> Result<Self, ReceiptFileError> {
        let ReceiptBundle { receipt, header, proof, ancestry } = bundle.clone();
        let ancestry = FileAncestry { proof, ancestors: ancestry };
        ancestry.encode().map_err(ReceiptFileError::TooLarge)?;
        Ok(Self {
            network: params.spec().name.clone(),
            genesis: params.genesis_hash(),
            transaction: receipt.transaction,
            paid,
            inclusion: receipt.inclusion,
            headers: vec![header],
            ancestry: Some(ancestry),
            spends: None,
        })
    }

    /// Returns the receipt as a light client collects it; `None` without a proof of work.
    pub fn to_bundle(&self) -> Option<ReceiptBundle> {
        let FileAncestry { proof, ancestors } = self.ancestry.clone()?;
        let (receipt, header) = (self.receipt()?, *self.headers.first()?);
        Some(ReceiptBundle { receipt, header, proof, ancestry: ancestors })
    }

    /// Returns the receipt for the block of the first header; `None` without headers.
    pub(super) fn receipt(&self) -> Option<Receipt> {
        let block = self.headers.first()?.hash();
        Some(Receipt { block, inclusion: self.inclusion.clone(), transaction: self.transaction.clone() })
    }
}

impl FileAncestry {
    /// Returns the bytes of both proofs.
    fn encode(&self) -> Result<(Vec<u8>, Option<Vec<u8>>), EncodeError> {
        const { assert!(2 * (MAX_PROOF + MAX_ANCESTRY) + 256 * MAX_RECEIPT_HEADERS < MAX_RECEIPT) };
        let ancestors = self.ancestors.as_ref().map(|proof| codec::encode(proof, MAX_ANCESTRY)).transpose()?;
        Ok((encode_proof(&self.proof)?, ancestors))
    }
}

/// Writes the text. It fails if a proof is larger than its message may be; a receipt that was read or made
/// [from a bundle](ReceiptFile::from_bundle) has none.
impl fmt::Display for ReceiptFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, genesis, transaction, paid, inclusion, headers, ancestry, spends } = self;
        write!(f, r#"{{"toycoin_receipt":{RECEIPT_VERSION},"network":"{network}","genesis":"{genesis}","#)?;
        write_transaction(f, transaction)?;
        f.write_str(r#","paid":["#)?;
        write_list(f, paid, |f, vout| write!(f, r#"{{"vout":{vout}}}"#))?;
        let InclusionProof { index, transactions, siblings } = inclusion;
        write!(f, r#"],"inclusion":{{"index":{index},"n":{transactions},"siblings":["#)?;
        write_list(f, siblings, |f, hash: &[u8; 32]| write!(f, r#""{}""#, Hex(hash)))?;
        f.write_str(r#"]},"headers":["#)?;
        write_list(f, headers, |f, header| write!(f, r#""{}""#, Hex(&header.to_bytes())))?;
        f.write_char(']')?;
        if let Some(ancestry) = ancestry {
            let (proof, ancestors) = ancestry.encode().map_err(|_| fmt::Error)?;
            write!(f, r#","ancestry":{{"proof":"{}""#, Hex(&proof))?;
            if let Some(ancestors) = ancestors {
                write!(f, r#","ancestors":"{}""#, Hex(&ancestors))?;
            }
            f.write_char('}')?;
        }
        if let Some(spends) = spends {
            f.write_str(r#","spends":["#)?;
            write_list(f, spends, write_output)?;
            f.write_char(']')?;
        }
        f.write_char('}')
    }
}

/// Writes a transaction with its key, as an export has it.
fn write_transaction(f: &mut fmt::Formatter<'_>, transaction: &ReceiptTransaction) -> fmt::Result {
    match transaction {
        ReceiptTransaction::Coinbase(coinbase) => {
            write!(f, r#""coinbase":{{"height":{},"extra":"{}","outputs":["#, coinbase.height, Hex(&coinbase.extra))?;
            write_list(f, &coinbase.outputs, write_output)?;
        }
        ReceiptTransaction::Transaction(payment) => {
            write!(f, r#""transaction":{{"version":{},"inputs":["#, payment.version)?;
            write_list(f, &payment.inputs, |f, OutPoint { txid, vout }| {
                write!(f, r#"{{"txid":"{txid}","vout":{vout}}}"#)
            })?;
            f.write_str(r#"],"outputs":["#)?;
            write_list(f, &payment.outputs, write_output)?;
            f.write_str(r#"],"signatures":["#)?;
            write_list(f, &payment.signatures, |f, signature| write!(f, r#""{}""#, Hex(signature.as_bytes())))?;
        }
    }
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
