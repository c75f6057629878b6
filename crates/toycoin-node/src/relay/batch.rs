//! Small deliveries, copied behind one another for one write.
//!
//! The subscribers of a channel mostly wait for the same deliveries. So the bytes that were copied for one of them are
//! kept, and serve the next one whose queue holds the same.

use crate::relay::deliveries::{Deliveries, DeliveryId};

/// The bytes of a write, and which deliveries they are.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    /// The deliveries in `bytes`, from the first byte of the first one on. Only the last may be cut off.
    deliveries: Vec<DeliveryId>,
    /// The number of deliveries ever inserted when the bytes were copied. While it is the same, so are the deliveries
    /// of those names: a name is used again only for one that is inserted.
    serial: u64,
    /// The limit up to which the bytes were copied.
    limit: usize,
    /// Whether the bytes are those deliveries and nothing else.
    is_shared: bool,
}

impl Batch {
    /// Begins with no bytes, for a queue whose first delivery has `written` bytes that are not copied again.
    pub(super) fn begin(&mut self, written: usize, limit: usize, deliveries: &Deliveries) {
        self.bytes.clear();
        self.deliveries.clear();
        self.serial = deliveries.serial();
        self.limit = limit;
        self.is_shared = written == 0;
    }

    /// Returns how many more bytes fit.
    pub(super) const fn room(&self) -> usize {
        self.limit.saturating_sub(self.bytes.len())
    }

    /// Appends what fits of the rest of a delivery.
    pub(super) fn push(&mut self, id: DeliveryId, rest: &[u8]) {
        self.bytes.extend_from_slice(&rest[..rest.len().min(self.room())]);
        self.deliveries.push(id);
    }

    /// Returns the buffer for a control frame, which belongs to one connection alone.
    pub(super) const fn own(&mut self) -> &mut Vec<u8> {
        self.is_shared = false;
        &mut self.bytes
    }

    /// Returns the deliveries that the bytes consist of, if the bytes can serve another queue.
    pub(super) fn shared(&self, limit: usize, deliveries: &Deliveries) -> Option<&[DeliveryId]> {
        let is_valid = self.is_shared && self.limit == limit && self.serial == deliveries.serial();
        (is_valid && !self.deliveries.is_empty()).then_some(&self.deliveries)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
