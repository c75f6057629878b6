//! Deliveries that wait in queues. Each is encoded once and stored once, however many queues hold it.

use std::mem;

use crate::{
    limits::{LARGE_SPARE_BYTES, RETAINED_SLOTS, SMALL_SPARE_BYTES},
    relay::{
        origin::{Origin, OriginId, Origins},
        shares::Shares,
    },
};

/// The name of a delivery, valid while a queue holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeliveryId(usize);

/// The shared frames, and their total weight.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    slots: Vec<Slot>,
    free: Vec<usize>,
    origins: Origins,
    weight: usize,
    /// The number of deliveries ever inserted.
    serial: u64,
    /// Free large buffers. Reusing one and copying into it costs less than new memory from the system.
    large: Spares,
    /// Free small buffers, the last freed at the end, because that one is still in the processor's cache.
    small: Spares,
}

/// Free buffers. Small and large ones have bounds of their own, so a flood of one kind leaves the other its room.
#[derive(Debug, Default)]
struct Spares {
    buffers: Vec<Vec<u8>>,
    bytes: usize,
}

// kept small, because each message writes one
#[derive(Debug)]
struct Slot {
    frame: Vec<u8>,
    /// A number that rises from one delivery to the next.
    serial: u64,
    holders: u32,
    origin: OriginId,
}

/// Deliveries that must be dropped from every queue, because the relay holds too much.
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
        // a small frame in a far larger buffer would count memory that it does not need
        spare.filter(|spare| fits(spare.capacity())).unwrap_or_else(|| Vec::with_capacity(length))
    }

    /// Registers an origin. It is known until it is [let go](Self::let_go) and none of its messages waits.
    pub(super) fn welcome(&mut self, origin: Origin) -> OriginId {
        self.origins.insert(origin)
    }

    /// Records that an origin publishes nothing any more.
    pub(super) fn let_go(&mut self, origin: OriginId) {
        self.origins.release(origin);
    }

    /// Inserts a frame that `holders` queues will hold, at least one.
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

    /// Returns a delivery's origin.
    pub(super) fn origin(&self, id: DeliveryId) -> Origin {
        self.origins.get(self.slots[id.0].origin)
    }

    /// Returns a number that rises from one delivery to the next.
    pub(super) fn serial_of(&self, id: DeliveryId) -> u64 {
        self.slots[id.0].serial
    }

    /// Returns the number of deliveries ever inserted.
    pub(super) const fn serial(&self) -> u64 {
        self.serial
    }

    /// Releases one queue's hold on a delivery. The last release frees it.
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

    /// Returns the memory of all deliveries, in bytes.
    pub(super) const fn weight(&self) -> usize {
        self.weight
    }

    /// Adds memory that a queue uses for its deliveries, in bytes.
    pub(super) const fn charge(&mut self, bytes: usize) {
        self.weight += bytes;
    }

    /// Subtracts memory that a queue no longer uses.
    pub(super) const fn refund(&mut self, bytes: usize) {
        self.weight -= bytes;
    }

    /// Dooms the oldest deliveries of the origins that hold most, at least a fraction `share / of` of the total weight.
    /// Returns whether there were any that were not doomed before.
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

    /// Frees the table that a flood has enlarged, once no delivery is left.
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

    /// Takes the last buffer whose capacity fits.
    fn take_last_where(&mut self, fits: impl Fn(usize) -> bool) -> Option<Vec<u8>> {
        let at = self.buffers.iter().rposition(|buffer| fits(buffer.capacity()))?;
        let buffer = self.buffers.swap_remove(at);
        self.bytes -= buffer.capacity();
        Some(buffer)
    }
}

/// Bytes that a delivery costs besides its frame: its slot, its place in the free list, and the allocator's overhead.
const SLOT_WEIGHT: usize = 96;
/// Bytes that a delivery costs in each queue: its entry, and two entries for gaps that may surround it.
const HOLDER_WEIGHT: usize = 48;
/// Length in bytes from which a frame may use any spare buffer that is long enough.
const LARGE: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::{ConnectionId, Source};

    const ORIGIN: Origin = Origin { source: Source::Address(1), connection: ConnectionId(1) };

    /// Inserts `count` frames of one length, and then releases all of them.
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
