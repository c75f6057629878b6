//! Transactions: inputs name coins to spend, outputs make new ones, signatures allow it.

use std::fmt;

use crate::{
    amount::Amount,
    commitment::{Commitment, Domain},
    digest::{BlockHash, Sighash, Txid, Wtxid},
    keys::{PublicKey, SecretKey, Signature},
    padding::pad_whole,
};

/// Names one output of one transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OutPoint {
    /// The transaction that made the coin.
    pub txid: Txid,
    /// The place among its outputs, from 0.
    pub vout: u32,
}

impl fmt::Display for OutPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad_whole(f, &format!("{}:{}", self.txid, self.vout))
    }
}

/// A coin to be made: so much for that owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TxOut {
    /// What it is worth.
    pub value: Amount,
    /// Who may spend it.
    pub owner: PublicKey,
}

/// A payment: spends coins, makes coins; what is left over is the miner's fee.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Transaction {
    /// 1 (rule R01).
    pub version: u32,
    /// The coins that it spends.
    pub inputs: Vec<OutPoint>,
    /// The coins that it makes.
    pub outputs: Vec<TxOut>,
    /// One for each input, by the owner of the coin that the input spends.
    pub signatures: Vec<Signature>,
}

impl Transaction {
    /// The only version there is.
    pub const VERSION: u32 = 1;

    /// Returns the id: `H_txid(version | n_in | (txid | vout)* | n_out | (value | owner)*)`.
    ///
    /// Signatures are left out, so nobody can change the id of another's payment.
    pub fn txid(&self) -> Txid {
        let preimage = Domain::Txid
            .hasher()
            .u32(self.version)
            .count(self.inputs.len())
            .each(&self.inputs, |hash, input| hash.bytes(input.txid.as_bytes()).u32(input.vout));
        feed_outputs(preimage, &self.outputs).finish().into()
    }

    /// Returns the id with signatures, `H_wtxid(txid | n_sig | signature*)`.
    pub fn wtxid(&self) -> Wtxid {
        self.wtxid_with(self.txid())
    }

    /// Returns the id with signatures of this transaction, whose txid is known.
    pub(crate) fn wtxid_with(&self, txid: Txid) -> Wtxid {
        Domain::Wtxid
            .hasher()
            .bytes(txid.as_bytes())
            .count(self.signatures.len())
            .each(&self.signatures, |hash, signature| hash.bytes(signature.as_bytes()))
            .finish()
            .into()
    }

    /// The largest size that a transaction may have (rule R33), in bytes by formula.
    ///
    /// Whatever a block may hold, one message can carry: docs/protocol.md.
    pub const MAX_SIZE: u64 = 100_000;

    /// Returns the size by formula, `16 + 100 * inputs + 40 * outputs`, in bytes: for limits and fee rates.
    ///
    /// A formula and not an encoding's length, so that no codec can split the network.
    pub fn size(&self) -> u64 {
        16 + 100 * self.inputs.len() as u64 + 40 * self.outputs.len() as u64
    }

    /// Returns the outpoint of output `vout`; `txid` is this transaction's.
    pub fn outpoints(&self, txid: Txid) -> impl Iterator<Item = (OutPoint, &TxOut)> {
        outpoints(txid, &self.outputs)
    }

    /// Signs every input with `key`: for a transaction whose inputs all spend coins of one owner.
    ///
    /// `spent` are those coins in the order of the inputs.
    pub fn sign_all(&mut self, genesis: BlockHash, spent: &[TxOut], key: &SecretKey) {
        self.sign_all_with(genesis, spent, key, &[0; 32]);
    }

    /// Signs as [`sign_all`](Self::sign_all) with auxiliary randomness: two signers of one transaction, with one key, make
    /// different signatures.
    pub fn sign_all_with(&mut self, genesis: BlockHash, spent: &[TxOut], key: &SecretKey, auxiliary: &[u8; 32]) {
        let sighash = sighash(genesis, self.txid(), spent.iter().copied());
        self.signatures = vec![key.sign_with(sighash.as_bytes(), auxiliary); self.inputs.len()];
    }
}

/// The first transaction of a block, which pays its miner: a type of its own, with no input to forge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Coinbase {
    /// The block's height: no two coinbases of a chain have one id.
    pub height: u64,
    /// The miner's own text, at most 64 bytes (rule R17).
    #[cfg_attr(feature = "serde", serde(with = "serde_bytes"))]
    pub extra: Vec<u8>,
    /// Subsidy and fees, to whomever the miner likes; may be none when both are zero.
    pub outputs: Vec<TxOut>,
}

impl Coinbase {
    /// Returns the id: `H_coinbase(height | n_extra | extra | n_out | (value | owner)*)`.
    pub fn txid(&self) -> Txid {
        let preimage = Domain::Coinbase.hasher().u64(self.height).count(self.extra.len()).bytes(&self.extra);
        feed_outputs(preimage, &self.outputs).finish().into()
    }

    /// Returns the size by formula, `16 + extra + 40 * outputs`, in bytes.
    pub fn size(&self) -> u64 {
        16 + self.extra.len() as u64 + 40 * self.outputs.len() as u64
    }

    /// Returns each output with its outpoint; `txid` is this coinbase's.
    pub fn outpoints(&self, txid: Txid) -> impl Iterator<Item = (OutPoint, &TxOut)> {
        outpoints(txid, &self.outputs)
    }
}

/// Returns what all signatures of a transaction sign: `H_sighash(genesis | txid | (value | owner)*)`.
///
/// `spent` are the coins that the inputs spend, in their order. Naming the genesis keeps a payment from being replayed
/// on another network, naming the coins keeps a signer from being lied to about a fee.
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
