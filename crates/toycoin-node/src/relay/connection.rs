//! One connection of a relay: its state, its queue and its deadlines.

use toycoin_wire::{Channel, FrameDecoder, NodeId, Reader};

use crate::{
    limits::{
        CLOSE_GRACE, FRAME_WINDOW, FRAME_WINDOW_BYTES, HELLO_TIMEOUT, PING_INTERVAL, SILENCE_TIMEOUT, STALL_TIMEOUT,
    },
    machine::Monotonic,
    relay::{
        CloseReason, ConnectionId,
        origin::OriginId,
        queue::{Bounds, Queue},
    },
};

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    /// Origin of the messages that it publishes.
    pub(super) origin: OriginId,
    pub(super) phase: Phase,
    pub(super) decoder: FrameDecoder,
    pub(super) queue: Queue,
    pub(super) subscriptions: Vec<Channel>,
    /// Whether the driver knows that there is something to write, and will pull until there is nothing.
    pub(super) is_announced: bool,
    /// When the set of timers will wake this connection.
    pub(super) armed: Option<Monotonic>,
    opened: Monotonic,
    heard: Monotonic,
    asked: Monotonic,
    received: u64,
    window: Option<Window>,
    /// When the queue began to wait without a byte written.
    waiting: Option<Monotonic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    AwaitingHello,
    Open(NodeId),
    Closing { reason: CloseReason, since: Monotonic },
}

/// The action that is due on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    CheckSpeed,
    /// Close it with a `GBYE`.
    Close(CloseReason),
    /// Close it at once, because nothing can be written, or nothing could be for too long.
    Forget(CloseReason),
}

/// The time and the count of received bytes at which a speed measurement of an incomplete frame began.
#[derive(Debug, Clone, Copy)]
struct Window {
    since: Monotonic,
    received: u64,
}

impl Connection {
    pub(super) fn new(id: ConnectionId, origin: OriginId, bounds: Bounds, now: Monotonic) -> Self {
        Self {
            id,
            origin,
            phase: Phase::AwaitingHello,
            decoder: FrameDecoder::new(Reader::Relay),
            queue: Queue::new(bounds),
            subscriptions: Vec::new(),
            is_announced: false,
            armed: None,
            opened: now,
            heard: now,
            asked: now,
            received: 0,
            window: None,
            waiting: None,
        }
    }

    pub(super) const fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing { .. })
    }

    pub(super) const fn heard(&mut self, now: Monotonic, count: usize) {
        self.heard = now;
        self.received += count as u64;
    }

    pub(super) const fn asked(&mut self, now: Monotonic) {
        self.asked = now;
    }

    /// Records whether a frame is incomplete after a read that completed `completed` frames.
    pub(super) fn measure(&mut self, now: Monotonic, completed: usize) {
        if !self.decoder.is_mid_frame() {
            self.window = None;
        } else if completed > 0 || self.window.is_none() {
            self.window = Some(Window { since: now, received: self.received });
        }
    }

    /// Begins the next measurement. Returns `false` if the last one showed too few bytes.
    pub(super) fn is_fast_enough(&mut self, now: Monotonic) -> bool {
        let Some(window) = &mut self.window else { return true };
        let came = self.received - window.received;
        *window = Window { since: now, received: self.received };
        came >= FRAME_WINDOW_BYTES
    }

    /// Records that bytes wait to be written from now on.
    pub(super) const fn waits(&mut self, now: Monotonic) {
        self.waiting = Some(now);
    }

    /// Records that bytes were written.
    pub(super) fn wrote(&mut self, now: Monotonic) {
        self.waiting = if self.queue.is_empty() { None } else { Some(now) };
    }

    /// Returns the earliest deadline and its action.
    pub(super) fn due(&self) -> (Monotonic, Due) {
        let speed = self.window.map(|window| (window.since + FRAME_WINDOW, Due::CheckSpeed));
        let stall = self.waiting.map(|since| (since + STALL_TIMEOUT, Due::Forget(CloseReason::Stalled)));
        let phase = match self.phase {
            Phase::Closing { reason, since } => return (since + CLOSE_GRACE, Due::Forget(reason)),
            Phase::AwaitingHello => (self.opened + HELLO_TIMEOUT, Due::Close(CloseReason::HelloTimeout)),
            Phase::Open(_) => {
                let silent = self.heard + SILENCE_TIMEOUT;
                let ping = self.heard.max(self.asked) + PING_INTERVAL;
                if ping < silent { (ping, Due::Ping) } else { (silent, Due::Close(CloseReason::Silent)) }
            }
        };
        [speed, stall].into_iter().flatten().fold(phase, |first, next| if next.0 < first.0 { next } else { first })
    }
}
