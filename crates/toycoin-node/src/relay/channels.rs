//! The subscribers of each channel.

use std::collections::BTreeMap;

use toycoin_wire::{Channel, ChannelRef};

/// All channels that have a subscriber. A subscriber is the slot of its connection.
#[derive(Debug, Default)]
pub(super) struct Channels {
    // a tree, because strangers choose the names and its order is the same in each run
    subscribers: BTreeMap<Channel, Vec<usize>>,
}

impl Channels {
    /// Returns the number of channels.
    pub(super) fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// Returns a channel's subscribers in ascending order; none if the channel does not exist.
    pub(super) fn subscribers(&self, channel: ChannelRef<'_>) -> &[usize] {
        self.subscribers.get(channel.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Adds a subscriber. Returns `false` if that needs a new channel and there are `cap` already.
    pub(super) fn subscribe(&mut self, channel: ChannelRef<'_>, slot: usize, cap: usize) -> bool {
        if let Some(slots) = self.subscribers.get_mut(channel.as_str()) {
            if let Err(at) = slots.binary_search(&slot) {
                slots.insert(at, slot);
            }
            return true;
        }
        if self.subscribers.len() >= cap {
            return false;
        }
        self.subscribers.insert(channel.to_channel(), vec![slot]);
        true
    }

    /// Removes a subscriber, and the channel with its last one.
    pub(super) fn unsubscribe(&mut self, channel: ChannelRef<'_>, slot: usize) {
        let Some(slots) = self.subscribers.get_mut(channel.as_str()) else { return };
        if let Ok(at) = slots.binary_search(&slot) {
            slots.remove(at);
        }
        if slots.is_empty() {
            self.subscribers.remove(channel.as_str());
        }
    }
}
