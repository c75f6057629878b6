//! Durability: what must survive a crash, and when it is synced.
//!
//! At the tip each move is synced before it is announced or mined upon. During initial block download (IBD) the store
//! groups blocks, bounded by number, bytes and time. A crash then loses the last group, which is downloaded again. The
//! last blocks of the download belong to its last group: syncing each of them alone would take longer than the rest.

use std::fmt::Display;

use toycoin_core::{chain::Chain, store::ChainStore};

use crate::{limits, machine::Monotonic, protocol::net::Net};

/// When the store's changes become durable.
#[derive(Debug, Default)]
pub(super) struct Durability {
    /// When the store began to hold changes back.
    unsynced_since: Option<Monotonic>,
    /// Whether the node fell far behind and is not level again.
    is_catching_up: bool,
}

impl Durability {
    /// Returns whether a move of the tip may wait for others before it is synced: from when the node was far behind
    /// until it has connected all known headers, as long as `more_come`. `behind` is the number of headers above the
    /// tip.
    ///
    /// Nothing new is announced meanwhile, since others know these blocks.
    pub(super) const fn may_wait(&mut self, behind: u64, more_come: bool) -> bool {
        let was_catching_up = self.is_catching_up;
        self.is_catching_up = more_come && (behind > limits::BEHIND || was_catching_up && behind > 0);
        self.is_catching_up
    }

    /// Returns when moves of the tip no longer wait, whatever is missing: `until`, if they do.
    pub(super) fn waits_until(&self, until: Monotonic) -> Option<Monotonic> {
        self.is_catching_up.then_some(until)
    }

    /// Makes the whole chain durable. Returns false if the store fails.
    pub(super) fn make_durable<S: ChainStore<Error: Display>>(&mut self, net: &mut Net, chain: &mut Chain<S>) -> bool {
        self.unsynced_since = None;
        if !net.halted
            && !chain.store().is_synced()
            && let Err(error) = chain.sync()
        {
            net.halt(&error.to_string());
        }
        !net.halted
    }

    /// Has a group written that has waited long enough.
    pub(super) fn handle_timeout<S: ChainStore<Error: Display>>(&mut self, net: &mut Net, chain: &mut Chain<S>) {
        if net.halted || chain.store().is_synced() {
            self.unsynced_since = None;
            return;
        }
        let now = net.now.monotonic;
        if now >= *self.unsynced_since.get_or_insert(now) + limits::GROUP_TIME {
            if let Err(error) = chain.begin_sync() {
                net.halt(&error.to_string());
            }
            self.unsynced_since = (!chain.store().is_synced()).then_some(now);
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Monotonic> {
        self.unsynced_since.map(|since| since + limits::GROUP_TIME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_wait_from_far_behind_until_level() {
        let mut durability = Durability::default();
        assert!(!durability.may_wait(limits::BEHIND, true), "not far behind yet");
        assert!(durability.may_wait(limits::BEHIND + 1, true));
        assert!(durability.may_wait(1, true), "not level yet");
        assert!(!durability.may_wait(0, true));
        assert!(!durability.may_wait(1, true), "it was level");
        assert!(!durability.may_wait(limits::BEHIND + 1, false), "no blocks arrive");
        assert!(durability.may_wait(limits::BEHIND + 1, true) && !durability.may_wait(1, false));
    }
}
