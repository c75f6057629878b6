//! A cache of the classroom keys, because deriving one costs as much as a signature.

use std::sync::LazyLock;

use crate::{
    digest::BlockHash,
    keys::{PublicKey, SecretKey},
    transaction::{Transaction, TxOut, sighash},
};

/// The number of keys in the kit. The first four own coins in genesis on `lab` and `regtest`.
pub const KEYS: u32 = 8;

/// Returns the secret key with that index, modulo [`KEYS`].
pub fn key(index: u32) -> &'static SecretKey {
    &entry(index).0
}

/// Returns the owner that [`key`] signs for.
pub fn owner(index: u32) -> PublicKey {
    entry(index).1
}

/// Returns the key that signs for an owner, `None` if the kit has no such key.
pub fn key_of(owner: &PublicKey) -> Option<&'static SecretKey> {
    CLASSROOM.iter().find(|(_, public)| public == owner).map(|(key, _)| key)
}

/// Signs each input for the owner of the coin that it spends. `spent` are these coins in the order of the inputs.
///
/// Inputs beyond `spent`, which spend no coin, carry a signature too: a copy of the first, or one by key 0.
///
/// # Panics
/// When a coin belongs to no key of the kit.
pub fn sign(transaction: &mut Transaction, genesis: BlockHash, spent: &[TxOut]) {
    let message = sighash(genesis, transaction.txid(), spent.iter().copied());
    let sign = |coin: &TxOut| key_of(&coin.owner).expect("a coin of the classroom").sign(message.as_bytes());
    transaction.signatures = spent.iter().map(sign).collect();
    if spent.len() != transaction.inputs.len() {
        let first = transaction.signatures.first().copied();
        let filler = first.unwrap_or_else(|| key(0).sign(message.as_bytes()));
        transaction.signatures.resize(transaction.inputs.len(), filler);
    }
}

fn entry(index: u32) -> &'static (SecretKey, PublicKey) {
    CLASSROOM.iter().cycle().nth(index as usize % CLASSROOM.len()).expect("a cycle of eight keys")
}

static CLASSROOM: LazyLock<Vec<(SecretKey, PublicKey)>> = LazyLock::new(|| {
    let pair = |index| {
        let key = SecretKey::classroom(index);
        let owner = key.public_key();
        (key, owner)
    };
    (0..KEYS).map(pair).collect()
});
