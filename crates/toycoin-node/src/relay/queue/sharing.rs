//! What a queue does after it overflowed: the origin that fills it loses first, and the others go first.

use std::mem;

use crate::{
    limits::{EXPRESS_BYTES, EXPRESS_LOOKS, EXPRESS_MESSAGES},
    relay::{
        deliveries::{Deliveries, DeliveryId},
        entry::Entry,
        origin::Origin,
        queue::Queue,
        shares::Shares,
    },
};

impl Queue {
    /// Moves messages of those who hold little to the front, behind what is half written.
    #[cold]
    pub(super) fn favour_light(&mut self, deliveries: &mut Deliveries) {
        let Some(shares) = &mut self.shares else { return };
        deliveries.refund(shares.memory());
        // each choice looks at all origins, so that many origins get fewer of them
        let most = (EXPRESS_LOOKS / shares.origins().max(1)).clamp(1, EXPRESS_MESSAGES);
        let (mut moved, mut bytes) = (Vec::new(), 0);
        while bytes < EXPRESS_BYTES
            && moved.len() < most
            && let Some((place, _)) = shares.pop_lightest()
        {
            let at = usize::try_from(place - self.first).expect("shares know the places of this queue");
            if let Entry::Delivery(id) = mem::replace(&mut self.entries[at], Entry::Lagged(0)) {
                self.gaps += 1;
                bytes += deliveries.frame(id).len();
                moved.push(Entry::Delivery(id));
            }
        }
        deliveries.charge(shares.memory());
        let half_written = if self.written > 0 { self.entries.pop_front() } else { None };
        (self.express, self.owed) = (moved.len(), bytes);
        self.first -= moved.len() as u64;
        for entry in moved.into_iter().rev().chain(half_written) {
            self.entries.push_front(entry);
        }
        self.join_gaps(deliveries);
    }

    /// Returns whether the delivery at an index was moved to the front.
    pub(super) fn is_express(&self, at: usize) -> bool {
        let waiting = self.entries.iter().take(at).skip(self.begun());
        let before = waiting.filter(|entry| matches!(entry, Entry::Delivery(_))).take(self.express);
        self.express > 0 && before.count() < self.express
    }

    /// Counts the last delivery in its origin's share, and drops deliveries beyond the bounds. Returns their number.
    #[cold]
    pub(super) fn share(&mut self, id: DeliveryId, length: usize, deliveries: &mut Deliveries) -> u64 {
        let mut shares = if let Some(mut shares) = self.shares.take() {
            deliveries.refund(shares.memory());
            let last = self.first + self.entries.len() as u64 - 1;
            shares.push(deliveries.origin(id), last, self.bounds.weight(length));
            shares
        } else {
            Box::new(self.count_shares(deliveries))
        };
        let mut dropped = 0;
        while self.is_over()
            && let Some((place, _)) = shares.pop_heaviest()
        {
            let at = usize::try_from(place - self.first).expect("shares know the places of this queue");
            self.drop_at(at, deliveries);
            dropped += 1;
        }
        deliveries.charge(shares.memory());
        self.shares = Some(shares);
        self.join_gaps(deliveries);
        dropped
    }

    /// Returns each origin's share.
    pub(super) fn count_shares(&self, deliveries: &Deliveries) -> Shares {
        let waiting = (self.first..).zip(&self.entries).skip(self.begun());
        let waiting = waiting.filter_map(|(place, entry)| match entry {
            Entry::Delivery(id) => {
                let weight = self.bounds.weight(deliveries.frame(*id).len());
                Some((deliveries.origin(*id), place, weight))
            }
            _ => None,
        });
        Shares::of(waiting.skip(self.express))
    }

    pub(super) fn end_sharing(&mut self, deliveries: &mut Deliveries) {
        self.owed = 0;
        if let Some(shares) = self.shares.take() {
            deliveries.refund(shares.memory());
        }
    }

    /// Removes an origin's oldest delivery from its share.
    pub(super) fn unshare(&mut self, origin: Origin, deliveries: &mut Deliveries) {
        if let Some(shares) = &mut self.shares {
            deliveries.refund(shares.memory());
            shares.pop(origin);
            deliveries.charge(shares.memory());
        }
    }
}
