//! Coins for tests.

use crate::{
    amount::Amount,
    digest::Txid,
    keys::PublicKey,
    transaction::{OutPoint, TxOut},
    utxo::Coin,
};

/// Returns an ordinary coin, by the number of its transaction.
pub(crate) fn numbered_coin(number: u8, grains: u8) -> (OutPoint, Coin) {
    let output = TxOut { value: Amount::from_grains(u64::from(grains)), owner: PublicKey::ZERO };
    (OutPoint { txid: Txid::from_bytes([number; 32]), vout: 0 }, Coin { output, coinbase_height: 0 })
}
