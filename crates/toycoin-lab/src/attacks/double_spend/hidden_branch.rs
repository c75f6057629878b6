//! The double spender's tactic.

use std::{cell::RefCell, rc::Rc, time::Duration};

use toycoin_core::{Amount, Block, ChainParams, Transaction, TransactionBuilder};
use toycoin_sim::{
    adversary::{Heard, PrivateChain, Said, Scene, Tactic},
    miner_key, wallet_key,
};
use toycoin_wire::{NodeId, node::NodeMessage};

use super::record::{Record, Stage};

/// What the merchant is paid.
const PRICE: Amount = Amount::from_grains(1_000_000);

/// The fee of both payments.
const FEE: Amount = Amount::from_grains(1_000);

/// The race begins on the first public block from this height on.
const START: u64 = 2;

/// Blocks deeper than this below the tip are dropped by nodes that did not ask for them.
const LATE: u64 = 14;

/// Pays a merchant in public, and himself in a branch that he hides.
#[derive(Debug)]
pub(super) struct HiddenBranch {
    pub(super) merchant: usize,
    pub(super) confirmations: u64,
    /// Number of blocks that the hidden branch has when the payment is made.
    pub(super) premined: u64,
    /// Number of blocks by which the public branch is longer when he gives up.
    pub(super) give_up: u64,
    pub(super) record: Rc<RefCell<Record>>,
    private: Option<PrivateChain>,
    /// The payment that is not said yet.
    unsaid: Option<Transaction>,
    /// Height of the last block that both branches have.
    base: u64,
}

impl HiddenBranch {
    pub(super) fn new(
        merchant: usize,
        confirmations: u64,
        premined: u64,
        give_up: u64,
        record: Rc<RefCell<Record>>,
    ) -> Self {
        let (private, unsaid, base) = (None, None, 0);
        Self { merchant, confirmations, premined, give_up, record, private, unsaid, base }
    }

    fn stage(&self) -> Stage {
        self.record.borrow().stage
    }

    /// Leaves the public chain at its tip, with the rival in the first hidden block.
    fn begin(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let Some((payment, rival)) = self.payments(scene) else { return Vec::new() };
        let mut private = PrivateChain::on(scene.chain, miner_key(scene.node).public_key());
        private.confirm_next(vec![rival.clone()]);
        self.base = private.height();
        self.private = Some(private);
        *self.record.borrow_mut() =
            Record { payment: Some(payment.txid()), rival: Some(rival.txid()), ..Record::default() };
        self.unsaid = Some(payment);
        self.pay_when_ready()
    }

    /// Makes the payment once the hidden branch has its premined blocks.
    fn pay_when_ready(&mut self) -> Vec<Said> {
        let mined = self.private.as_ref().map_or(0, |private| private.height() - self.base);
        let payment = self.unsaid.take_if(|_| mined >= self.premined);
        if payment.is_some() {
            self.record.borrow_mut().stage = Stage::Races;
        }
        payment.into_iter().map(|payment| (None, NodeMessage::Transaction(payment))).collect()
    }

    /// Returns two payments of the same coin: to the merchant, and to himself.
    fn payments(&self, scene: &Scene<'_>) -> Option<(Transaction, Transaction)> {
        let params: &ChainParams = scene.chain.params();
        let key = wallet_key(scene.node);
        let coin = *scene.chain.coins_of(&key.public_key()).ok()?.first()?;
        let pay = |to| {
            let builder = TransactionBuilder::new(params).spend([coin]).fee(FEE);
            builder.pay(params.address(to), PRICE).sign(&key).ok()
        };
        Some((pay(wallet_key(self.merchant).public_key())?, pay(miner_key(scene.node).public_key())?))
    }

    /// Publishes the hidden branch, or gives it up, if it is time for that.
    fn judge(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        let Some(private) = &mut self.private else { return Vec::new() };
        let (public, hidden) = (scene.chain.height() - self.base, private.height() - self.base);
        let mut record = self.record.borrow_mut();
        let place = record.payment.and_then(|payment| scene.chain.find_transaction(&payment).ok().flatten());
        let confirmations = place.and_then(|(block, _)| scene.chain.confirmations(&block)).unwrap_or(0);
        if confirmations >= self.confirmations && hidden > public {
            (record.stage, record.published_at) = (Stage::Published, scene.now);
            return if hidden < LATE { private.publish_to(u64::MAX) } else { private.release(scene.unix_ms) };
        }
        if public >= hidden + self.give_up {
            record.stage = Stage::GivenUp;
            drop(record);
            self.private = None;
        }
        Vec::new()
    }
}

impl Tactic for HiddenBranch {
    fn incoming(&mut self, from: NodeId, message: &NodeMessage, _: &mut Scene<'_>) -> Heard {
        self.private.as_ref().and_then(|private| private.answer(from, message)).into()
    }

    fn moved(&mut self, scene: &mut Scene<'_>) -> Vec<Said> {
        match self.stage() {
            // a public block before the payment: the hidden one is worth nothing
            Stage::Waits if scene.chain.height() >= START => self.begin(scene),
            Stage::Races => self.judge(scene),
            _ => Vec::new(),
        }
    }

    fn private(&mut self) -> Option<&mut PrivateChain> {
        let is_over = matches!(self.stage(), Stage::Published | Stage::GivenUp);
        self.private.as_mut().filter(|_| !is_over)
    }

    fn found(&mut self, _: &Block, scene: &mut Scene<'_>) -> Vec<Said> {
        match self.stage() {
            Stage::Waits => self.pay_when_ready(),
            _ => self.judge(scene),
        }
    }

    fn interval(&self) -> Option<Duration> {
        None
    }
}
