//! What waits to be written to one connection.

use std::collections::VecDeque;

use super::{
    CloseReason,
    controls::ControlFrames,
    deliveries::{Deliveries, DeliveryId},
};

/// One frame that waits. Control frames are encoded when they are written: a waiting one takes no memory of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Delivery(DeliveryId),
    Welcome,
    Ping(u64),
    Pong(u64),
    Lagged(u64),
    Goodbye(CloseReason),
}

/// Frames in the order in which they will be written. The first may be half written; it stays whatever happens.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// Bytes of the first entry that are written.
    written: usize,
    /// Bytes of the deliveries among the entries.
    bytes: usize,
    deliveries: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the bytes of the deliveries that wait.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns how many deliveries wait.
    pub(super) const fn deliveries(&self) -> usize {
        self.deliveries
    }

    /// Returns how many control frames wait.
    pub(super) fn controls(&self) -> usize {
        self.entries.len() - self.deliveries
    }

    pub(super) fn push_control(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Appends a delivery of `length` bytes, whose table already counts this queue as a holder.
    pub(super) fn push_delivery(&mut self, id: DeliveryId, length: usize) {
        self.entries.push_back(Entry::Delivery(id));
        self.bytes += length;
        self.deliveries += 1;
    }

    /// Drops the oldest delivery of which nothing is written, and counts it in a `LAGD` in its place; `false` if there
    /// is none.
    pub(super) fn drop_oldest(&mut self, deliveries: &mut Deliveries) -> bool {
        let begun = usize::from(self.written > 0);
        let oldest = self.entries.iter().enumerate().skip(begun).find_map(|(at, entry)| match entry {
            Entry::Delivery(id) => Some((at, *id)),
            _ => None,
        });
        let Some((at, id)) = oldest else { return false };
        self.release(id, deliveries);
        // only control frames stand before it, so a LAGD among them tells of this same gap
        let lagged = self.entries.range_mut(begun..at).find_map(|entry| match entry {
            Entry::Lagged(count) => Some(count),
            _ => None,
        });
        if let Some(count) = lagged {
            *count += 1;
            self.entries.remove(at);
        } else {
            self.entries[at] = Entry::Lagged(1);
        }
        true
    }

    /// Drops all deliveries of which nothing is written, without a word: the connection is about to end.
    pub(super) fn drop_all(&mut self, deliveries: &mut Deliveries) {
        let begun = usize::from(self.written > 0);
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

    /// Drops everything: the connection is gone.
    pub(super) fn clear(&mut self, deliveries: &mut Deliveries) {
        self.written = 0;
        self.drop_all(deliveries);
        self.entries = VecDeque::new();
    }

    /// Appends what is to be written next to `buffer`, until it holds `limit` bytes or a control frame more; a large
    /// delivery is not copied but ends the turn, and what is to be written of it is returned.
    pub(super) fn fill<'a>(
        &self,
        buffer: &mut Vec<u8>,
        limit: usize,
        deliveries: &'a Deliveries,
        frames: &ControlFrames,
    ) -> &'a [u8] {
        let mut written = self.written;
        for entry in &self.entries {
            let room = limit.saturating_sub(buffer.len());
            if room == 0 {
                break;
            }
            match entry {
                Entry::Delivery(id) => {
                    let rest = &deliveries.frame(*id)[written..];
                    if rest.len() >= LARGE {
                        return rest;
                    }
                    buffer.extend_from_slice(&rest[..rest.len().min(room)]);
                }
                control => {
                    let start = buffer.len();
                    frames.append(*control, buffer);
                    buffer.drain(start..start + written);
                }
            }
            written = 0;
        }
        &[]
    }

    /// Takes `count` written bytes off the front. More than there are is a driver's mistake, and empties the queue.
    pub(super) fn take_written(&mut self, count: usize, deliveries: &mut Deliveries, frames: &ControlFrames) {
        self.written += count;
        while let Some(&entry) = self.entries.front() {
            let length = match entry {
                Entry::Delivery(id) => deliveries.frame(id).len(),
                control => frames.length(control),
            };
            if self.written < length {
                return;
            }
            self.written -= length;
            self.entries.pop_front();
            if let Entry::Delivery(id) = entry {
                self.release(id, deliveries);
            }
        }
        self.written = 0;
        if self.entries.capacity() > RETAINED_ENTRIES {
            self.entries = VecDeque::with_capacity(RETAINED_ENTRIES);
        }
    }

    fn release(&mut self, id: DeliveryId, deliveries: &mut Deliveries) {
        self.bytes -= deliveries.frame(id).len();
        self.deliveries -= 1;
        deliveries.release(id);
    }
}

/// A queue that was longer gives its room back once it is drained: ten thousand connections may each keep this much.
const RETAINED_ENTRIES: usize = 256;

/// From this many bytes on, copying a delivery costs more than a system call of its own.
const LARGE: usize = 16 << 10;
