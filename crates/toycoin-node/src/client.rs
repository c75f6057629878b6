//! The client's side of one relay connection, without its socket. Nodes, listeners and tests all use it.
//!
//! It performs the handshake, subscribes, and sends a PING as keepalive after a time without a byte from the relay:
//!
//! ```text
//!   HELO ──▶
//!        ◀── WELC
//!   SUBS.. PING ──▶
//!        ◀── PONG          frames are handled in order, so now the subscriptions stand: Ready
//!   PUBL ──▶  ◀── DELV, LAGD
//! ```
//!
//! The relay is a stranger too. The frame decoder bounds what it sends. It cannot make the client answer faster than
//! the client's output is taken. A relay that falls silent runs into a timeout.

mod error;
mod event;

use std::mem;

use bytes::Bytes;
use toycoin_wire::{
    Channel, ChannelRef, EncodeError, FrameDecoder, FrameError, NodeId, Reader,
    limits::{MAX_ENVELOPE, MAX_REASON, TAG_SIZE},
    printable,
    relay::{Hello, Publish, RelayMessage, Welcome},
};

pub use self::{error::ClientError, event::ClientEvent};
use crate::{
    limits::{GOODBYE_SHOWN, PING_INTERVAL, QUEUE_CONTROLS, SILENCE_TIMEOUT, WELCOME_TIMEOUT},
    machine::{Monotonic, Now},
};

/// A client of one relay connection.
///
/// The driver passes in bytes and the time, and sends the output of [`take_output`](Self::take_output).
///
/// ```
/// use toycoin_node::{client::RelayClient, machine::Now};
/// use toycoin_wire::NodeId;
///
/// let channels = vec!["/topic/main".parse()?];
/// let mut client = RelayClient::new(Now::default(), NodeId::new([7; 16]), "example/1", channels)?;
/// let hello = client.take_output().expect("a client speaks first");
/// assert_eq!(&hello[4..8], b"HELO");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RelayClient {
    node_id: NodeId,
    channels: Vec<Channel>,
    decoder: FrameDecoder,
    phase: Phase,
    max_frame: u32,
    output: Vec<u8>,
    /// The number of PONGs in the output.
    pongs: usize,
    opened: Monotonic,
    heard: Monotonic,
    asked: Monotonic,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Greeting,
    Subscribing,
    Ready,
    Over,
}

impl RelayClient {
    /// Returns a client for a connection that was just established.
    ///
    /// `id` must be fresh for each connection: a relay refuses an id that it already knows.
    ///
    /// # Errors
    /// [`EncodeError::FieldTooLong`] for an agent of more than 64 bytes.
    pub fn new(now: Now, id: NodeId, agent: &str, channels: Vec<Channel>) -> Result<Self, EncodeError> {
        let now = now.monotonic;
        Ok(Self {
            node_id: id,
            channels,
            decoder: FrameDecoder::new(Reader::Client),
            phase: Phase::Greeting,
            max_frame: MAX_ENVELOPE,
            output: RelayMessage::Hello(Hello { node_id: id, agent }).to_frame()?,
            pongs: 0,
            opened: now,
            heard: now,
            asked: now,
        })
    }

    /// Returns the id that deliveries of this client name as their origin.
    pub const fn node_id(&self) -> NodeId {
        self.node_id
    }

    /// Returns the channels that the client subscribes to.
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Returns whether [`ClientEvent::Ready`] has come and no error since.
    pub fn is_ready(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Processes bytes from the relay, split at any place, and calls `on_event` for each event.
    ///
    /// # Errors
    /// [`ClientError`]; the connection must then be closed. Later calls return [`ClientError::Over`].
    pub fn handle_bytes(
        &mut self,
        now: Now,
        bytes: &[u8],
        on_event: &mut impl FnMut(ClientEvent<'_>),
    ) -> Result<(), ClientError> {
        if self.phase == Phase::Over {
            return Err(ClientError::Over);
        }
        self.heard = now.monotonic;
        // taken out of the client, so that messages can borrow from it while they change the client
        let mut decoder = mem::replace(&mut self.decoder, FrameDecoder::new(Reader::Client));
        let result = self.take_frames(&mut decoder, bytes, on_event);
        self.decoder = decoder;
        if result.is_err() {
            self.phase = Phase::Over;
        }
        result
    }

    /// Returns the frame of a `PUBL`, to be sent after the output of [`take_output`](Self::take_output).
    ///
    /// # Errors
    /// [`EncodeError`] for a payload above 1.5 MiB, or for a frame above the limit that the relay announced.
    pub fn publish(&self, channel: &Channel, to: Option<NodeId>, payload: &[u8]) -> Result<Bytes, EncodeError> {
        let frame = publication(channel, to, payload)?;
        self.check(&frame)?;
        Ok(frame)
    }

    /// Checks that a frame is within the limit that the relay announced.
    ///
    /// # Errors
    /// [`EncodeError::TooLarge`] if it is not.
    pub(crate) fn check(&self, frame: &[u8]) -> Result<(), EncodeError> {
        let cap = self.max_frame as usize;
        // a frame's length field does not count itself
        if frame.len() > cap.saturating_add(TAG_SIZE) { Err(EncodeError::TooLarge { cap }) } else { Ok(()) }
    }

    /// Returns the frame of a `PING`, to be sent after the output of [`take_output`](Self::take_output).
    ///
    /// The relay queues the answer, [`ClientEvent::Ponged`], behind the deliveries that wait when the PING arrives. It
    /// repeats `number`, whose highest bit is ignored.
    pub fn ping(&self, number: u64) -> Bytes {
        let mut frame = Vec::new();
        let ping = RelayMessage::Ping(number | CALLERS);
        ping.append_frame(&mut frame).expect("what a client says by itself is within every cap");
        frame.into()
    }

    /// Says goodbye, as the last output. A reason of more than 256 bytes is left out.
    pub fn leave(&mut self, reason: &str) {
        if self.phase != Phase::Over {
            self.phase = Phase::Over;
            let reason = if reason.len() > MAX_REASON { "" } else { reason };
            self.say(&RelayMessage::Goodbye(reason));
        }
    }

    /// Takes the bytes that must be sent to the relay, if there are any.
    pub fn take_output(&mut self) -> Option<Bytes> {
        self.pongs = 0;
        (!self.output.is_empty()).then(|| mem::take(&mut self.output).into())
    }

    /// Returns when [`handle_timeout`](Self::handle_timeout) must be called.
    pub fn next_timeout(&self) -> Option<Monotonic> {
        match self.phase {
            Phase::Greeting | Phase::Subscribing => Some(self.opened + WELCOME_TIMEOUT),
            Phase::Ready => Some((self.heard.max(self.asked) + PING_INTERVAL).min(self.heard + SILENCE_TIMEOUT)),
            Phase::Over => None,
        }
    }

    /// Handles a timeout: sends a PING as keepalive to a quiet relay, or gives the relay up.
    ///
    /// # Errors
    /// [`ClientError::WelcomeTimeout`] or [`ClientError::Silent`]; the connection must then be closed.
    pub fn handle_timeout(&mut self, now: Now) -> Result<(), ClientError> {
        let now = now.monotonic;
        if self.next_timeout().is_none_or(|time| now < time) {
            return Ok(());
        }
        if self.phase != Phase::Ready {
            self.phase = Phase::Over;
            return Err(ClientError::WelcomeTimeout);
        }
        if now >= self.heard + SILENCE_TIMEOUT {
            self.phase = Phase::Over;
            return Err(ClientError::Silent);
        }
        self.asked = now;
        self.say(&RelayMessage::Ping(KEEP_ALIVE));
        Ok(())
    }

    fn take_frames(
        &mut self,
        decoder: &mut FrameDecoder,
        mut input: &[u8],
        on_event: &mut impl FnMut(ClientEvent<'_>),
    ) -> Result<(), ClientError> {
        while let Some(frame) = decoder.next_frame(&mut input)? {
            let tag = frame.tag;
            let message = RelayMessage::decode(frame).map_err(|error| ClientError::Message { tag, error })?;
            match message {
                RelayMessage::Deliver(deliver) => {
                    // the relay is not trusted, so deliveries without a subscription are ignored
                    if self.phase == Phase::Ready && self.is_wanted(deliver.channel) {
                        on_event(ClientEvent::Delivered {
                            channel: deliver.channel,
                            from: deliver.from,
                            payload: deliver.payload,
                        });
                    }
                }
                RelayMessage::Lagged(count) => {
                    if self.phase == Phase::Ready {
                        on_event(ClientEvent::Lagged { count });
                    }
                }
                RelayMessage::Ping(nonce) => {
                    self.pongs += 1;
                    if self.pongs > QUEUE_CONTROLS {
                        return Err(ClientError::PingFlood);
                    }
                    self.say(&RelayMessage::Pong(nonce));
                }
                RelayMessage::Pong(nonce) => {
                    if self.phase == Phase::Subscribing && nonce == BARRIER {
                        self.phase = Phase::Ready;
                        on_event(ClientEvent::Ready);
                    } else if self.phase == Phase::Ready && nonce & CALLERS != 0 {
                        on_event(ClientEvent::Ponged { nonce: nonce & !CALLERS });
                    }
                }
                RelayMessage::Welcome(welcome) => self.welcome(welcome)?,
                RelayMessage::Goodbye(reason) => {
                    return Err(ClientError::Goodbye { reason: printable(reason, GOODBYE_SHOWN) });
                }
                // the decoder refuses the tags that only a client sends
                _ => return Err(FrameError::Unexpected { tag }.into()),
            }
        }
        Ok(())
    }

    fn welcome(&mut self, welcome: Welcome<'_>) -> Result<(), ClientError> {
        if self.phase != Phase::Greeting {
            return Err(ClientError::SecondWelcome);
        }
        let wanted = self.channels.len();
        if u32::try_from(wanted).map_or(true, |wanted| wanted > welcome.max_subscriptions) {
            return Err(ClientError::TooFewSubscriptions { offered: welcome.max_subscriptions, wanted });
        }
        self.max_frame = welcome.max_frame.min(MAX_ENVELOPE);
        self.phase = Phase::Subscribing;
        for channel in mem::take(&mut self.channels) {
            self.say(&RelayMessage::Subscribe(channel.borrowed()));
            self.channels.push(channel);
        }
        self.say(&RelayMessage::Ping(BARRIER));
        Ok(())
    }

    fn is_wanted(&self, channel: ChannelRef<'_>) -> bool {
        self.channels.iter().any(|wanted| wanted.borrowed() == channel)
    }

    fn say(&mut self, message: &RelayMessage<'_>) {
        message.append_frame(&mut self.output).expect("what a client says by itself is within every cap");
    }
}

/// Returns the frame of a `PUBL`, which is the same for every relay.
///
/// # Errors
/// [`EncodeError`] for a payload above 1.5 MiB.
pub(crate) fn publication(channel: &Channel, to: Option<NodeId>, payload: &[u8]) -> Result<Bytes, EncodeError> {
    Ok(RelayMessage::Publish(Publish { channel: channel.borrowed(), to, payload }).to_frame()?.into())
}

/// Nonce of the PING whose PONG confirms the subscriptions.
const BARRIER: u64 = 1;
/// Nonce of every keepalive PING. Any answer is proof of life.
const KEEP_ALIVE: u64 = 2;
/// Bit of a PING's nonce that marks a PING of the caller.
const CALLERS: u64 = 1 << 63;

#[cfg(test)]
mod tests;
