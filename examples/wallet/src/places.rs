//! The places of an account that a wallet looks at, and their owners.

use std::collections::{BTreeMap, BTreeSet};

use toycoin_core::{PublicKey, wallet::Owners};
use toycoin_keys::{AccountKey, Branch, DerivationError, GapScan, NextPlaces, Place, limits::MAX_HINTED_PLACES};

/// How many places per branch, beyond the next ones, are looked at for an owner, in steps: each place costs about a
/// millisecond.
const AHEAD: [u32; 3] = [100, 300, 1_000];

/// Owners of an account: those that were used or given out, and 20 more on each branch.
#[derive(Debug, Clone)]
pub struct Places {
    key: AccountKey,
    next: NextPlaces,
    scan: GapScan,
    places: BTreeMap<PublicKey, Place>,
}

impl Places {
    /// Derives the owners, from what a file says was given out.
    pub fn new(key: AccountKey, next: NextPlaces) -> Self {
        // whoever can write the file can put any number there
        let bounded = |index: u32| index.min(MAX_HINTED_PLACES);
        let next = NextPlaces { receive: bounded(next.receive).max(1), change: bounded(next.change) };
        let mut places = Self { key, next, scan: GapScan::new().with_hint(next), places: BTreeMap::new() };
        places.derive();
        places
    }

    /// Returns the account's public key.
    pub const fn key(&self) -> &AccountKey {
        &self.key
    }

    /// Returns which places come next. The place before the next one of `receive` is that of the present address.
    pub const fn next(&self) -> NextPlaces {
        self.next
    }

    /// Returns where an owner's key is; `None` if the owner is not one of these.
    pub fn place_of(&self, owner: &PublicKey) -> Option<Place> {
        self.places.get(owner).copied()
    }

    /// Returns all owners with their places, the places in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Place, PublicKey)> {
        let mut all: Vec<_> = self.places.iter().map(|(owner, place)| (*place, *owner)).collect();
        all.sort();
        all.into_iter()
    }

    /// Notes owners that were paid, and returns whether there are more owners now. The present address is one that was
    /// not paid.
    pub fn mark_used(&mut self, owners: impl IntoIterator<Item = PublicKey>) -> bool {
        let used = owners.into_iter().filter_map(|owner| self.place_of(&owner)).collect::<Vec<_>>();
        used.into_iter().for_each(|place| self.scan.mark_used(place));
        let unused = self.scan.next_places();
        if unused.receive >= self.next.receive {
            self.next.receive = unused.receive + 1;
        }
        self.next.change = self.next.change.max(unused.change);
        self.widen()
    }

    /// Looks for owners at further places, up to 1,000 beyond the next ones on each branch. A machine without a network
    /// does not know how far an account was used elsewhere. What comes next stays the same.
    pub fn look_for(&mut self, owners: &BTreeSet<PublicKey>) {
        let here = self.next;
        for ahead in AHEAD {
            if owners.iter().all(|owner| self.places.contains_key(owner)) {
                return;
            }
            let further = |index: u32| index.saturating_add(ahead).min(MAX_HINTED_PLACES);
            let hint = NextPlaces { receive: further(here.receive), change: further(here.change) };
            self.scan = self.scan.clone().with_hint(hint);
            self.derive();
        }
    }

    /// Notes places that were given out elsewhere.
    pub fn catch_up(&mut self, next: NextPlaces) {
        let bounded = |index: u32| index.min(MAX_HINTED_PLACES);
        self.next.receive = self.next.receive.max(bounded(next.receive));
        self.next.change = self.next.change.max(bounded(next.change));
        self.widen();
    }

    /// Gives out a fresh address. Returns false if so many were given out and never paid that nobody would find a payment
    /// to a further one ([`MAX_HINTED_PLACES`]).
    pub fn give_address(&mut self) -> bool {
        if self.next.receive >= self.scan.next_places().receive.saturating_add(MAX_HINTED_PLACES) {
            return false;
        }
        self.next.receive += 1;
        self.widen();
        true
    }

    /// Notes that change was paid to the present place for it.
    pub fn use_change(&mut self, owner: &PublicKey) {
        if let Some(place) = self.place_of(owner).filter(|place| place.branch() == Branch::Change) {
            self.next.change = self.next.change.max(place.index() + 1);
            self.widen();
        }
    }

    /// Returns the owners, for a wallet.
    ///
    /// # Errors
    /// If there is no key at a place, which has a chance below 2^-127.
    pub fn owners(&self) -> Result<Owners, DerivationError> {
        let owner = |branch, index| {
            let place = Place::new(branch, index).ok_or(DerivationError::NoKey)?;
            self.key.owner(place)
        };
        let (receive, change) =
            (owner(Branch::Receive, self.next.receive - 1)?, owner(Branch::Change, self.next.change)?);
        Ok(Owners::new(receive).with_change(change).with(self.places.keys().copied()))
    }

    /// Looks at more places, as far as the next ones ask for it.
    fn widen(&mut self) -> bool {
        self.scan = self.scan.clone().with_hint(self.next);
        let before = self.places.len();
        self.derive();
        self.places.len() > before
    }

    fn derive(&mut self) {
        for place in self.scan.by_ref() {
            // a place without a key is skipped, as in BIP-32
            if let Ok(owner) = self.key.owner(place) {
                self.places.insert(owner, place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use toycoin_keys::{ExtraWord, SpendingAccount, Words};

    use super::*;

    const GAP: usize = toycoin_keys::limits::GAP_LIMIT as usize;

    fn places(next: NextPlaces) -> Places {
        let seed = Words::from_entropy(&[7; 16]).unwrap().seed(&ExtraWord::none());
        Places::new(SpendingAccount::derive(&seed, 0).unwrap().key().clone(), next)
    }

    fn owner(places: &Places, branch: Branch, index: u32) -> PublicKey {
        places.key.owner(Place::new(branch, index).unwrap()).unwrap()
    }

    #[test]
    fn a_new_wallet_has_its_first_address() {
        let places = places(NextPlaces::default());
        assert_eq!(places.next(), NextPlaces { receive: 1, change: 0 });
        let owners = places.owners().unwrap();
        assert_eq!(owners.receive(), owner(&places, Branch::Receive, 0));
        assert_eq!(owners.change(), owner(&places, Branch::Change, 0));
        // one was given out, and 20 more follow it
        assert_eq!(owners.iter().count(), 21 + 20);
    }

    #[test]
    fn a_paid_address_is_followed_by_a_fresh_one() {
        let mut places = places(NextPlaces::default());
        let paid = owner(&places, Branch::Receive, 5);
        assert!(places.mark_used([paid]));
        assert_eq!(places.next(), NextPlaces { receive: 7, change: 0 });
        assert_eq!(places.owners().unwrap().receive(), owner(&places, Branch::Receive, 6));
        assert!(!places.mark_used([paid]), "it was known");
        assert!(places.give_address());
        assert_eq!(places.next().receive, 8);
        assert!(places.place_of(&owner(&places, Branch::Receive, 27)).is_some(), "20 behind the last one");
        assert_eq!(places.place_of(&owner(&places, Branch::Receive, 28)), None);
    }

    #[test]
    fn change_is_paid_to_a_fresh_place_each_time() {
        let mut places = places(NextPlaces::default());
        for index in 0..3 {
            let change = places.owners().unwrap().change();
            assert_eq!(change, owner(&places, Branch::Change, index));
            places.use_change(&change);
        }
        let receive = places.owners().unwrap().receive();
        places.use_change(&receive);
        assert_eq!(places.next().change, 3, "not a place for change");
    }

    #[test]
    fn owners_far_ahead_are_looked_for_up_to_a_bound() {
        let mut places = places(NextPlaces::default());
        let near = owner(&places, Branch::Change, 90);
        let far = owner(&places, Branch::Receive, 5_000);
        assert_eq!(places.place_of(&near), None);
        places.look_for(&[near].into());
        assert_eq!(places.place_of(&near), Place::new(Branch::Change, 90));
        assert_eq!(places.iter().count(), 2 * (100 + GAP) + 1, "no further than needed");
        places.look_for(&[near, far].into());
        assert_eq!(places.place_of(&far), None);
        assert_eq!(places.iter().count(), 2 * (1_000 + GAP) + 1);
        assert_eq!(places.next(), NextPlaces { receive: 1, change: 0 });
    }

    #[test]
    fn a_forged_hint_is_bounded() {
        let places = places(NextPlaces { receive: u32::MAX, change: 3 });
        assert_eq!(places.next(), NextPlaces { receive: MAX_HINTED_PLACES, change: 3 });
        assert!(!places.clone().give_address(), "nobody gets the address of another");
        assert!(places.owners().unwrap().iter().count() < 2 * (MAX_HINTED_PLACES as usize + 20));
    }
}
