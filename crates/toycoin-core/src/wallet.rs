//! A wallet: owners, the coins that the chain gives them, and the payments that it makes from these.
//!
//! The wallet learns of the chain from blocks alone. Its user, such as a node, a light client or a test, passes them in
//! order to [`connect`](Wallet::connect). In a reorganisation, [`disconnect`](Wallet::disconnect) undoes blocks. A light
//! client passes in the blocks that concern the wallet alone, and [skips](Wallet::skip_to) the others.
//!
//! ```text
//!   blocks ──connect/disconnect──▶ coins ──pay: what fits──▶ Payment: pending ─▶ confirmed
//!                                    ▲                                   └─────▶ rejected
//!                                    └────────── releases its coins ────────────────┘
//! ```
//!
//! A wallet spends coins of the active chain, which nothing but a reorganisation takes back. It spends the change of a
//! payment that is still pending [only if it may](Wallet::spending_pending_change), and has too few others.
//!
//! Owners are public, so a wallet may [watch](Wallet::watching) without being able to pay. It then
//! [prepares](Wallet::prepare) payments, and whoever has the keys signs them ([`Signer`]).
//!
//! A pending payment can be [replaced](Wallet::replace) by one with a higher fee, and [cancelled](Wallet::cancel). The
//! wallet [tracks](Wallet::track) the signed replacement, and gives up what it replaces. A block may hold either.

mod balance;
mod coins;
mod error;
mod history;
mod named_coins;
mod owners;
mod paying;
mod paying_all;
mod payment;
mod pending_change;
mod replace_error;
mod replacing;
mod seen;

use std::{collections::BTreeMap, fmt, sync::Arc};

pub use self::{
    balance::Balance,
    error::WalletError,
    history::HistoryEntry,
    owners::Owners,
    payment::{Payment, PaymentStatus},
    pending_change::MAX_PENDING_ANCESTORS,
    replace_error::ReplaceError,
};
use crate::{
    address::Address,
    amount::Amount,
    block::Block,
    consensus::CheckedBlock,
    digest::{BlockHash, Txid},
    keys::SecretKey,
    params::ChainParams,
    signer::Signer,
    transaction::{OutPoint, Transaction},
    wallet::coins::Coins,
};

/// Owners with their coins and their payments.
///
/// ```
/// use toycoin_core::{
///     Amount, Chain, ChainParams, FeeRate, SecretKey,
///     wallet::{PaymentStatus, Wallet},
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut chain = Chain::in_memory(ChainParams::regtest());
/// let mut alice = Wallet::new(chain.params().clone(), SecretKey::classroom(0));
/// let bob = chain.params().address(SecretKey::classroom(1).public_key());
///
/// let payment = alice.pay(bob, Amount::from_toycoins(3)?, FeeRate::ZERO)?;
/// assert_eq!(alice.balance().available, Amount::ZERO, "her only coin is set aside until the change is confirmed");
///
/// let now_ms = 1_767_225_700_000;
/// let block = chain.template(vec![payment.clone()], bob.owner(), b"", now_ms)?.mine_trivial();
/// chain.apply(block.clone(), now_ms)?;
/// alice.connect(&block)?;
/// assert_eq!(alice.balance().available, Amount::from_toycoins(97)?);
/// let status = &alice.payment(&payment.txid()).unwrap().status;
/// assert!(matches!(status, PaymentStatus::Confirmed { height: 1, .. }));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Wallet {
    params: ChainParams,
    owners: Owners,
    /// Whoever signs; `None` if the wallet only watches.
    signer: Option<SharedSigner>,
    spends_pending_change: bool,
    tip: BlockHash,
    height: u64,
    coins: Coins,
    history: Vec<HistoryEntry>,
    payments: BTreeMap<Txid, Payment>,
    /// The ids of all payments, in the order in which they were made.
    made: Vec<Txid>,
    /// Coins that pending payments spend, with the payment's id.
    reserved: BTreeMap<OutPoint, Txid>,
}

/// Whoever signs, without its secrets in the output of `Debug`.
#[derive(Clone)]
struct SharedSigner(Arc<dyn Signer + Send + Sync>);

impl fmt::Debug for SharedSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a signer")
    }
}

impl Wallet {
    /// Opens the wallet of a key at genesis. It learns of later blocks through [`connect`](Self::connect).
    pub fn new(params: ChainParams, key: SecretKey) -> Self {
        Self::watching(params, Owners::new(key.public_key())).signed_by(Arc::new(key))
    }

    /// Opens a wallet of many owners at genesis, which watches their coins and cannot sign.
    pub fn watching(params: ChainParams, owners: Owners) -> Self {
        let known = params.clone();
        let mut wallet = Self {
            owners,
            signer: None,
            spends_pending_change: false,
            tip: params.genesis_hash(),
            height: 0,
            coins: Coins::default(),
            history: Vec::new(),
            payments: BTreeMap::new(),
            made: Vec::new(),
            reserved: BTreeMap::new(),
            params,
        };
        // genesis may be large, and has the same id for every wallet
        wallet.take_transaction(known.genesis(), 0, known.genesis_txid(), None);
        wallet
    }

    /// Lets somebody sign for this wallet, which can then [`pay`](Self::pay).
    #[must_use]
    pub fn signed_by(mut self, signer: Arc<dyn Signer + Send + Sync>) -> Self {
        self.signer = Some(SharedSigner(signer));
        self
    }

    /// Returns the address that pays this wallet.
    pub fn address(&self) -> Address {
        self.params.address(self.owners.receive())
    }

    /// Returns whose coins these are.
    pub const fn owners(&self) -> &Owners {
        &self.owners
    }

    /// Changes whose coins these are. Owners that are there stay.
    ///
    /// The coins that genesis gives to new owners are there at once, further ones are seen in blocks from now on. So
    /// whoever adds an owner that a block has paid opens the wallet anew, or [disconnects](Self::disconnect) that block
    /// first.
    pub fn add_owners(&mut self, owners: Owners) {
        let before = std::mem::replace(&mut self.owners, owners);
        self.owners = self.owners.clone().with(before.iter().copied());
        let (genesis, txid) = (self.params.genesis(), self.params.genesis_txid());
        let mut allotted = Amount::ZERO;
        for (outpoint, output) in genesis.coinbase.outpoints(txid) {
            if self.owners.contains(&output.owner) && !before.contains(&output.owner) {
                allotted = allotted.saturating_add(output.value);
                self.coins.create(outpoint, *output, 0, 0);
            }
        }
        match self.history.first_mut() {
            Some(entry) if entry.height == 0 => entry.received = entry.received.saturating_add(allotted),
            _ if allotted > Amount::ZERO => {
                let entry = HistoryEntry { txid, height: 0, received: allotted, spent: Amount::ZERO, coinbase: true };
                self.history.insert(0, entry);
            }
            _ => {}
        }
    }

    /// Returns the last block that the wallet knows. The next block to connect builds on it.
    pub const fn tip(&self) -> BlockHash {
        self.tip
    }

    /// Returns the height of the wallet's last block.
    pub const fn height(&self) -> u64 {
        self.height
    }

    /// Applies the next block of the active chain. The wallet does not judge the block, because the chain has done so.
    ///
    /// # Errors
    /// When the block does not build on the wallet's last block.
    pub fn connect(&mut self, block: &Block) -> Result<(), WalletError> {
        let hash = block.hash();
        if block.header.previous != self.tip {
            return Err(WalletError::NotNext { block: hash, tip: self.tip });
        }
        (self.tip, self.height) = (hash, block.header.height);
        self.take(block);
        Ok(())
    }

    /// Applies the next block as [`connect`](Self::connect) does, without computing its ids again.
    ///
    /// # Errors
    /// As for [`connect`](Self::connect).
    pub fn connect_checked(&mut self, block: &CheckedBlock) -> Result<(), WalletError> {
        let (hash, inner) = (block.hash(), block.block());
        if inner.header.previous != self.tip {
            return Err(WalletError::NotNext { block: hash, tip: self.tip });
        }
        (self.tip, self.height) = (hash, inner.header.height);
        self.take_transaction(inner, 0, block.coinbase_txid(), None);
        for ((txid, transaction), place) in block.transactions().zip(1..) {
            self.take_transaction(inner, place, txid, Some(transaction));
        }
        Ok(())
    }

    /// Moves the wallet to another block of the active chain, over blocks that neither pay it nor spend its coins.
    ///
    /// It goes forward, or back as far as the last block that concerns the wallet. A light client calls it before
    /// [`connect`](Self::connect) with the parent of the next block that concerns the wallet, before
    /// [`disconnect`](Self::disconnect) with the last one, and with the tip. The wallet trusts that it passes over
    /// nothing that concerns it.
    ///
    /// # Errors
    /// When a block above `height` concerns the wallet.
    pub fn skip_to(&mut self, block: BlockHash, height: u64) -> Result<(), WalletError> {
        if let Some(last) = self.history.last().map(|entry| entry.height).filter(|last| *last > height) {
            return Err(WalletError::Concerned { height: last, skipped_to: height });
        }
        (self.tip, self.height) = (block, height);
        Ok(())
    }

    /// Undoes the wallet's last block. Payments that the block confirmed are pending again.
    ///
    /// # Errors
    /// When the block is not the wallet's last block, or is genesis.
    pub fn disconnect(&mut self, block: &Block) -> Result<(), WalletError> {
        let hash = block.hash();
        if hash != self.tip || self.height == 0 {
            return Err(WalletError::NotLast { block: hash, tip: self.tip });
        }
        for transaction in block.transactions.iter().rev() {
            let txid = transaction.txid();
            for (outpoint, _) in transaction.outpoints(txid) {
                self.coins.remove(&outpoint);
            }
            for outpoint in &transaction.inputs {
                self.coins.restore(outpoint);
            }
            if let Some(payment) = self.payments.get_mut(&txid) {
                payment.status = PaymentStatus::Pending;
                self.reserve(txid, &transaction.inputs);
            }
        }
        for (outpoint, _) in block.coinbase.outpoints(block.coinbase.txid()) {
            self.coins.remove(&outpoint);
        }
        while self.history.last().is_some_and(|entry| entry.height == self.height) {
            self.history.pop();
        }
        (self.tip, self.height) = (block.header.previous, self.height - 1);
        Ok(())
    }

    /// Returns this wallet's history on the active chain, in the chain's order.
    pub fn history(&self) -> &[HistoryEntry] {
        &self.history
    }

    /// Applies the transactions of a block in its order.
    fn take(&mut self, block: &Block) {
        self.take_transaction(block, 0, block.coinbase.txid(), None);
        for (transaction, place) in block.transactions.iter().zip(1..) {
            self.take_transaction(block, place, transaction.txid(), Some(transaction));
        }
    }

    /// Notes the coins that a transaction spends and creates; `None` stands for the coinbase.
    fn take_transaction(&mut self, block: &Block, place: usize, txid: Txid, transaction: Option<&Transaction>) {
        let (mut received, mut spent) = (Amount::ZERO, Amount::ZERO);
        for outpoint in transaction.iter().flat_map(|transaction| &transaction.inputs) {
            spent = spent.saturating_add(self.coins.spend(outpoint, txid).unwrap_or_default());
            if let Some(other) = self.reserved.get(outpoint).copied().filter(|other| *other != txid) {
                self.reject(&other, &format!("{txid} spends its coin {outpoint}"));
            }
            self.reserved.remove(outpoint);
        }
        let outputs = transaction.map_or(&block.coinbase.outputs, |transaction| &transaction.outputs);
        for (output, vout) in outputs.iter().zip(0..).filter(|(output, _)| self.owners.contains(&output.owner)) {
            received = received.saturating_add(output.value);
            self.coins.create(OutPoint { txid, vout }, *output, block.header.height, place);
        }
        if let Some(payment) = self.payments.get_mut(&txid) {
            payment.status = PaymentStatus::Confirmed { block: self.tip, height: self.height };
        }
        if received > Amount::ZERO || spent > Amount::ZERO {
            let (height, coinbase) = (block.header.height, transaction.is_none());
            self.history.push(HistoryEntry { txid, height, received, spent, coinbase });
        }
    }
}

#[cfg(test)]
mod test_scene;
#[cfg(test)]
mod tests;
