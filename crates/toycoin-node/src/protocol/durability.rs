//! Durability: what must survive a crash, and when it is synced.
//!
//! At the tip each move is synced before it is announced or mined upon. During initial block download (IBD) the store
//! groups blocks, bounded by number, bytes and time. A crash then loses the last group, which is downloaded again.

use std::fmt::Display;

use toycoin_core::{chain::Chain, store::ChainStore};

use crate::{limits, machine::Monotonic, protocol::net::Net};

/// When the store's changes become durable.
#[derive(Debug, Default)]
pub(super) struct Durability {
    /// When the store began to hold changes back.
    unsynced_since: Option<Monotonic>,
}

impl Durability {
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
