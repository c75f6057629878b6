//! The bytes of control frames, encoded when they are written.

use toycoin_wire::{
    limits::{MAX_AGENT, MAX_ENVELOPE},
    relay::{RelayMessage, Welcome},
};

use crate::relay::{RelayConfig, entry::Entry};

/// The encoder of control frames, with the contents of this relay's `WELC`.
#[derive(Debug)]
pub(super) struct ControlFrames {
    welcome: Vec<u8>,
}

impl ControlFrames {
    pub(super) fn new(config: &RelayConfig) -> Self {
        let agent = &config.agent[..config.agent.floor_char_boundary(MAX_AGENT)];
        let max_subscriptions = u32::try_from(config.subscriptions).unwrap_or(u32::MAX);
        let mut welcome = Vec::new();
        append(&RelayMessage::Welcome(Welcome { agent, max_frame: MAX_ENVELOPE, max_subscriptions }), &mut welcome);
        Self { welcome }
    }

    /// Appends the frame of a control entry. Deliveries are not encoded here.
    pub(super) fn append(&self, entry: Entry, out: &mut Vec<u8>) {
        match entry {
            // a gap of none is where a delivery stood that goes earlier
            Entry::Delivery(_) | Entry::Lagged(0) => {}
            Entry::Welcome => out.extend_from_slice(&self.welcome),
            Entry::Ping(nonce) => append(&RelayMessage::Ping(nonce), out),
            Entry::Pong(nonce) => append(&RelayMessage::Pong(nonce), out),
            Entry::Lagged(count) => append(&RelayMessage::Lagged(count), out),
            Entry::Goodbye(reason) => append(&RelayMessage::Goodbye(&reason.to_string()), out),
        }
    }

    /// Returns the number of bytes that [`append`](Self::append) appends.
    pub(super) fn length(&self, entry: Entry) -> usize {
        let mut frame = Vec::new();
        self.append(entry, &mut frame);
        frame.len()
    }
}

fn append(message: &RelayMessage<'_>, out: &mut Vec<u8>) {
    message.append_frame(out).expect("texts of the relay's own are within their caps");
}
