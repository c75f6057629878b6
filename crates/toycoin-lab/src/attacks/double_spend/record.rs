//! What a double spender writes down while he attacks.

use std::time::Duration;

use toycoin_core::{Txid, chain::Chain, store::ChainStore};

/// How far a double spend has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// It has not begun.
    #[default]
    Waits,
    /// Both branches grow.
    Races,
    /// The hidden branch is published: it is longer, and the payment had its confirmations.
    Published,
    /// The public branch is too far ahead.
    GivenUp,
}

/// What a trial asks when the race is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) stage: Stage,
    /// The payment to the merchant.
    pub(super) payment: Option<Txid>,
    /// The payment of the same coin to the attacker himself.
    pub(super) rival: Option<Txid>,
    /// The virtual time at which it was published.
    pub(super) published_at: Duration,
}

impl Record {
    /// Returns whether a chain holds the rival and not the payment.
    pub(super) fn is_undone_in<S: ChainStore>(&self, chain: &Chain<S>) -> bool {
        let holds =
            |txid: Option<Txid>| txid.is_some_and(|txid| chain.find_transaction(&txid).is_ok_and(|at| at.is_some()));
        holds(self.rival) && !holds(self.payment)
    }
}
