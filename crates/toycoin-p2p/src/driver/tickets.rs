//! Gossiped messages that wait for their judgement.

use std::collections::BTreeMap;

use libp2p::{
    PeerId,
    gossipsub::{MessageId, TopicHash},
};
use tokio::time::Instant;
use toycoin_node::protocol::Ticket;

use crate::limits::{JUDGE_TIMEOUT, MAX_TICKET_BYTES, MAX_TICKETS};

/// The tickets, at most 256 ([`MAX_TICKETS`]) or 32 MiB ([`MAX_TICKET_BYTES`]).
#[derive(Debug, Default)]
pub(super) struct Tickets {
    /// By number, so that the first expires first.
    open: BTreeMap<u64, Waiting>,
    bytes: usize,
    last: u64,
}

/// A message that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: MessageId,
    pub(super) source: PeerId,
    pub(super) topic: TopicHash,
    bytes: usize,
    expires: Instant,
}

impl Tickets {
    /// Returns the ticket of a message with this many bytes; `None` if too many wait.
    pub(super) fn open(&mut self, id: MessageId, source: PeerId, topic: TopicHash, bytes: usize) -> Option<Ticket> {
        if self.open.len() >= MAX_TICKETS || self.bytes + bytes > MAX_TICKET_BYTES {
            return None;
        }
        self.last += 1;
        self.bytes += bytes;
        let expires = Instant::now() + JUDGE_TIMEOUT;
        self.open.insert(self.last, Waiting { id, source, topic, bytes, expires });
        Some(Ticket(self.last))
    }

    /// Closes a ticket, and returns its message if it still waits.
    pub(super) fn close(&mut self, ticket: Ticket) -> Option<Waiting> {
        let waiting = self.open.remove(&ticket.0)?;
        self.bytes -= waiting.bytes;
        Some(waiting)
    }

    /// Returns when the first ticket expires.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.open.values().next().map(|waiting| waiting.expires)
    }

    /// Closes a ticket that has expired, and returns its message.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Waiting> {
        let (number, _) = self.open.first_key_value().filter(|(_, waiting)| waiting.expires <= now)?;
        self.close(Ticket(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(tickets: &mut Tickets, bytes: usize) -> Option<Ticket> {
        tickets.open(MessageId::from("id"), PeerId::random(), TopicHash::from_raw("topic"), bytes)
    }

    #[test]
    fn tickets_are_bounded_in_number_and_bytes() {
        let mut tickets = Tickets::default();
        let first = open(&mut tickets, 1).unwrap();
        for _ in 1..MAX_TICKETS {
            open(&mut tickets, 1).unwrap();
        }
        assert_eq!(open(&mut tickets, 1), None);
        assert!(tickets.close(first).is_some());
        assert!(tickets.close(first).is_none(), "it is judged once");
        assert!(open(&mut tickets, MAX_TICKET_BYTES).is_none());
        assert!(open(&mut tickets, 1).is_some());
    }

    #[test]
    fn tickets_expire_in_order() {
        let mut tickets = Tickets::default();
        assert_eq!(tickets.next_expiry(), None);
        open(&mut tickets, 1).unwrap();
        open(&mut tickets, 1).unwrap();
        let first = tickets.next_expiry().unwrap();
        assert!(tickets.expired(first - std::time::Duration::from_millis(1)).is_none());
        let late = first + JUDGE_TIMEOUT;
        assert!(tickets.expired(late).is_some() && tickets.expired(late).is_some());
        assert!(tickets.expired(late).is_none());
        assert_eq!(tickets.bytes, 0);
    }
}
