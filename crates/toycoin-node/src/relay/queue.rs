//! The frames that wait to be written to one connection.
//!
//! ```text
//!   written ◀── [half written] [LAGD 3] [delivery] [PONG] [delivery] [LAGD 1] [delivery] ◀── pushed
//! ```
//!
//! A queue that overflows begins to keep [`Shares`], so that the origin that fills it loses first. A dropped delivery
//! leaves a gap at its position, so that nothing moves. Adjacent gaps become one `LAGD`, when they are written or when
//! there are too many. A queue that was never full keeps no shares.
//!
//! While a queue keeps shares, origins that hold little also go first, so that a flood delays nobody else: some of their
//! messages move to the front before each turn of writing. Each origin's messages stay in order, and no message moves
//! behind a control frame that it stood before.

mod sharing;
mod writes;

use std::collections::VecDeque;

use crate::{
    limits::{LOOSE_GAPS, RETAINED_ENTRIES},
    relay::{
        controls::ControlFrames,
        deliveries::{Deliveries, DeliveryId, Doomed},
        entry::Entry,
        shares::Shares,
    },
};

/// The bounds of a queue.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) deliveries: usize,
}

/// Frames in the order in which they will be written. The first one may be half written, and is never dropped then.
#[derive(Debug)]
pub(super) struct Queue {
    bounds: Bounds,
    entries: VecDeque<Entry>,
    /// Index of the first entry. Indexes count up from one entry to the next.
    first: u64,
    /// Bytes of the first entry that are already written.
    written: usize,
    /// Bytes of the deliveries among the entries.
    bytes: usize,
    deliveries: usize,
    gaps: usize,
    /// How many deliveries at the front were moved there. They are in no share any more.
    express: usize,
    /// Bytes of other deliveries that must be written before more are moved, so that nobody starves.
    owed: usize,
    /// Shares of the deliveries that can be dropped, from the first overflow until the queue is empty.
    shares: Option<Box<Shares>>,
}

impl Bounds {
    /// Returns a delivery's weight in its origin's share, in bytes: its part of the byte bound plus its part of the
    /// count bound. So 4,096 tiny messages weigh as much as 8 MiB.
    fn weight(self, length: usize) -> u64 {
        (length + self.bytes / self.deliveries.max(1)).max(1) as u64
    }
}

impl Queue {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            entries: VecDeque::new(),
            first: FIRST_PLACE,
            written: 0,
            bytes: 0,
            deliveries: 0,
            gaps: 0,
            express: 0,
            owed: 0,
            shares: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the bytes of the waiting deliveries.
    #[cfg(feature = "test-util")]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the number of waiting deliveries.
    #[cfg(feature = "test-util")]
    pub(super) const fn deliveries(&self) -> usize {
        self.deliveries
    }

    /// Returns the number of waiting control frames, without those for gaps.
    pub(super) fn controls(&self) -> usize {
        self.entries.len() - self.deliveries - self.gaps
    }

    /// Returns the number of entries for gaps. Some may be adjacent.
    #[cfg(feature = "test-util")]
    pub(super) const fn gaps(&self) -> usize {
        self.gaps
    }

    /// Returns the delivery that is half written, if there is one.
    pub(super) fn half_written(&self) -> Option<DeliveryId> {
        match self.entries.front() {
            Some(Entry::Delivery(id)) if self.written > 0 => Some(*id),
            _ => None,
        }
    }

    pub(super) fn push_control(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Appends a delivery of `length` bytes, whose table already counts this queue as a holder. Returns the number of
    /// deliveries that were dropped for it.
    pub(super) fn push_delivery(&mut self, id: DeliveryId, length: usize, deliveries: &mut Deliveries) -> u64 {
        self.entries.push_back(Entry::Delivery(id));
        self.bytes += length;
        self.deliveries += 1;
        if self.shares.is_none() && !self.is_over() {
            return 0;
        }
        self.share(id, length, deliveries)
    }

    /// Drops all doomed deliveries of which no byte is written, and leaves a gap for each. Returns their number.
    pub(super) fn drop_doomed(&mut self, doomed: &Doomed, deliveries: &mut Deliveries) -> u64 {
        let mut dropped = 0;
        for at in self.begun()..self.entries.len() {
            let Entry::Delivery(id) = self.entries[at] else { continue };
            if !doomed.contains(id) {
                continue;
            }
            if self.is_express(at) {
                self.express -= 1;
            } else {
                // the doomed ones of an origin are its oldest, here too
                self.unshare(deliveries.origin(id), deliveries);
            }
            self.drop_at(at, deliveries);
            dropped += 1;
        }
        self.join_gaps(deliveries);
        dropped
    }

    /// Drops all deliveries of which no byte is written, without gaps, because the connection is about to end.
    pub(super) fn drop_all(&mut self, deliveries: &mut Deliveries) {
        self.end_sharing(deliveries);
        self.express = 0;
        let begun = self.begun();
        let mut at = 0;
        let mut dropped = Vec::new();
        self.entries.retain(|entry| {
            at += 1;
            match entry {
                Entry::Delivery(id) if at > begun => {
                    dropped.push(*id);
                    false
                }
                _ => true,
            }
        });
        for id in dropped {
            self.release(id, deliveries);
        }
    }

    /// Drops everything, because the connection is gone.
    pub(super) fn clear(&mut self, deliveries: &mut Deliveries) {
        self.written = 0;
        self.drop_all(deliveries);
        self.entries = VecDeque::new();
        self.gaps = 0;
    }

    /// Removes `count` written bytes from the front. More bytes than the queue has are a driver's mistake, and empty
    /// it.
    pub(super) fn take_written(&mut self, count: usize, deliveries: &mut Deliveries, frames: &ControlFrames) {
        let mut is_begun = self.written > 0;
        self.written += count;
        if self.shares.is_none() {
            // the usual case, without shares
            while let Some(&Entry::Delivery(id)) = self.entries.front() {
                let length = deliveries.frame(id).len();
                if self.written < length {
                    return;
                }
                is_begun = false;
                self.written -= length;
                self.entries.pop_front();
                self.bytes -= length;
                self.deliveries -= 1;
                deliveries.release(id);
            }
        }
        while self.written > 0 {
            if !is_begun {
                self.join_first_gaps();
            }
            let Some(&entry) = self.entries.front() else { break };
            let length = match entry {
                Entry::Delivery(id) => {
                    // from here on it cannot be dropped
                    if !is_begun && self.express > 0 {
                        self.express -= 1;
                    } else if !is_begun {
                        self.owed = self.owed.saturating_sub(deliveries.frame(id).len());
                        self.unshare(deliveries.origin(id), deliveries);
                    }
                    deliveries.frame(id).len()
                }
                control => frames.length(control),
            };
            if self.written < length {
                break;
            }
            is_begun = false;
            self.written -= length;
            self.entries.pop_front();
            self.first += 1;
            match entry {
                Entry::Delivery(id) => self.release(id, deliveries),
                Entry::Lagged(_) => self.gaps -= 1,
                _ => {}
            }
        }
        while self.written == 0 && self.entries.front() == Some(&Entry::Lagged(0)) {
            self.entries.pop_front();
            self.first += 1;
            self.gaps -= 1;
        }
        if self.shares.is_some() && self.express == 0 && self.owed == 0 {
            self.favour_light(deliveries);
        }
        if self.entries.is_empty() {
            self.written = 0;
            self.end_sharing(deliveries);
            if self.entries.capacity() > RETAINED_ENTRIES {
                self.entries = VecDeque::with_capacity(RETAINED_ENTRIES);
            }
        }
    }

    const fn is_over(&self) -> bool {
        self.bytes > self.bounds.bytes || self.deliveries > self.bounds.deliveries
    }

    /// Returns the number of entries at the front that are half written: one or none.
    const fn begun(&self) -> usize {
        (self.written > 0) as usize
    }

    /// Drops the delivery at an index, and leaves a gap there.
    fn drop_at(&mut self, at: usize, deliveries: &mut Deliveries) {
        if let Entry::Delivery(id) = self.entries[at] {
            self.entries[at] = Entry::Lagged(1);
            self.gaps += 1;
            self.release(id, deliveries);
        }
    }

    /// Merges adjacent gaps, once there are far more of them than other entries could separate.
    fn join_gaps(&mut self, deliveries: &mut Deliveries) {
        if self.gaps <= 2 * (self.entries.len() - self.gaps) + LOOSE_GAPS {
            return;
        }
        let begun = self.begun();
        let mut kept = 0;
        for at in 0..self.entries.len() {
            let entry = self.entries[at];
            if let Entry::Lagged(more) = entry
                && kept > begun
                && let Entry::Lagged(count) = &mut self.entries[kept - 1]
            {
                *count += more;
                self.gaps -= 1;
            } else {
                self.entries[kept] = entry;
                kept += 1;
            }
        }
        self.entries.truncate(kept);
        // the indexes have changed
        if self.shares.is_some() {
            let owed = self.owed;
            self.end_sharing(deliveries);
            self.owed = owed;
            let shares = self.count_shares(deliveries);
            deliveries.charge(shares.memory());
            self.shares = Some(Box::new(shares));
        }
    }

    /// Merges the gaps at the front.
    fn join_first_gaps(&mut self) {
        while let (Some(Entry::Lagged(count)), Some(Entry::Lagged(_))) =
            (self.entries.front().copied(), self.entries.get(1))
        {
            self.entries.pop_front();
            self.first += 1;
            self.gaps -= 1;
            if let Some(Entry::Lagged(next)) = self.entries.front_mut() {
                *next += count;
            }
        }
    }

    fn release(&mut self, id: DeliveryId, deliveries: &mut Deliveries) {
        self.bytes -= deliveries.frame(id).len();
        self.deliveries -= 1;
        deliveries.release(id);
    }
}

/// The place of the first entry of a queue, so that there are places before it.
const FIRST_PLACE: u64 = 1 << 62;
