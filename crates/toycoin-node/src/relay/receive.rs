//! Frames from clients, and their effects.

use std::mem;

use toycoin_wire::{
    ChannelRef, DecodeError, Frame, FrameDecoder, Reader,
    relay::{Hello, RelayMessage},
};

use crate::{
    limits::QUEUE_CONTROLS,
    machine::Monotonic,
    relay::{CloseReason, RelayEvent, RelayMachine, connection::Phase, entry::Entry},
};

impl RelayMachine {
    /// Processes all frames that one read completes. The first invalid frame ends this connection, and no other.
    pub(super) fn receive(&mut self, now: Monotonic, slot: usize, bytes: &[u8]) {
        let Some(connection) = &mut self.connections[slot] else { return };
        if connection.is_closing() {
            return;
        }
        connection.heard(now, bytes.len());
        self.stats.bytes_received += bytes.len() as u64;
        // taken out of its connection, so that messages can borrow from it while they change the relay
        let mut decoder = mem::replace(&mut connection.decoder, FrameDecoder::new(Reader::Relay));
        self.partial -= decoder.capacity();
        if decoder.capacity() == 0 {
            decoder.give_buffer(mem::take(&mut self.spare));
        }
        let skipped = decoder.skipped();
        let mut input = bytes;
        let mut completed = 0;
        let end = loop {
            match decoder.next_frame(&mut input) {
                Ok(Some(frame)) => {
                    completed += 1;
                    if let Err(reason) = self.take(now, slot, frame) {
                        break Some(reason);
                    }
                }
                Ok(None) => break None,
                Err(error) => {
                    tracing::debug!(%error, "bad frame");
                    break Some(CloseReason::BadFrame);
                }
            }
        };
        self.stats.unknown_frames += decoder.skipped() - skipped;
        let spare = decoder.take_buffer();
        if spare.capacity() > self.spare.capacity() {
            self.spare = spare;
        }
        if let Some(reason) = end {
            return self.close(now, slot, reason);
        }
        let Some(connection) = &mut self.connections[slot] else { return };
        connection.decoder = decoder;
        connection.measure(now, completed);
        self.partial += connection.decoder.capacity();
        self.arm(slot);
        if self.partial > self.config.partial_bytes {
            self.close_largest_partial(now);
        }
    }

    fn take(&mut self, now: Monotonic, slot: usize, frame: Frame<'_>) -> Result<(), CloseReason> {
        let message = RelayMessage::decode(frame).map_err(|error| {
            tracing::debug!(tag = %frame.tag, %error, "malformed message");
            match error {
                DecodeError::Version { .. } => CloseReason::Version,
                DecodeError::Channel(_) => CloseReason::BadChannel,
                _ => CloseReason::BadMessage,
            }
        })?;
        match message {
            RelayMessage::Publish(publish) => {
                self.publish(now, slot, publish);
                Ok(())
            }
            RelayMessage::Ping(nonce) => self.pong(now, slot, nonce),
            RelayMessage::Pong(_) => Ok(()),
            RelayMessage::Subscribe(channel) => self.subscribe(slot, channel),
            RelayMessage::Unsubscribe(channel) => {
                self.unsubscribe(slot, channel);
                Ok(())
            }
            RelayMessage::Hello(hello) => self.hello(now, slot, hello),
            RelayMessage::Goodbye(_) => Err(CloseReason::ByPeer),
            // the decoder refuses the tags that only a relay sends
            _ => Err(CloseReason::BadFrame),
        }
    }

    fn hello(&mut self, now: Monotonic, slot: usize, hello: Hello<'_>) -> Result<(), CloseReason> {
        let Some(connection) = &mut self.connections[slot] else { return Ok(()) };
        if connection.phase != Phase::AwaitingHello {
            return Err(CloseReason::SecondHello);
        }
        if self.nodes.contains_key(&hello.node_id) {
            return Err(CloseReason::NodeIdTaken);
        }
        tracing::debug!(connection = connection.id.0, node = %hello.node_id, agent = ?hello.agent, "client joins");
        connection.phase = Phase::Open(hello.node_id);
        let connection = connection.id;
        self.nodes.insert(hello.node_id, slot);
        self.observation.record(|| RelayEvent::Joined {
            connection,
            node_id: hello.node_id,
            agent: hello.agent.to_owned(),
        });
        self.push_control(now, slot, Entry::Welcome);
        Ok(())
    }

    fn pong(&mut self, now: Monotonic, slot: usize, nonce: u64) -> Result<(), CloseReason> {
        self.push_control(now, slot, Entry::Pong(nonce));
        let waiting = self.connections[slot].as_ref().map_or(0, |connection| connection.queue.controls());
        if waiting > QUEUE_CONTROLS { Err(CloseReason::ControlsUnread) } else { Ok(()) }
    }

    fn subscribe(&mut self, slot: usize, channel: ChannelRef<'_>) -> Result<(), CloseReason> {
        let Some(connection) = &mut self.connections[slot] else { return Ok(()) };
        if connection.subscriptions.iter().any(|subscribed| subscribed.borrowed() == channel) {
            return Ok(());
        }
        if connection.subscriptions.len() >= self.config.subscriptions {
            return Err(CloseReason::TooManySubscriptions);
        }
        if !self.channels.subscribe(channel, slot, self.config.channels) {
            return Err(CloseReason::TooManyChannels);
        }
        connection.subscriptions.push(channel.to_channel());
        if let Phase::Open(node_id) = connection.phase {
            self.observation.record_frequent(|| RelayEvent::Subscribed { node_id, channel: channel.to_channel() });
        }
        Ok(())
    }

    fn unsubscribe(&mut self, slot: usize, channel: ChannelRef<'_>) {
        let Some(connection) = &mut self.connections[slot] else { return };
        let before = connection.subscriptions.len();
        connection.subscriptions.retain(|subscribed| subscribed.borrowed() != channel);
        if let Phase::Open(node_id) = connection.phase
            && connection.subscriptions.len() < before
        {
            self.observation.record_frequent(|| RelayEvent::Unsubscribed { node_id, channel: channel.to_channel() });
        }
        self.channels.unsubscribe(channel, slot);
    }

    /// Ends the connection whose incomplete frame takes most memory, so that many connections together cannot exhaust
    /// it.
    fn close_largest_partial(&mut self, now: Monotonic) {
        let sizes = self.connections.iter().enumerate();
        let sizes = sizes.filter_map(|(slot, connection)| Some((connection.as_ref()?.decoder.capacity(), slot)));
        if let Some((_, slot)) = sizes.max() {
            self.close(now, slot, CloseReason::PartialMemory);
        }
    }
}
