//! The answer to deliveries that a relay dropped for us, with a rate limit.
//!
//! Whatever was dropped, other peers' headers show what is missing, and our status makes them announce their chains. A
//! relay that floods us with `LAGD` gets one answer per [`LAG_INTERVAL`](limits::LAG_INTERVAL), whose event has the
//! total count.

use toycoin_core::store::ChainStore;

use crate::{
    limits,
    machine::Monotonic,
    protocol::{Event, NodeMachine},
    relay::ConnectionId,
};

/// Deliveries that a relay dropped on one connection, and that are not answered yet.
#[derive(Debug, Default)]
pub(super) struct Lag {
    dropped: u64,
    /// When the next answer is due. The first one is due at once.
    answer_at: Monotonic,
}

impl Lag {
    /// Returns when the next answer is due, if deliveries were dropped.
    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        (self.dropped > 0).then_some(self.answer_at)
    }

    /// Takes the count if the answer is due.
    fn take_due(&mut self, now: Monotonic) -> Option<u64> {
        self.next_timeout().filter(|at| *at <= now)?;
        self.answer_at = now + limits::LAG_INTERVAL;
        Some(std::mem::take(&mut self.dropped))
    }
}

impl<S: ChainStore<Error: std::fmt::Display>> NodeMachine<S> {
    /// Records that the relay dropped messages for us. One answer covers several reports.
    pub(super) fn on_lagged(&mut self, connection: ConnectionId, count: u64) {
        if let Some(link) = self.net.links.get_mut(&connection) {
            // a count of zero still means that there is a gap
            link.lag.dropped = link.lag.dropped.saturating_add(count.max(1));
            let (now, patience) = (self.net.now.monotonic, link.patience_with_newcomers());
            link.pipeline.lagged(now);
            self.headers.doubt(connection, patience, now);
            self.bodies.doubt(connection, patience, now);
        }
    }

    /// Answers the dropped deliveries on each connection where it is time.
    pub(super) fn answer_lags(&mut self) {
        let now = self.net.now.monotonic;
        let due = |(connection, link): (&ConnectionId, &mut super::Link)| Some((*connection, link.lag.take_due(now)?));
        let due: Vec<_> = self.net.links.iter_mut().filter_map(due).collect();
        for (connection, count) in due {
            self.net.emit(Event::Lagged { count });
            self.tell_status(connection);
            let most = self.net.peers.iter().filter(|((at, _), _)| *at == connection);
            let most = most.max_by_key(|(_, peer)| peer.status.map(|status| status.work)).map(|(key, _)| *key);
            if let Some(peer) = most.and_then(|key| self.net.peers.get_mut(&key)) {
                peer.note_news();
            }
            self.look_for_headers();
        }
    }
}
