//! Deliveries that wait in queues: each is encoded once and kept once, however many queues hold it.

use std::mem;

/// Names a delivery for as long as a queue holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeliveryId(usize);

/// The shared frames, and what they weigh together.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    slots: Vec<Slot>,
    free: Vec<usize>,
    weight: usize,
    /// Large buffers that are free: what the system gives for each of them costs more than the copy into it.
    large: Vec<Vec<u8>>,
    /// Small ones, the last freed at the end: it is still in the processor's cache.
    small: Vec<Vec<u8>>,
    /// Bytes of both.
    spare_bytes: usize,
}

#[derive(Debug, Default)]
struct Slot {
    frame: Vec<u8>,
    holders: usize,
}

impl Deliveries {
    /// Returns an empty buffer for a frame of `length` bytes.
    pub(super) fn buffer(&mut self, length: usize) -> Vec<u8> {
        let spare = if length < LARGE {
            self.small.pop()
        } else {
            let fitting = self.large.iter().rposition(|spare| spare.capacity() >= length);
            fitting.map(|at| self.large.swap_remove(at))
        };
        let Some(spare) = spare else { return Vec::with_capacity(length) };
        self.spare_bytes -= spare.capacity();
        // a small frame in a buffer that is far too long for it would weigh what it does not need
        let fits = length >= LARGE || (length..=2 * length).contains(&spare.capacity());
        if fits { spare } else { Vec::with_capacity(length) }
    }

    /// Takes a frame that `holders` queues, at least one, are about to hold.
    pub(super) fn insert(&mut self, frame: Vec<u8>, holders: usize) -> DeliveryId {
        self.weight += frame.capacity() + SLOT_WEIGHT + holders * HOLDER_WEIGHT;
        let slot = Slot { frame, holders };
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

    /// One queue holds the delivery no more; with the last one it is freed.
    pub(super) fn release(&mut self, id: DeliveryId) {
        let slot = &mut self.slots[id.0];
        slot.holders -= 1;
        self.weight -= HOLDER_WEIGHT;
        if slot.holders == 0 {
            let frame = mem::take(&mut slot.frame);
            self.weight -= frame.capacity() + SLOT_WEIGHT;
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

    fn recycle(&mut self, mut frame: Vec<u8>) {
        let capacity = frame.capacity();
        if self.spare_bytes + capacity <= SPARE_BYTES {
            frame.clear();
            self.spare_bytes += capacity;
            if capacity < LARGE { self.small.push(frame) } else { self.large.push(frame) }
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

/// What a delivery takes beside its bytes: its slot, its place in the free list, and the allocator's share.
const SLOT_WEIGHT: usize = 64;
/// What it takes in each queue.
const HOLDER_WEIGHT: usize = 16;
const RETAINED_SLOTS: usize = 1 << 14;
/// From this many bytes on, a frame takes the first spare buffer that is long enough.
const LARGE: usize = 16 << 10;
const SPARE_BYTES: usize = 4 << 20;
