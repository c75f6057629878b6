//! What the wallet's tests share: a chain, and wallets of classroom keys that follow it.

use super::{PaymentStatus, Wallet};
use crate::{
    address::Address,
    amount::{Amount, FeeRate},
    block::Block,
    builder::{BuildError, Unsigned},
    digest::Txid,
    keys::{PublicKey, Signature},
    params::ChainParams,
    signer::Signer,
    test_util::{TestLedger, classroom},
    transaction::{OutPoint, Transaction, TxOut},
};

/// The index of a classroom key that owns nothing in genesis.
pub(super) const NOBODY: u32 = 7;

pub(super) fn toycoins(toycoins: u64) -> Amount {
    Amount::from_toycoins(toycoins).unwrap()
}

pub(super) fn address(index: u32) -> Address {
    ChainParams::regtest().address(classroom::owner(index))
}

pub(super) fn wallet(index: u32) -> Wallet {
    Wallet::new(ChainParams::regtest(), classroom::key(index).clone())
}

/// Returns a chain and a wallet that has seen all of it.
pub(super) fn scene(index: u32) -> (TestLedger, Wallet) {
    (TestLedger::new(ChainParams::regtest()), wallet(index))
}

/// Appends a block to the chain and connects it to the wallet.
pub(super) fn mine(ledger: &mut TestLedger, wallet: &mut Wallet, transactions: Vec<Transaction>, miner: u32) -> Block {
    let block = ledger.extend(transactions, classroom::owner(miner));
    wallet.connect(&block).unwrap();
    block
}

/// Makes a wallet pay so much to key 6 from these of its coins, at so many grains per byte.
pub(super) fn pay_from(wallet: &mut Wallet, coins: &[OutPoint], grains: u64, rate: u64) -> Transaction {
    let unsigned = try_from(wallet, coins, grains, rate).unwrap();
    send(wallet, unsigned)
}

/// Prepares what [`pay_from`] pays.
pub(super) fn try_from(wallet: &Wallet, coins: &[OutPoint], grains: u64, rate: u64) -> Result<Unsigned, BuildError> {
    let (amount, rate) = (Amount::from_grains(grains), FeeRate::grains_per_byte(rate));
    wallet.prepare_from(coins, |builder| builder.pay(address(6), amount).fee_rate(rate))
}

/// Gives a wallet coins of these values for one owner. The block that holds them is one for a wallet alone, since no
/// chain would take it: the payment spends nothing. Returns its id; the first coin is its first output.
pub(super) fn give(wallet: &mut Wallet, owner: PublicKey, grains: &[u64]) -> Txid {
    let mut block = TestLedger::new(ChainParams::regtest()).extend(vec![], classroom::owner(NOBODY));
    (block.header.previous, block.header.height) = (wallet.tip(), wallet.height() + 1);
    let outputs = grains.iter().map(|grains| TxOut { value: Amount::from_grains(*grains), owner }).collect();
    // no two gifts are the same transaction
    let version = u32::try_from(block.header.height).unwrap();
    let gift = Transaction { version, inputs: Vec::new(), outputs, signatures: Vec::new() };
    let txid = gift.txid();
    block.transactions.push(gift);
    wallet.connect(&block).unwrap();
    txid
}

/// Returns the values of a wallet's coins on the chain by their outpoints.
pub(super) fn value(wallet: &Wallet, coins: &[OutPoint]) -> Amount {
    coins.iter().map(|coin| wallet.value_of(coin).unwrap()).sum()
}

pub(super) fn status(wallet: &Wallet, transaction: &Transaction) -> PaymentStatus {
    wallet.payment(&transaction.txid()).unwrap().status.clone()
}

pub(super) fn is_rejected(wallet: &Wallet, transaction: &Transaction) -> bool {
    matches!(status(wallet, transaction), PaymentStatus::Rejected { .. })
}

/// Signs a payment with the key that its coins need, and tracks it.
pub(super) fn send(wallet: &mut Wallet, unsigned: Unsigned) -> Transaction {
    let payment = unsigned.sign(&Keys).unwrap();
    wallet.track(payment.clone());
    payment
}

/// All classroom keys.
pub(super) struct Keys;

impl Signer for Keys {
    fn sign(&self, owner: &PublicKey, sighash: &crate::Sighash) -> Option<Signature> {
        (0..8).find_map(|index| Signer::sign(classroom::key(index), owner, sighash))
    }
}
