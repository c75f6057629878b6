//! An entry of the address book.

use core::net::IpAddr;

use super::{Endpoint, PeerId, attempts::Attempts, buckets::Place};
use crate::limits;

/// What the address book knows of an address. Times are Unix seconds.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Who answered there last, or is said to answer there; `None` if nobody knows.
    pub(super) peer: Option<PeerId>,
    /// Who named the address.
    pub(super) source: IpAddr,
    /// When a node was seen there last, as far as is known.
    pub(super) seen: u64,
    /// When we were connected there last; 0 if never.
    pub(super) last: u64,
    pub(super) attempts: Attempts,
    pub(super) table: Table,
}

/// The table that holds an address, and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Addresses that were heard of.
    New(Place),
    /// Addresses that this node was connected to.
    Tried(Place),
}

impl Entry {
    /// Returns whether others may be told of this address: this node was connected there, or the owner named it.
    pub(super) fn is_vouched(&self, endpoint: Endpoint) -> bool {
        self.last > 0 || self.source == endpoint.ip
    }

    /// Returns whether this node was connected there within the horizon.
    pub(super) const fn was_connected(&self, now: u64) -> bool {
        self.last > 0 && now.saturating_sub(self.last) <= limits::ADDRESS_HORIZON.as_secs()
    }

    pub(super) const fn is_tried(&self) -> bool {
        matches!(self.table, Table::Tried(_))
    }

    /// Returns whether the address is worth nothing, as Bitcoin Core's `IsTerrible` does: its timestamp is old or from
    /// the future, or it never answered.
    pub(super) const fn is_terrible(&self, now: u64) -> bool {
        is_out_of_time(self.seen, now) || (self.last == 0 && self.attempts.failures() >= limits::REPLACEABLE_FAILURES)
    }
}

/// Returns whether a timestamp is too old, or from the future.
pub(super) const fn is_out_of_time(seen: u64, now: u64) -> bool {
    seen > now.saturating_add(limits::ADDRESS_MAX_FUTURE.as_secs())
        || now.saturating_sub(seen) > limits::ADDRESS_HORIZON.as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Monotonic;

    #[test]
    fn old_future_and_silent_addresses_are_terrible() {
        const NOW: u64 = 1_800_000_000;
        const DAY: u64 = 86_400;
        for (seen, last, failures, terrible) in [
            (NOW, 0, 0, false),
            (NOW - 30 * DAY, 0, 0, false),
            (NOW - 30 * DAY - 1, 0, 0, true),
            (NOW + 600, 0, 0, false),
            (NOW + 601, 0, 0, true),
            (0, NOW, 0, true),
            (NOW, 0, 2, false),
            (NOW, 0, 3, true),
            (NOW, 1, 9, false),
        ] {
            let entry = Entry {
                peer: None,
                source: [1, 2, 3, 4].into(),
                seen,
                last,
                attempts: Attempts::new(failures, Monotonic::ORIGIN),
                table: Table::New(Place { bucket: 0, position: 0 }),
            };
            assert_eq!(entry.is_terrible(NOW), terrible, "{seen} {last} {failures}");
        }
    }
}
