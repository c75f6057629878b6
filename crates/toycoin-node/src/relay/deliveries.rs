//! Deliveries that wait in queues: each is encoded once and kept once, however many queues hold it.

/// Names a delivery for as long as a queue holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DeliveryId(usize);

/// The shared frames, and what they weigh together.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    slots: Vec<Slot>,
    free: Vec<usize>,
    weight: usize,
}

#[derive(Debug, Default)]
struct Slot {
    frame: Vec<u8>,
    holders: usize,
}

impl Deliveries {
    /// Takes a frame that `holders` queues, at least one, are about to hold.
    pub(super) fn insert(&mut self, frame: Vec<u8>, holders: usize) -> DeliveryId {
        self.weight += frame.len() + SLOT_WEIGHT + holders * HOLDER_WEIGHT;
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
            self.weight -= slot.frame.len() + SLOT_WEIGHT;
            slot.frame = Vec::new();
            self.free.push(id.0);
        }
        if self.free.len() == self.slots.len() {
            self.shrink();
        }
    }

    /// Returns the bytes of memory that the deliveries take.
    pub(super) const fn weight(&self) -> usize {
        self.weight
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
