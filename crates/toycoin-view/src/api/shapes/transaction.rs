//! The shape of a transaction.

use std::collections::HashMap;

use serde::Serialize;
use toycoin_core::{
    ChainParams, CheckedBlock, Coinbase, InclusionProof, OutPoint, Transaction, TxOut, Txid, Wtxid, hex::Hex,
};
use utoipa::ToSchema;

use crate::{
    api::source::{Body, Found},
    index::IndexedBlock,
};

/// A transaction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TransactionInfo {
    /// Its id.
    txid: String,
    /// Its id with signatures.
    wtxid: String,
    /// Its version.
    version: u32,
    /// Always 0: this network has no lock times.
    locktime: u32,
    /// Size by formula, in bytes.
    size: u64,
    /// 4 times the size.
    weight: u64,
    /// The fee in grains, 0 for a coinbase; `null` if a coin that it spends is not known.
    fee: Option<u64>,
    /// The inputs.
    vin: Vec<Input>,
    /// The outputs.
    vout: Vec<Output>,
    /// Where it is; absent where all transactions of an answer are in the same block.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<TransactionStatus>,
}

/// An input.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Input {
    /// The transaction that created the coin; zeros in a coinbase.
    txid: String,
    /// The index of the output that is the coin; 4294967295 in a coinbase.
    vout: u32,
    /// Whether this is the input of a coinbase.
    is_coinbase: bool,
    /// The coinbase data in hex; empty in a payment.
    scriptsig: String,
    /// Always 4294967295: this network has no sequence numbers.
    sequence: u32,
    /// The signature in hex; empty in a coinbase.
    witness: Vec<String>,
    /// The coin; `null` in a coinbase, and if it is not known.
    prevout: Option<Output>,
}

/// An output.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Output {
    /// The owner's public key in hex.
    scriptpubkey: String,
    /// Always `toycoin`.
    scriptpubkey_type: &'static str,
    /// The owner's address.
    scriptpubkey_address: String,
    /// The value in grains.
    value: u64,
}

impl Output {
    pub(crate) fn new(params: &ChainParams, output: &TxOut) -> Self {
        Self {
            scriptpubkey: output.owner.to_string(),
            scriptpubkey_type: "toycoin",
            scriptpubkey_address: params.address(output.owner).to_string(),
            value: output.value.grains(),
        }
    }
}

impl TransactionInfo {
    /// Describes a transaction, without its status. `spent` has the coins that it spends, as far as they are known.
    pub(crate) fn new(params: &ChainParams, found: &Found, spent: &HashMap<OutPoint, TxOut>) -> Self {
        let (version, size, vin) = match &found.body {
            Body::Coinbase(coinbase) => (Transaction::VERSION, coinbase.size(), vec![Input::coinbase(coinbase)]),
            Body::Payment(payment) => (payment.version, payment.size(), Input::all(params, payment, spent)),
        };
        let coins: Option<Vec<_>> = found.inputs().iter().map(|coin| spent.get(coin)).collect();
        let fee = match &found.body {
            Body::Coinbase(_) => Some(0),
            Body::Payment(payment) => coins.map(|coins| sum(coins).saturating_sub(sum(&payment.outputs))),
        };
        Self {
            txid: found.txid.to_string(),
            wtxid: found.wtxid.to_string(),
            version,
            locktime: 0,
            size,
            weight: 4 * size,
            fee,
            vin,
            vout: found.outputs().iter().map(|output| Output::new(params, output)).collect(),
            status: None,
        }
    }

    /// Adds where it is.
    #[must_use]
    pub(crate) fn with_status(mut self, confirmed: Option<IndexedBlock>) -> Self {
        self.status = Some(TransactionStatus::of(confirmed));
        self
    }
}

fn sum<'a>(outputs: impl IntoIterator<Item = &'a TxOut>) -> u64 {
    outputs.into_iter().fold(0, |sum, output| sum.saturating_add(output.value.grains()))
}

impl Input {
    fn coinbase(coinbase: &Coinbase) -> Self {
        Self {
            txid: Txid::ZERO.to_string(),
            vout: u32::MAX,
            is_coinbase: true,
            scriptsig: Hex(&coinbase.extra).to_string(),
            sequence: u32::MAX,
            witness: Vec::new(),
            prevout: None,
        }
    }

    fn all(params: &ChainParams, payment: &Transaction, spent: &HashMap<OutPoint, TxOut>) -> Vec<Self> {
        let signatures = payment.signatures.iter().map(|signature| vec![Hex(signature.as_bytes()).to_string()]);
        // rule R04 asks for as many signatures as inputs
        let witnesses = signatures.chain(std::iter::repeat(Vec::new()));
        let input = |(coin, witness): (&OutPoint, _)| Self {
            txid: coin.txid.to_string(),
            vout: coin.vout,
            is_coinbase: false,
            scriptsig: String::new(),
            sequence: u32::MAX,
            witness,
            prevout: spent.get(coin).map(|output| Output::new(params, output)),
        };
        payment.inputs.iter().zip(witnesses).map(input).collect()
    }
}

/// Whether a transaction is confirmed, from the viewpoint of the node that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TransactionStatus {
    /// Whether it is in a block of the active chain.
    confirmed: bool,
    /// The height of that block; absent while it is not confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    block_height: Option<u64>,
    /// The hash of that block; absent while it is not confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    block_hash: Option<String>,
    /// The Unix time of that block in seconds; absent while it is not confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    block_time: Option<u64>,
    /// The Unix time of that block in milliseconds; absent while it is not confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    time: Option<u64>,
}

impl TransactionStatus {
    /// The status of a transaction that is not confirmed.
    pub(crate) const UNCONFIRMED: Self =
        Self { confirmed: false, block_height: None, block_hash: None, block_time: None, time: None };

    /// Returns the status of a transaction in a block of the active chain.
    pub(crate) fn confirmed(block: IndexedBlock) -> Self {
        Self {
            confirmed: true,
            block_height: Some(block.height),
            block_hash: Some(block.hash.to_string()),
            block_time: Some(block.time / 1_000),
            time: Some(block.time),
        }
    }

    /// Returns the status of a transaction that is in this block of the active chain, or in none.
    pub(crate) fn of(block: Option<IndexedBlock>) -> Self {
        block.map_or(Self::UNCONFIRMED, Self::confirmed)
    }
}

/// Whether an output is spent, from the viewpoint of the node that is asked.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Outspend {
    /// Whether a transaction on the active chain or in the mempool spends it.
    spent: bool,
    /// That transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    txid: Option<String>,
    /// The index of the input that spends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    vin: Option<u32>,
    /// Where that transaction is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    status: Option<TransactionStatus>,
}

impl Outspend {
    pub(crate) const UNSPENT: Self = Self { spent: false, txid: None, vin: None, status: None };

    pub(crate) fn by((txid, vin): (Txid, u32), status: TransactionStatus) -> Self {
        Self { spent: true, txid: Some(txid.to_string()), vin: Some(vin), status: Some(status) }
    }
}

/// A Merkle proof that a transaction is in a block, to be checked with the block's header alone (docs/consensus.md,
/// "Merkle root").
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MerkleProof {
    /// The hash of the block.
    block_hash: String,
    /// Its height.
    block_height: u64,
    /// The transaction's index in the block; 0 is the coinbase.
    pos: u32,
    /// Number of transactions in the block, the coinbase included.
    n: u32,
    /// The hashes beside the path from the transaction upward to the root.
    merkle: Vec<String>,
    /// The transaction's id with signatures, which the leaf holds beside its txid.
    wtxid: String,
}

impl MerkleProof {
    pub(crate) fn new(block: &CheckedBlock, proof: &InclusionProof, wtxid: Wtxid) -> Self {
        Self {
            block_hash: block.hash().to_string(),
            block_height: block.height(),
            pos: proof.index,
            n: proof.transactions,
            merkle: proof.siblings.iter().map(|sibling| Hex(sibling).to_string()).collect(),
            wtxid: wtxid.to_string(),
        }
    }
}
