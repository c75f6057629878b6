//! What a queue writes next.

use crate::relay::{batch::Batch, controls::ControlFrames, deliveries::Deliveries, entry::Entry, queue::Queue};

impl Queue {
    /// Appends what is not yet written of the control entry at an index, together with the gaps that directly follow a
    /// gap. Returns their number.
    fn append_control(
        &self,
        mut control: Entry,
        at: usize,
        written: usize,
        buffer: &mut Vec<u8>,
        frames: &ControlFrames,
    ) -> usize {
        let start = buffer.len();
        let mut joined = 0;
        // a half written one has already said its count
        if let Entry::Lagged(count) = &mut control
            && written == 0
        {
            while let Some(Entry::Lagged(more)) = self.entries.get(at + 1 + joined) {
                *count += more;
                joined += 1;
            }
        }
        frames.append(control, buffer);
        buffer.drain(start..start + written);
        joined
    }

    /// Returns the next frames, about `limit` bytes of them: small ones together in `batch`, and then the rest of one
    /// large delivery by reference. What `batch` already has for another queue is not copied again.
    pub(in crate::relay) fn next_write<'a>(
        &self,
        batch: &'a mut Batch,
        limit: usize,
        deliveries: &'a Deliveries,
        frames: &ControlFrames,
    ) -> [&'a [u8]; 2] {
        if self.entries.is_empty() {
            // a drained queue leaves the batch to the next one
            return [&[], &[]];
        }
        let copied = match self.begins_with(batch, limit, deliveries) {
            Some(copied) => copied,
            None => self.copy_small(batch, limit, deliveries, frames),
        };
        let large = match self.entries.get(copied) {
            // only one: written to each queue before the next one, it is still in the processor's cache
            Some(Entry::Delivery(id)) if batch.room() > 0 => {
                let rest = &deliveries.frame(*id)[if copied == 0 { self.written } else { 0 }..];
                if rest.len() >= LARGE { rest } else { &[] }
            }
            _ => &[],
        };
        [batch.bytes(), large]
    }

    /// Returns with how many entries the queue begins that `batch` holds, if that is what a copy would hold too.
    fn begins_with(&self, batch: &Batch, limit: usize, deliveries: &Deliveries) -> Option<usize> {
        let shared = batch.shared(limit, deliveries)?;
        let is_next_apart = || match self.entries.get(shared.len()) {
            None => true,
            Some(Entry::Delivery(id)) => deliveries.frame(*id).len() >= LARGE,
            Some(_) => false,
        };
        let is_same = self.written == 0
            && self.entries.len() >= shared.len()
            && self.entries.iter().zip(shared).all(|(entry, id)| *entry == Entry::Delivery(*id))
            && (batch.room() == 0 || is_next_apart());
        is_same.then_some(shared.len())
    }

    /// Copies small frames into `batch`, until that is full or a large delivery follows. Returns the number of entries
    /// before the one that follows.
    fn copy_small(&self, batch: &mut Batch, limit: usize, deliveries: &Deliveries, frames: &ControlFrames) -> usize {
        batch.begin(self.written, limit, deliveries);
        let mut written = self.written;
        let mut taken = 0;
        while batch.room() > 0
            && let Some(entry) = self.entries.get(taken)
        {
            match entry {
                Entry::Delivery(id) => {
                    let rest = &deliveries.frame(*id)[written..];
                    if rest.len() >= LARGE {
                        break;
                    }
                    batch.push(*id, rest);
                }
                control => taken += self.append_control(*control, taken, written, batch.own(), frames),
            }
            taken += 1;
            written = 0;
        }
        taken
    }
}

#[cfg(test)]
impl Queue {
    /// Returns the bytes of the next write as this queue alone would have them, whatever others hold.
    pub(in crate::relay) fn written_alone(
        &self,
        limit: usize,
        deliveries: &Deliveries,
        frames: &ControlFrames,
    ) -> Vec<u8> {
        let (mut bytes, mut written, mut at) = (Vec::new(), self.written, 0);
        while let Some(entry) = self.entries.get(at) {
            let room = limit.saturating_sub(bytes.len());
            if room == 0 {
                break;
            }
            match entry {
                Entry::Delivery(id) => {
                    let rest = &deliveries.frame(*id)[written..];
                    if rest.len() >= LARGE {
                        bytes.extend_from_slice(rest);
                        break;
                    }
                    bytes.extend_from_slice(&rest[..rest.len().min(room)]);
                }
                control => at += self.append_control(*control, at, written, &mut bytes, frames),
            }
            written = 0;
            at += 1;
        }
        bytes
    }
}

/// Length in bytes from which copying a delivery costs more than a system call of its own.
const LARGE: usize = 16 << 10;
