//! The messenger: tells messages from their sending to their arrival.

use std::sync::Arc;

use super::messages::{Arrival, MessageKey, Messages};
use crate::{
    event::{Fact, Fate, Message},
    hub::Hub,
};

/// Tells messages.
#[derive(Debug)]
pub(crate) struct Messenger {
    hub: Arc<Hub>,
    messages: Messages,
}

impl Messenger {
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self { hub, messages: Messages::default() }
    }

    /// Tells a message that a node sent.
    pub(crate) fn sent(&mut self, us: u64, from: usize, to: Vec<usize>, key: MessageKey) {
        if to.is_empty() {
            return;
        }
        let message = self.messages.sent(us, from, &to, &key);
        let MessageKey { tag, bytes, about } = key;
        self.hub.tell(us, Fact::Sent(Message { message, from, to, tag, bytes, about }));
    }

    /// Tells what became of a message at one of its recipients.
    pub(crate) fn arrived(&mut self, us: u64, from: usize, to: usize, key: MessageKey, fate: Fate) {
        if let Some(arrival) = self.messages.arrived(us, from, to, key, fate) {
            self.tell(arrival);
        }
    }

    /// Tells that what was on its way to a node is lost.
    pub(crate) fn went_down(&mut self, us: u64, node: usize) {
        for lost in self.messages.lost_at(us, node) {
            self.tell(lost);
        }
    }

    /// Tells which messages are lost by now.
    pub(crate) fn time_passed(&mut self, us: u64) {
        while let Some(lost) = self.messages.lost(us) {
            self.tell(lost);
        }
    }

    fn tell(&self, Arrival { us, message, to, fate }: Arrival) {
        self.hub.tell(us, Fact::Arrived { message, to, fate });
    }
}
