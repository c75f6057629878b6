//! Gossiped messages that wait for their judgement.

use std::collections::BTreeMap;

use libp2p::{
    PeerId,
    gossipsub::{MessageId, TopicHash},
};
use tokio::time::Instant;
use toycoin_node::protocol::Ticket;

use crate::limits::{BLOCK_TICKETS, JUDGE_TIMEOUT, MAX_TICKET_BYTES, MAX_TICKETS, TICKET_SHARE};

/// The tickets, at most 256 ([`MAX_TICKETS`]) or 32 MiB ([`MAX_TICKET_BYTES`]). A part is kept for blocks, so that no
/// flood of transactions delays them.
///
/// A neighbour may hold a fourth ([`TICKET_SHARE`]) of those that are free. That is a fifth of all for one alone, and
/// however many neighbours take all that they may, some stay free: `n` of them leave `1 / (1 + n / 4)` of all.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    /// By number, so that the first expires first.
    open: BTreeMap<u64, Waiting>,
    /// How many each neighbour has, of blocks and of transactions; never 0.
    of_peer: BTreeMap<(PeerId, bool), usize>,
    bytes: usize,
    last: u64,
}

/// A message that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: MessageId,
    pub(super) source: PeerId,
    pub(super) topic: TopicHash,
    is_block: bool,
    bytes: usize,
    expires: Instant,
}

impl Tickets {
    /// Returns the ticket of a message with this many bytes; `None` if too many wait. `is_block` is for what the topic
    /// of blocks carries.
    pub(super) fn open(
        &mut self,
        id: MessageId,
        source: PeerId,
        topic: TopicHash,
        is_block: bool,
        bytes: usize,
    ) -> Option<Ticket> {
        let places = if is_block { MAX_TICKETS } else { MAX_TICKETS - BLOCK_TICKETS };
        let free = places.saturating_sub(self.open.len());
        let of_peer = self.of_peer.get(&(source, is_block)).copied().unwrap_or_default();
        if free == 0 || of_peer >= (free / TICKET_SHARE).max(1) || self.bytes + bytes > MAX_TICKET_BYTES {
            return None;
        }
        self.last += 1;
        self.bytes += bytes;
        self.of_peer.insert((source, is_block), of_peer + 1);
        let expires = Instant::now() + JUDGE_TIMEOUT;
        self.open.insert(self.last, Waiting { id, source, topic, is_block, bytes, expires });
        Some(Ticket(self.last))
    }

    /// Closes a ticket, and returns its message if it still waits.
    pub(super) fn close(&mut self, ticket: Ticket) -> Option<Waiting> {
        let waiting = self.open.remove(&ticket.0)?;
        self.bytes -= waiting.bytes;
        let key = (waiting.source, waiting.is_block);
        match self.of_peer.get_mut(&key) {
            Some(of_peer) if *of_peer > 1 => *of_peer -= 1,
            _ => {
                self.of_peer.remove(&key);
            }
        }
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

    fn open_of(tickets: &mut Tickets, source: PeerId, is_block: bool, bytes: usize) -> Option<Ticket> {
        tickets.open(MessageId::from("id"), source, TopicHash::from_raw("topic"), is_block, bytes)
    }

    fn open(tickets: &mut Tickets, bytes: usize) -> Option<Ticket> {
        open_of(tickets, PeerId::random(), true, bytes)
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
    fn one_neighbour_leaves_tickets_to_others() {
        let (mut tickets, loud) = (Tickets::default(), PeerId::random());
        let of_loud = |tickets: &mut Tickets, is_block| {
            std::iter::from_fn(|| open_of(tickets, loud, is_block, 1)).take(MAX_TICKETS).collect::<Vec<_>>()
        };
        let transactions = of_loud(&mut tickets, false);
        let blocks = of_loud(&mut tickets, true);
        assert_eq!(transactions.len(), (MAX_TICKETS - BLOCK_TICKETS) / (TICKET_SHARE + 1) + 1);
        assert!(blocks.len() >= BLOCK_TICKETS && transactions.len() + blocks.len() < MAX_TICKETS / 2);
        assert!(open_of(&mut tickets, PeerId::random(), false, 1).is_some());
        transactions.into_iter().chain(blocks).for_each(|ticket| assert!(tickets.close(ticket).is_some()));
        assert_eq!(tickets.of_peer.len(), 1);
        assert!(open_of(&mut tickets, loud, false, 1).is_some());
    }

    #[test]
    fn colluding_neighbours_leave_tickets_to_others() {
        for colluding in [4, 16, 64, 125] {
            let mut tickets = Tickets::default();
            let peers: Vec<_> = (0..colluding).map(|_| PeerId::random()).collect();
            // each takes what it may, again and again
            for _ in 0..MAX_TICKETS {
                peers.iter().for_each(|peer| {
                    open_of(&mut tickets, *peer, false, 1);
                });
            }
            let honest = PeerId::random();
            let of_honest = std::iter::from_fn(|| open_of(&mut tickets, honest, false, 1)).count();
            assert!(of_honest >= 1, "{colluding}");
            assert!(colluding > 4 || of_honest >= MAX_TICKETS / 16, "{of_honest}");
        }
    }

    #[test]
    fn transactions_leave_tickets_to_blocks() {
        let mut tickets = Tickets::default();
        let of_all = |tickets: &mut Tickets, is_block| {
            std::iter::from_fn(|| open_of(tickets, PeerId::random(), is_block, 1)).take(MAX_TICKETS + 1).count()
        };
        assert_eq!(of_all(&mut tickets, false), MAX_TICKETS - BLOCK_TICKETS);
        assert_eq!(of_all(&mut tickets, true), BLOCK_TICKETS);
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
        assert_eq!((tickets.bytes, tickets.of_peer.len()), (0, 0));
    }
}
