//! Deliveries that wait in queues: each is encoded once and kept once, however many queues hold it.

use std::mem;

use super::{
    origin::{Origin, OriginId, Origins},
    shares::Shares,
};

/// Names a delivery for as long as a queue holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeliveryId(usize);

/// The shared frames, and what they weigh together.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    slots: Vec<Slot>,
    free: Vec<usize>,
    origins: Origins,
    weight: usize,
    /// How many there ever were.
    serial: u64,
    /// Large buffers that are free: what the system gives for each of them costs more than the copy into it.
    large: Spares,
    /// Small ones, the last freed at the end: it is still in the processor's cache.
    small: Spares,
}

/// Buffers that are free. Each kind has a bound of its own: a flood of one leaves the other its room.
#[derive(Debug, Default)]
struct Spares {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

// kept small: each message writes one
#[derive(Debug)]
struct Slot {
    frame: Vec<u8>,
    /// Rises from one delivery to the next.
    serial: u64,
    holders: u32,
    origin: OriginId,
}

/// Deliveries that are to be dropped wherever they wait, since the relay holds too much.
#[derive(Debug, Default)]
pub(super) struct Doomed {
    slots: Vec<bool>,
}

impl Deliveries {
    /// Returns an empty buffer for a frame of `length` bytes.
    pub(super) fn buffer(&mut self, length: usize) -> Vec<u8> {
        let fits =
            |capacity| if length < LARGE { (length..=2 * length).contains(&capacity) } else { length <= capacity };
        let spare = if length < LARGE { self.small.take_last() } else { self.large.take_last_where(fits) };
        // a small frame in a buffer that is far too long for it would weigh what it does not need
        spare.filter(|spare| fits(spare.capacity())).unwrap_or_else(|| Vec::with_capacity(length))
    }

    /// Takes in an origin; it is known until it is [let go](Self::let_go) and nothing of it waits.
    pub(super) fn welcome(&mut self, origin: Origin) -> OriginId {
        self.origins.insert(origin)
    }

    /// Notes that an origin publishes nothing any more.
    pub(super) fn let_go(&mut self, origin: OriginId) {
        self.origins.release(origin);
    }

    /// Takes a frame that `holders` queues, at least one, are about to hold.
    pub(super) fn insert(&mut self, frame: Vec<u8>, holders: usize, origin: OriginId) -> DeliveryId {
        self.serial += 1;
        self.origins.hold(origin);
        let holders = u32::try_from(holders).expect("a relay has far fewer connections");
        let slot = Slot { frame, serial: self.serial, holders, origin };
        self.weight += slot.weight();
        match self.free.pop() {
            Some(index) => {
                self.slots[index] = slot;
                DeliveryId(index)
            }
            None => {
                self.slots.push(slot);
                DeliveryId(self.slots.len() - 1)
            }
        }
    }

    pub(super) fn frame(&self, id: DeliveryId) -> &[u8] {
        &self.slots[id.0].frame
    }

    /// Returns where a delivery comes from.
    pub(super) fn origin(&self, id: DeliveryId) -> Origin {
        self.origins.get(self.slots[id.0].origin)
    }

    /// Returns a number that rises from one delivery to the next.
    pub(super) fn serial(&self, id: DeliveryId) -> u64 {
        self.slots[id.0].serial
    }

    /// One queue holds the delivery no more; with the last one it is freed.
    pub(super) fn release(&mut self, id: DeliveryId) {
        let slot = &mut self.slots[id.0];
        slot.holders -= 1;
        self.weight -= HOLDER_WEIGHT;
        if slot.holders == 0 {
            self.weight -= slot.weight();
            let frame = mem::take(&mut slot.frame);
            self.origins.release(slot.origin);
            self.free.push(id.0);
            self.recycle(frame);
        }
        if self.free.len() == self.slots.len() {
            self.shrink();
        }
    }

    /// Returns the bytes of memory that the deliveries take.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// Counts memory that a queue takes for deliveries beside their own.
    pub(super) const fn charge(&mut self, bytes: usize) {
        self.weight += bytes;
    }

    /// Counts it no more.
    pub(super) const fn refund(&mut self, bytes: usize) {
        self.weight -= bytes;
    }

    /// Dooms deliveries that weigh `share` of `of` of all together: the oldest of the origins that hold most. Returns
    /// whether there were any that are not doomed yet.
    pub(super) fn doom(&self, doomed: &mut Doomed, share: usize, of: usize) -> bool {
        doomed.slots.resize(self.slots.len(), false);
        let waiting = self.slots.iter().enumerate().filter(|(index, slot)| slot.holders > 0 && !doomed.slots[*index]);
        let mut waiting: Vec<_> = waiting.map(|(index, slot)| (slot.serial, index)).collect();
        waiting.sort_unstable();
        let weight = |index: usize| self.slots[index].weight() as u64;
        let all: u64 = waiting.iter().map(|(_, index)| weight(*index)).sum();
        let mut shares = Shares::of(
            waiting.into_iter().map(|(_, index)| (self.origin(DeliveryId(index)), index as u64, weight(index))),
        );
        let too_much = u128::from(all) * share as u128 / of.max(1) as u128;
        let mut sum = 0;
        while sum <= too_much
            && let Some((index, weight)) = shares.pop_heaviest()
        {
            doomed.slots[usize::try_from(index).expect("an index")] = true;
            sum += u128::from(weight);
        }
        sum > 0
    }

    fn recycle(&mut self, frame: Vec<u8>) {
        if frame.capacity() < LARGE {
            self.small.keep(frame, SMALL_SPARE_BYTES);
        } else {
            self.large.keep(frame, LARGE_SPARE_BYTES);
        }
    }

    /// With no delivery left, gives back the table that a flood has stretched.
    fn shrink(&mut self) {
        if self.slots.len() > RETAINED_SLOTS {
            self.slots = Vec::new();
            self.free = Vec::new();
        }
    }
}

impl Doomed {
    pub(super) fn contains(&self, id: DeliveryId) -> bool {
        self.slots.get(id.0).copied().unwrap_or(false)
    }
}

impl Slot {
    const fn weight(&self) -> usize {
        self.frame.capacity() + SLOT_WEIGHT + self.holders as usize * HOLDER_WEIGHT
    }
}

impl Spares {
    fn keep(&mut self, mut buffer: Vec<u8>, most: usize) {
        if self.bytes + buffer.capacity() <= most {
            buffer.clear();
            self.bytes += buffer.capacity();
            self.buffers.push(buffer);
        }
    }

    fn take_last(&mut self) -> Option<Vec<u8>> {
        self.take_last_where(|_| true)
    }

    /// Takes the last buffer of such a capacity.
    fn take_last_where(&mut self, fits: impl Fn(usize) -> bool) -> Option<Vec<u8>> {
        let at = self.buffers.iter().rposition(|buffer| fits(buffer.capacity()))?;
        let buffer = self.buffers.swap_remove(at);
        self.bytes -= buffer.capacity();
        Some(buffer)
    }
}

/// What a delivery takes beside its bytes: its slot, its place in the free list, and the allocator's share.
const SLOT_WEIGHT: usize = 96;
/// What it takes in each queue: its entry, and two for gaps that may be there for each entry.
const HOLDER_WEIGHT: usize = 48;
const RETAINED_SLOTS: usize = 1 << 14;
/// From this many bytes on, a frame takes any spare buffer that is long enough.
const LARGE: usize = 16 << 10;
const LARGE_SPARE_BYTES: usize = 4 << 20;
const SMALL_SPARE_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::{ConnectionId, Source};

    const ORIGIN: Origin = Origin { source: Source::Address(1), connection: ConnectionId(1) };

    /// Lets so many frames of a length wait together, and go.
    fn flood(deliveries: &mut Deliveries, count: usize, length: usize) {
        let origin = deliveries.welcome(ORIGIN);
        let ids: Vec<_> = (0..count)
            .map(|_| {
                let mut frame = deliveries.buffer(length);
                frame.resize(length, 7);
                deliveries.insert(frame, 1, origin)
            })
            .collect();
        ids.into_iter().for_each(|id| deliveries.release(id));
        deliveries.let_go(origin);
    }

    #[test]
    fn a_flood_of_small_frames_leaves_large_ones_their_spares() {
        let mut deliveries = Deliveries::default();
        flood(&mut deliveries, 50_000, 300);
        assert!(deliveries.small.bytes <= SMALL_SPARE_BYTES && deliveries.small.bytes > SMALL_SPARE_BYTES / 2);
        flood(&mut deliveries, 100, 100 << 10);
        assert!(deliveries.large.bytes <= LARGE_SPARE_BYTES && deliveries.large.bytes > LARGE_SPARE_BYTES / 2);
        assert_eq!(deliveries.weight(), 0);
    }

    #[test]
    fn a_frame_gets_a_buffer_that_fits_and_is_empty() {
        let mut deliveries = Deliveries::default();
        for length in [300, 310, 20, 15_000, 20_000, 100_000, 30_000, 300] {
            flood(&mut deliveries, 3, length);
            let buffer = deliveries.buffer(length);
            assert!(buffer.is_empty() && buffer.capacity() >= length);
            assert!(length >= LARGE || buffer.capacity() <= 2 * length, "{} for {length}", buffer.capacity());
        }
    }
}
