//! Whose coins a wallet has.

use std::collections::BTreeSet;

use crate::keys::PublicKey;

/// The owners whose coins are the wallet's. They are public keys, so a wallet that only watches has them, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    all: BTreeSet<PublicKey>,
    receive: PublicKey,
    change: PublicKey,
}

impl Owners {
    /// Makes the owners of a wallet with one key, which gets payments and change.
    pub fn new(owner: PublicKey) -> Self {
        Self { all: BTreeSet::from([owner]), receive: owner, change: owner }
    }

    /// Adds owners.
    #[must_use]
    pub fn with(mut self, owners: impl IntoIterator<Item = PublicKey>) -> Self {
        self.all.extend(owners);
        self
    }

    /// Sets who gets payments from now on.
    #[must_use]
    pub fn with_receive(mut self, owner: PublicKey) -> Self {
        self.all.insert(owner);
        self.receive = owner;
        self
    }

    /// Sets who gets the change from now on.
    #[must_use]
    pub fn with_change(mut self, owner: PublicKey) -> Self {
        self.all.insert(owner);
        self.change = owner;
        self
    }

    /// Returns whether an owner is one of these.
    pub fn contains(&self, owner: &PublicKey) -> bool {
        // most wallets have one key, and are asked for each output of each block
        *owner == self.receive || (self.all.len() > 1 && self.all.contains(owner))
    }

    /// Returns who gets payments.
    pub const fn receive(&self) -> PublicKey {
        self.receive
    }

    /// Returns who gets the change.
    pub const fn change(&self) -> PublicKey {
        self.change
    }

    /// Returns all owners, in the order of their bytes.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.all.iter()
    }
}
