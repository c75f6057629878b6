//! Messages on their way: which arrival belongs to which sending.
//!
//! Relays give messages no numbers. So an arrival belongs to the oldest message from the same sender to the same
//! recipient with the same tag, size and subject that has not arrived yet.

use std::collections::{BTreeMap, VecDeque};

use toycoin_core::hex::Hex;
use toycoin_sim::SeenMessage;

use crate::event::Fate;

/// Time in microseconds after which a message that has not arrived counts as lost. It is more than the longest delay
/// that a teacher can give a node.
const LOST_AFTER: u64 = 90_000_000;

/// Most pairs of message and recipient that are on their way. Beyond that, the oldest counts as lost.
const ON_THEIR_WAY: usize = 20_000;

/// What is known of a message on both ends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MessageKey {
    /// The tag of its payload.
    pub(crate) tag: String,
    /// The size of its payload.
    pub(crate) bytes: u64,
    /// What it is about, in hex.
    pub(crate) about: Option<String>,
}

impl MessageKey {
    /// Returns what an observer sees of a message, as the schema says it.
    pub(crate) fn of(message: &SeenMessage) -> Self {
        Self {
            tag: message.tag.map(|tag| tag.to_string()).unwrap_or_default(),
            bytes: message.bytes as u64,
            about: message.about.map(|id| Hex(&id).to_string()),
        }
    }
}

/// The end of a message's way to one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) us: u64,
    pub(super) message: u64,
    pub(super) to: usize,
    pub(super) fate: Fate,
}

/// Messages on their way.
#[derive(Debug, Default)]
pub(super) struct Messages {
    last: u64,
    /// The numbers of the messages on their way, the oldest first, by sender, recipient and content.
    waiting: BTreeMap<(usize, usize, MessageKey), VecDeque<u64>>,
    /// All of them in the order of sending, some of which have arrived.
    order: VecDeque<(u64, u64, usize, usize, MessageKey)>,
}

impl Messages {
    /// Notes a message, and returns its number.
    pub(super) fn sent(&mut self, us: u64, from: usize, to: &[usize], key: &MessageKey) -> u64 {
        self.last += 1;
        for to in to {
            self.waiting.entry((from, *to, key.clone())).or_default().push_back(self.last);
            self.order.push_back((us, self.last, from, *to, key.clone()));
        }
        self.forget_arrived();
        self.last
    }

    /// Notes an arrival; `None` if no such message is on its way, as with a duplicate.
    pub(super) fn arrived(&mut self, us: u64, from: usize, to: usize, key: MessageKey, fate: Fate) -> Option<Arrival> {
        let place = (from, to, key);
        let numbers = self.waiting.get_mut(&place)?;
        let message = numbers.pop_front()?;
        if numbers.is_empty() {
            self.waiting.remove(&place);
        }
        Some(Arrival { us, message, to, fate })
    }

    /// Forgets the oldest that have arrived, so that only what is on its way is kept.
    fn forget_arrived(&mut self) {
        while let Some((_, message, from, to, key)) = self.order.front() {
            let place = (*from, *to, key.clone());
            if self.waiting.get(&place).is_some_and(|numbers| numbers.contains(message)) {
                return;
            }
            self.order.pop_front();
        }
    }

    /// Returns the messages on their way to a node, which are lost because it went down.
    pub(super) fn lost_at(&mut self, us: u64, node: usize) -> Vec<Arrival> {
        let mut lost: Vec<u64> = Vec::new();
        self.waiting.retain(|(_, to, _), numbers| {
            if *to == node {
                lost.extend(numbers.iter());
            }
            *to != node
        });
        lost.sort_unstable();
        lost.into_iter().map(|message| Arrival { us, message, to: node, fate: Fate::Lost }).collect()
    }

    /// Returns a message that counts as lost at a time. Ask until there is none.
    pub(super) fn lost(&mut self, now: u64) -> Option<Arrival> {
        loop {
            let is_full = self.order.len() > ON_THEIR_WAY;
            let (sent, ..) = self.order.front()?;
            let due = *sent + LOST_AFTER;
            if due > now && !is_full {
                return None;
            }
            let (_, message, from, to, key) = self.order.pop_front()?;
            let place = (from, to, key);
            let Some(numbers) = self.waiting.get_mut(&place) else { continue };
            let Some(index) = numbers.iter().position(|number| *number == message) else { continue };
            numbers.remove(index);
            if numbers.is_empty() {
                self.waiting.remove(&place);
            }
            return Some(Arrival { us: due.min(now), message, to, fate: Fate::Lost });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tag: &str) -> MessageKey {
        MessageKey { tag: tag.to_owned(), bytes: 9, about: None }
    }

    #[test]
    fn an_arrival_belongs_to_the_oldest_equal_message() {
        let mut messages = Messages::default();
        let first = messages.sent(1, 0, &[1, 2], &key("BLOC"));
        let second = messages.sent(2, 0, &[1], &key("BLOC"));
        let mut arrive = |to, tag| messages.arrived(3, 0, to, key(tag), Fate::Delivered).map(|arrival| arrival.message);
        assert_eq!(arrive(1, "TXN "), None);
        assert_eq!(arrive(1, "BLOC"), Some(first));
        assert_eq!(arrive(1, "BLOC"), Some(second));
        assert_eq!(arrive(1, "BLOC"), None, "a duplicate");
        assert_eq!(arrive(2, "BLOC"), Some(first));
    }

    #[test]
    fn a_message_that_never_arrives_is_lost() {
        let mut messages = Messages::default();
        let number = messages.sent(1, 0, &[1, 2], &key("BLOC"));
        messages.arrived(3, 0, 1, key("BLOC"), Fate::Delivered);
        assert_eq!(messages.lost(LOST_AFTER), None);
        let lost = Arrival { us: LOST_AFTER + 1, message: number, to: 2, fate: Fate::Lost };
        assert_eq!(messages.lost(LOST_AFTER + 5), Some(lost));
        assert_eq!(messages.lost(LOST_AFTER + 5), None);
        assert!(messages.waiting.is_empty() && messages.order.is_empty());
    }

    #[test]
    fn what_has_arrived_is_forgotten() {
        let mut messages = Messages::default();
        for number in 0..1_000 {
            messages.sent(number, 0, &[1, 2], &key("STAT"));
            for to in [1, 2] {
                messages.arrived(number, 0, to, key("STAT"), Fate::Delivered);
            }
        }
        assert!(messages.order.len() <= 2 && messages.waiting.is_empty());
    }

    #[test]
    fn what_is_on_its_way_to_a_node_that_goes_down_is_lost() {
        let mut messages = Messages::default();
        let first = messages.sent(1, 0, &[1, 2], &key("BLOC"));
        let second = messages.sent(1, 2, &[1], &key("BLOC"));
        let lost: Vec<_> = messages.lost_at(5, 1).into_iter().map(|arrival| arrival.message).collect();
        assert_eq!(lost, [first, second]);
        assert_eq!(messages.lost_at(5, 1), []);
        assert!(messages.arrived(6, 0, 2, key("BLOC"), Fate::Delivered).is_some());
    }

    #[test]
    fn what_is_on_its_way_is_bounded() {
        let mut messages = Messages::default();
        let mut lost = 0;
        for number in 0..2 * ON_THEIR_WAY as u64 {
            messages.sent(number, 0, &[1], &key("STAT"));
            lost += usize::from(messages.lost(number).is_some());
        }
        assert_eq!((messages.order.len(), lost), (ON_THEIR_WAY, ON_THEIR_WAY));
    }
}
