//! Seen cache: the messages that a node has seen, so that its machine hears each at most once.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// Time for which a message is remembered: the protocol's 120 s.
const REMEMBERED: Duration = Duration::from_secs(120);

/// Id of a gossiped message: the start of the hash of its content.
pub(super) type MessageId = [u8; 20];

/// Returns the id of a payload.
pub(super) fn message_id(payload: &[u8]) -> MessageId {
    *blake3::hash(payload).as_bytes().first_chunk().expect("a hash of 32 bytes")
}

/// Messages seen during the last 120 s, with the neighbours that have each.
#[derive(Debug, Default)]
pub(crate) struct MessageCache {
    seen: BTreeMap<MessageId, Vec<usize>>,
    order: VecDeque<(Duration, MessageId)>,
}

impl MessageCache {
    /// Records that a message came from a neighbour, or from this node itself. Returns whether it is new.
    pub(super) fn insert(&mut self, now: Duration, id: MessageId, from: Option<usize>) -> bool {
        while let Some((_, old)) = self.order.pop_front_if(|(at, _)| *at + REMEMBERED <= now) {
            self.seen.remove(&old);
        }
        if let Some(neighbours) = self.seen.get_mut(&id) {
            neighbours.extend(from.filter(|from| !neighbours.contains(from)));
            return false;
        }
        self.seen.insert(id, from.into_iter().collect());
        self.order.push_back((now, id));
        true
    }

    /// Returns whether a neighbour is known to have a message.
    pub(super) fn has(&self, id: &MessageId, neighbour: usize) -> bool {
        self.seen.get(id).is_some_and(|neighbours| neighbours.contains(&neighbour))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_new_once_in_two_minutes() {
        let seconds = Duration::from_secs;
        let (mut cache, id) = (MessageCache::default(), message_id(b"TXN one"));
        assert!(cache.insert(seconds(1), id, Some(3)));
        assert!(!cache.insert(seconds(2), id, Some(4)));
        assert!(cache.has(&id, 3) && cache.has(&id, 4) && !cache.has(&id, 5));
        assert!(cache.insert(seconds(2), message_id(b"TXN two"), None));
        assert!(!cache.insert(seconds(120), id, None));
        assert!(cache.insert(seconds(121), id, None));
        assert!(!cache.has(&id, 3));
    }
}
