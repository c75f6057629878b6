//! The tickets of gossiped messages: each gets exactly one judgement, in time.
//!
//! A message that is judged late is of no use, since by then it came to others another way. So a ticket that waits too
//! long is judged `Ignore`, whatever becomes of its message here.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    limits,
    machine::Monotonic,
    protocol::{Ticket, peer_key::PeerKey},
};

/// The tickets that are not judged yet.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    open: BTreeMap<Ticket, PeerKey>,
    /// When each of them is over, the earliest first. Judged ones are skipped.
    ends: VecDeque<(Monotonic, Ticket)>,
}

impl Tickets {
    /// Returns whether a ticket is open.
    pub(super) fn is_open(&self, ticket: Ticket) -> bool {
        self.open.contains_key(&ticket)
    }

    /// Opens a ticket. Returns false if it is open already, which is the driver's mistake.
    pub(super) fn open(&mut self, ticket: Ticket, peer: PeerKey, now: Monotonic) -> bool {
        if self.open.contains_key(&ticket) {
            return false;
        }
        self.open.insert(ticket, peer);
        self.ends.push_back((now + limits::TICKET_PATIENCE, ticket));
        true
    }

    /// Closes a ticket. Returns false if it is not open.
    pub(super) fn close(&mut self, ticket: Ticket) -> bool {
        let was_open = self.open.remove(&ticket).is_some();
        while self.ends.front().is_some_and(|(_, first)| !self.open.contains_key(first)) {
            self.ends.pop_front();
        }
        was_open
    }

    /// Returns the open tickets that are over.
    pub(super) fn over(&self, now: Monotonic) -> Vec<Ticket> {
        let over = self.ends.iter().take_while(|(end, _)| *end <= now);
        over.map(|(_, ticket)| *ticket).filter(|ticket| self.open.contains_key(ticket)).collect()
    }

    /// Returns the open tickets of some peers.
    pub(super) fn of(&self, which: impl Fn(&PeerKey) -> bool) -> Vec<Ticket> {
        self.open.iter().filter(|(_, peer)| which(peer)).map(|(ticket, _)| *ticket).collect()
    }

    /// Returns when the next ticket is over.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.ends.front().map(|(end, _)| *end)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use toycoin_wire::NodeId;

    use super::*;
    use crate::relay::ConnectionId;

    fn peer(number: u8) -> PeerKey {
        (ConnectionId(1), NodeId::new([number; 16]))
    }

    #[test]
    fn a_ticket_closes_once() {
        let (mut tickets, start) = (Tickets::default(), Monotonic::ORIGIN);
        assert!(tickets.open(Ticket(1), peer(1), start) && !tickets.open(Ticket(1), peer(2), start));
        assert!(tickets.close(Ticket(1)) && !tickets.close(Ticket(1)) && !tickets.close(Ticket(2)));
        assert_eq!((tickets.next_timeout(), tickets.ends.len()), (None, 0));
    }

    #[test]
    fn tickets_are_over_in_the_order_in_which_they_came() {
        let (mut tickets, start) = (Tickets::default(), Monotonic::ORIGIN);
        let later = start + Duration::from_secs(1);
        for (ticket, at) in [(1, start), (2, start), (3, later)] {
            tickets.open(Ticket(ticket), peer(1), at);
        }
        tickets.close(Ticket(2));
        let end = start + limits::TICKET_PATIENCE;
        assert_eq!((tickets.next_timeout(), tickets.over(start)), (Some(end), vec![]));
        assert_eq!(tickets.over(end), [Ticket(1)]);
        tickets.close(Ticket(1));
        assert_eq!(tickets.next_timeout(), Some(later + limits::TICKET_PATIENCE));
        assert_eq!(tickets.over(later + limits::TICKET_PATIENCE), [Ticket(3)]);
    }
}
