//! The way of a published message into its subscribers' queues.

use toycoin_wire::{
    Tag,
    limits::FRAME_HEADER,
    relay::{Deliver, Publish, RelayMessage},
};

use crate::{
    machine::Monotonic,
    relay::{RelayEvent, RelayMachine, connection::Phase, machine::announce},
};

impl RelayMachine {
    /// Puts a message into the queues of its receivers. The publisher is not among them, and never waits.
    pub(super) fn publish(&mut self, now: Monotonic, from: usize, publish: Publish<'_>) {
        let Some(connection) = &self.connections[from] else { return };
        let Phase::Open(node_id) = connection.phase else { return };
        let origin = connection.origin;
        self.stats.published += 1;
        let subscribers = self.channels.subscribers(publish.channel);
        let one;
        let receivers = match publish.to {
            None => subscribers,
            Some(node) => {
                let slot =
                    self.nodes.get(&node).filter(|slot| **slot != from && subscribers.binary_search(slot).is_ok());
                if let Some(slot) = slot {
                    one = [*slot];
                    &one[..]
                } else {
                    self.stats.undeliverable += 1;
                    &[][..]
                }
            }
        };
        let count = receivers.len() - usize::from(receivers.binary_search(&from).is_ok());
        self.observation.record_frequent(|| RelayEvent::Published {
            from: node_id,
            to: publish.to,
            channel: publish.channel.to_channel(),
            tag: publish.payload.first_chunk().copied().map(Tag::new),
            size: publish.payload.len(),
            receivers: count,
        });
        if count == 0 {
            return;
        }
        let deliver = Deliver { channel: publish.channel, from: node_id, payload: publish.payload };
        let mut frame = self.deliveries.buffer(frame_length(&deliver));
        if RelayMessage::Deliver(deliver).append_frame(&mut frame).is_err() {
            return;
        }
        let length = frame.len();
        let id = self.deliveries.insert(frame, count, origin);
        self.stats.delivered += count as u64;
        for &slot in receivers.iter().filter(|slot| **slot != from) {
            let Some(connection) = &mut self.connections[slot] else { continue };
            self.stats.dropped += connection.queue.push_delivery(id, length, &mut self.deliveries);
            if announce(now, connection, &mut self.outputs) {
                let (time, _) = connection.due();
                self.timers.arm(slot, &mut connection.armed, time);
            }
        }
        if self.deliveries.weight() > self.config.queued_bytes {
            self.shed();
        }
    }
}

/// Returns the length of a delivery's frame: header, channel, origin, payload, and the length fields of channel and
/// payload.
fn frame_length(deliver: &Deliver<'_>) -> usize {
    FRAME_HEADER + 8 + deliver.channel.as_str().len() + 16 + 8 + deliver.payload.len()
}

#[cfg(test)]
mod tests {
    use toycoin_wire::{ChannelRef, NodeId};

    use super::*;

    #[test]
    fn a_frame_is_as_long_as_was_reckoned() {
        for (channel, payload) in [("a", &[][..]), ("/topic/main", &[7; 300]), ("b", &[1; 100_000])] {
            let channel = ChannelRef::new(channel).unwrap();
            let deliver = Deliver { channel, from: NodeId::new([9; 16]), payload };
            assert_eq!(RelayMessage::Deliver(deliver).to_frame().unwrap().len(), frame_length(&deliver));
        }
    }
}
