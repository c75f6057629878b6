//! Who is subscribed to what.

use std::collections::BTreeMap;

use toycoin_wire::{Channel, ChannelRef};

/// All channels that have a subscriber; subscribers are slots of connections.
#[derive(Debug, Default)]
pub(super) struct Channels {
    // a tree, since names come from strangers and its order is the same in each run
    subscribers: BTreeMap<Channel, Vec<usize>>,
}

impl Channels {
    /// Returns how many channels there are.
    pub(super) fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// Returns the subscribers of a channel, in ascending order, none if there is no such channel.
    pub(super) fn subscribers(&self, channel: ChannelRef<'_>) -> &[usize] {
        self.subscribers.get(channel.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Adds a subscriber; `false` if that takes a new channel and there are `cap` already.
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
