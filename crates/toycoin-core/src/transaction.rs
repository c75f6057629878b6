//! Transactions: inputs spend coins, outputs create new ones, signatures authorise it.

use std::fmt;

use crate::{
    amount::Amount,
    commitment::{Commitment, Domain},
    digest::{BlockHash, Sighash, Txid, Wtxid},
    keys::{PublicKey, SecretKey, Signature},
    padding::pad_whole,
};

/// The name of a coin: one output of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OutPoint {
    /// The id of the transaction that created the coin.
    pub txid: Txid,
    /// The index of the output in that transaction, from 0.
    pub vout: u32,
}

impl fmt::Display for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad_whole(f, &format!("{}:{}", self.txid, self.vout))
    }
}

/// A transaction output: a value for an owner. Until it is spent, it is a coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TxOut {
    /// The value of the output.
    pub value: Amount,
    /// The owner, whose signature spends the output.
    pub owner: PublicKey,
}

/// A payment: it spends coins and creates coins. The difference in value is the miner's fee.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Transaction {
    /// The version, which is 1 (rule R01).
    pub version: u32,
    /// The coins that it spends.
    pub inputs: Vec<OutPoint>,
    /// The coins that it creates.
    pub outputs: Vec<TxOut>,
    /// One signature per input, by the owner of the coin that the input spends.
    pub signatures: Vec<Signature>,
}

impl Transaction {
    /// The only version of a transaction.
    pub const VERSION: u32 = 1;

    /// Returns the transaction's id: `H_txid(version | n_in | (txid | vout)* | n_out | (value | owner)*)`.
    ///
    /// It leaves the signatures out, so no one can change the id of someone else's payment.
    pub fn txid(&self) -> Txid {
        let preimage = Domain::Txid
            .hasher()
            .u32(self.version)
            .count(self.inputs.len())
            .each(&self.inputs, |hash, input| hash.bytes(input.txid.as_bytes()).u32(input.vout));
        feed_outputs(preimage, &self.outputs).finish().into()
    }

    /// Returns the transaction's id with signatures: `H_wtxid(txid | n_sig | signature*)`.
    pub fn wtxid(&self) -> Wtxid {
        self.wtxid_with(self.txid())
    }

    /// Returns the id with signatures, given the transaction's txid.
    pub(crate) fn wtxid_with(&self, txid: Txid) -> Wtxid {
        Domain::Wtxid
            .hasher()
            .bytes(txid.as_bytes())
            .count(self.signatures.len())
            .each(&self.signatures, |hash, signature| hash.bytes(signature.as_bytes()))
            .finish()
            .into()
    }

    /// Greatest size of a transaction, in bytes by formula (rule R33).
    ///
    /// One message can carry any transaction that a block may hold (docs/protocol.md).
    pub const MAX_SIZE: u64 = 100_000;

    /// Size of the smallest transaction, with one input and one output, in bytes by formula.
    pub const MIN_SIZE: u64 = BASE_SIZE + INPUT_SIZE + OUTPUT_SIZE;

    /// Returns the transaction's size by formula, in bytes, for limits and fee rates: `16 + 100 * inputs + 40 *
    /// outputs`.
    ///
    /// The size is a formula instead of the length of an encoding, so that no codec can split the network.
    pub fn size(&self) -> u64 {
        BASE_SIZE + INPUT_SIZE * self.inputs.len() as u64 + OUTPUT_SIZE * self.outputs.len() as u64
    }

    /// Returns each output with its outpoint. `txid` is this transaction's id.
    pub fn outpoints(&self, txid: Txid) -> impl Iterator<Item = (OutPoint, &TxOut)> {
        outpoints(txid, &self.outputs)
    }

    /// Signs every input with `key`, for a transaction whose inputs all spend coins of one owner.
    ///
    /// `spent` are these coins in the order of the inputs.
    pub fn sign_all(&mut self, genesis: BlockHash, spent: &[TxOut], key: &SecretKey) {
        self.sign_all_with(genesis, spent, key, &[0; 32]);
    }

    /// Signs as [`sign_all`](Self::sign_all) does, with auxiliary randomness. Signatures of the same transaction by the
    /// same key then differ if the randomness does.
    pub fn sign_all_with(&mut self, genesis: BlockHash, spent: &[TxOut], key: &SecretKey, auxiliary: &[u8; 32]) {
        let sighash = sighash(genesis, self.txid(), spent.iter().copied());
        self.signatures = vec![key.sign_with(sighash.as_bytes(), auxiliary); self.inputs.len()];
    }
}

/// The coinbase: the first transaction of a block, which pays its miner. It is a type of its own and has no inputs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Coinbase {
    /// The block's height, so that no two coinbases of a chain have the same id.
    pub height: u64,
    /// The coinbase's data, chosen by the miner: at most [`MAX_EXTRA`](Self::MAX_EXTRA) bytes (rule R17).
    #[cfg_attr(feature = "serde", serde(with = "serde_bytes"))]
    pub extra: Vec<u8>,
    /// The outputs, which pay subsidy and fees to owners of the miner's choice. There may be none if both are zero.
    pub outputs: Vec<TxOut>,
}

impl Coinbase {
    /// Greatest length of the data, in bytes (rule R17).
    pub const MAX_EXTRA: usize = 64;

    /// Returns the coinbase's id: `H_coinbase(height | n_extra | extra | n_out | (value | owner)*)`.
    pub fn txid(&self) -> Txid {
        let preimage = Domain::Coinbase.hasher().u64(self.height).count(self.extra.len()).bytes(&self.extra);
        feed_outputs(preimage, &self.outputs).finish().into()
    }

    /// Returns the coinbase's size by formula, in bytes: `16 + extra + 40 * outputs`.
    pub fn size(&self) -> u64 {
        BASE_SIZE + self.extra.len() as u64 + OUTPUT_SIZE * self.outputs.len() as u64
    }

    /// Returns each output with its outpoint. `txid` is this coinbase's id.
    pub fn outpoints(&self, txid: Txid) -> impl Iterator<Item = (OutPoint, &TxOut)> {
        outpoints(txid, &self.outputs)
    }
}

/// Size of a transaction or coinbase without its parts, in bytes by formula.
pub(crate) const BASE_SIZE: u64 = 16;

/// Size of an input with its signature, in bytes by formula.
pub(crate) const INPUT_SIZE: u64 = 100;

/// Size of an output, in bytes by formula.
pub(crate) const OUTPUT_SIZE: u64 = 40;

/// Returns the message that all signatures of a transaction sign: `H_sighash(genesis | txid | (value | owner)*)`.
///
/// `spent` are the coins that the inputs spend, in their order. The hash of genesis prevents replay of a payment on
/// another network. The coins prevent someone from deceiving a signer about the fee.
pub fn sighash(genesis: BlockHash, txid: Txid, spent: impl IntoIterator<Item = TxOut>) -> Sighash {
    Domain::Sighash
        .hasher()
        .bytes(genesis.as_bytes())
        .bytes(txid.as_bytes())
        .each(spent, |hash, coin| hash.u64(coin.value.grains()).bytes(coin.owner.as_bytes()))
        .finish()
        .into()
}

fn feed_outputs(preimage: Commitment, outputs: &[TxOut]) -> Commitment {
    preimage
        .count(outputs.len())
        .each(outputs, |hash, output| hash.u64(output.value.grains()).bytes(output.owner.as_bytes()))
}

fn outpoints(txid: Txid, outputs: &[TxOut]) -> impl Iterator<Item = (OutPoint, &TxOut)> {
    (0..=u32::MAX).zip(outputs).map(move |(vout, output)| (OutPoint { txid, vout }, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment() -> Transaction {
        let owner = SecretKey::classroom(1).public_key();
        Transaction {
            version: 1,
            inputs: vec![OutPoint { txid: Txid::from_bytes([3; 32]), vout: 7 }],
            outputs: vec![TxOut { value: Amount::from_grains(5), owner }],
            signatures: vec![Signature::from_bytes([9; 64])],
        }
    }

    #[test]
    fn signatures_change_the_wtxid_alone() {
        let (one, mut other) = (payment(), payment());
        other.signatures = vec![Signature::from_bytes([8; 64])];
        assert_eq!(one.txid(), other.txid());
        assert_ne!(one.wtxid(), other.wtxid());
    }

    #[test]
    fn change_cannot_be_stolen_and_amounts_are_signed() {
        let genesis = BlockHash::ZERO;
        let key = SecretKey::classroom(0);
        let coin = TxOut { value: Amount::from_grains(10), owner: key.public_key() };
        let mut honest = payment();
        honest.sign_all(genesis, &[coin], &key);
        let verifies = |transaction: &Transaction, coin: TxOut| {
            let hash = sighash(genesis, transaction.txid(), [coin]);
            crate::keys::verify(&coin.owner, hash.as_bytes(), &transaction.signatures[0])
        };
        assert!(verifies(&honest, coin));

        let mut thief = honest.clone();
        thief.outputs[0].owner = SecretKey::classroom(3).public_key();
        assert!(!verifies(&thief, coin), "another owner of an output");
        let mut greedy = honest.clone();
        greedy.outputs[0].value = Amount::from_grains(6);
        assert!(!verifies(&greedy, coin), "another value of an output");
        let richer = TxOut { value: Amount::from_grains(11), ..coin };
        assert!(!verifies(&honest, richer), "another value of the coin spent");
    }

    #[test]
    fn a_payment_is_not_valid_on_another_network() {
        let coin = TxOut { value: Amount::from_grains(10), owner: PublicKey::ZERO };
        let txid = payment().txid();
        assert_ne!(sighash(BlockHash::ZERO, txid, [coin]), sighash(BlockHash::from_bytes([1; 32]), txid, [coin]));
    }

    #[test]
    fn sizes_follow_the_formula() {
        assert_eq!(payment().size(), 16 + 100 + 40);
        assert_eq!(Coinbase { height: 1, extra: vec![0; 5], outputs: vec![] }.size(), 21);
    }
}
