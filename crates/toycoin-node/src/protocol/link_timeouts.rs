//! When each connection has something to do next, remembered from one input to the next.
//!
//! Nearly all inputs concern one connection alone. What the others wait for is spread over many parts, and reading it
//! after every such input would cost more than the input itself.

use std::collections::BTreeMap;

use crate::{machine::Monotonic, protocol::links::Link, relay::ConnectionId};

/// The timeouts of all connections, as long as only known connections change.
#[derive(Debug, Default)]
pub(super) struct LinkTimeouts {
    /// The timeout of each connection; `None` if any of them may have changed.
    known: Option<Vec<(ConnectionId, Option<Monotonic>)>>,
}

impl LinkTimeouts {
    /// Forgets the timeouts, because any connection may have changed, or come, or gone.
    pub(super) fn forget(&mut self) {
        self.known = None;
    }

    /// Returns the first timeout of all connections, of which only `changed` has changed since the last call.
    pub(super) fn first(&mut self, changed: ConnectionId, links: &BTreeMap<ConnectionId, Link>) -> Option<Monotonic> {
        let known = match &mut self.known {
            Some(known) => {
                let place = known.iter_mut().find(|(connection, _)| *connection == changed);
                if let Some(((_, at), link)) = place.zip(links.get(&changed)) {
                    *at = link.next_timeout();
                }
                known
            }
            unknown => unknown.insert(links.iter().map(|(at, link)| (*at, link.next_timeout())).collect()),
        };
        known.iter().filter_map(|(_, at)| *at).min()
    }
}
