//! Bytes that were sent on a connection and are not written yet. They wait in a queue of the driver, which the machine
//! must not overfill.
//!
//! ```text
//!   machine ── Output::Send ──▶ transport's queue ──▶ socket
//!      ▲                                                │
//!      └──────────────── Input::Written ◀───────────────┘
//! ```
//!
//! The transport's queue holds [`TRANSPORT_QUEUE_BYTES`](limits::TRANSPORT_QUEUE_BYTES). Each purpose has a share of
//! it, and all shares together are no more than that. So no purpose takes another's room, and the queue never
//! overflows. A message without room is only counted.

use std::{collections::VecDeque, time::Duration};

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{limits, machine::Monotonic};

/// The purpose of bytes that are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Purpose {
    /// The relay layer's own frames.
    Client,
    /// Statuses to all peers, and this node's own questions.
    Request,
    /// Blocks that this node mined.
    Block,
    /// Answers to peers' questions, and other messages that peers caused.
    Answer,
    /// Other nodes' transactions that this node forwards.
    Forward,
    /// Payments that were submitted to this node.
    OwnPayment,
}

impl Purpose {
    /// Returns a message's purpose. The message does not show whether a payment is the node's own.
    pub(super) const fn of(to: Option<NodeId>, message: &NodeMessage) -> Self {
        match (to, message) {
            (_, NodeMessage::GetHeaders(_) | NodeMessage::GetBlocks(_) | NodeMessage::GetBlockTransactions(_))
            | (None, NodeMessage::Status(_)) => Self::Request,
            (None, NodeMessage::Block(_) | NodeMessage::CompactBlock(_)) => Self::Block,
            (None, NodeMessage::Transaction(_)) => Self::Forward,
            // a request for a transaction's parents is caused by its sender
            _ => Self::Answer,
        }
    }

    /// Returns the most bytes that may wait for this purpose.
    const fn share(self) -> u64 {
        match self {
            Self::Client => limits::CLIENT_SHARE,
            Self::Request => limits::REQUEST_SHARE,
            Self::Block => limits::BLOCK_SHARE,
            Self::Answer => limits::ANSWER_SHARE,
            Self::Forward => limits::FORWARD_SHARE,
            Self::OwnPayment => limits::OWN_PAYMENT_SHARE,
        }
    }

    /// Returns the longest time in which waiting bytes of this purpose must be writable, on a connection of known
    /// speed. `None` where only the share counts.
    const fn patience(self) -> Option<Duration> {
        match self {
            Self::Answer => Some(limits::ANSWER_PATIENCE),
            Self::OwnPayment => Some(limits::OWN_PAYMENT_PATIENCE),
            Self::Client | Self::Request | Self::Block | Self::Forward => None,
        }
    }
}

/// The messages that wait to be written on a connection, in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    messages: VecDeque<Message>,
    waiting: [u64; PURPOSES],
    pace: Pace,
}

#[derive(Debug)]
struct Message {
    purpose: Purpose,
    length: u64,
    /// Bytes of the message that are already written.
    written: u64,
}

impl Backlog {
    /// Returns whether there is room for a message of `length` bytes.
    ///
    /// On a slow connection, answers and own payments may wait only as far as they can be written soon. A single
    /// message is exempt from that.
    pub(super) fn has_room(&self, purpose: Purpose, length: u64) -> bool {
        let waiting = self.waiting(purpose);
        let most = match (purpose.patience(), self.pace.per_second) {
            (Some(patience), Some(per_second)) => soon(per_second, patience).min(purpose.share()),
            _ => purpose.share(),
        };
        let sum = waiting.saturating_add(weight(length));
        sum <= purpose.share() && (waiting == 0 || sum <= most)
    }

    /// Records that a message was sent.
    pub(super) fn push(&mut self, purpose: Purpose, length: u64, now: Monotonic) {
        if self.messages.is_empty() {
            self.pace.begin(now);
        }
        self.waiting[purpose as usize] += weight(length);
        self.messages.push_back(Message { purpose, length, written: 0 });
    }

    /// Records that bytes were written. More bytes than were sent are the driver's mistake, and are ignored.
    pub(super) fn written(&mut self, mut bytes: u64, now: Monotonic) {
        self.pace.bytes = self.pace.bytes.saturating_add(bytes);
        while let Some(first) = self.messages.front_mut() {
            let left = first.length - first.written;
            if bytes < left {
                first.written += bytes;
                break;
            }
            bytes -= left;
            self.waiting[first.purpose as usize] -= weight(first.length);
            self.messages.pop_front();
        }
        self.pace.measure(now, self.messages.is_empty());
    }

    /// Returns the waiting bytes of a purpose. Each message counts [`MESSAGE_WEIGHT`](limits::MESSAGE_WEIGHT) bytes
    /// more.
    pub(super) const fn waiting(&self, purpose: Purpose) -> u64 {
        self.waiting[purpose as usize]
    }

    /// Returns all waiting bytes.
    #[cfg(feature = "test-util")]
    pub(super) fn total(&self) -> u64 {
        self.waiting.iter().sum()
    }
}

/// The speed at which a connection takes bytes, measured while some wait.
#[derive(Debug, Default)]
struct Pace {
    /// Bytes per second; `None` while nothing had to wait for long enough.
    per_second: Option<u64>,
    since: Monotonic,
    bytes: u64,
}

impl Pace {
    fn begin(&mut self, now: Monotonic) {
        self.since = now;
        self.bytes = 0;
    }

    fn measure(&mut self, now: Monotonic, all_written: bool) {
        let took = now.saturating_since(self.since);
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1);
        let seen = self.bytes.saturating_mul(1_000) / millis;
        if took >= limits::PACE_WINDOW {
            let before = self.per_second.unwrap_or(seen);
            self.per_second = Some(before.midpoint(seen));
            self.begin(now);
        } else if all_written {
            // an empty queue shows only a lower bound of the speed
            self.per_second = self.per_second.map(|before| before.max(seen.min(before.saturating_mul(2))));
        }
    }
}

/// Returns the number of bytes that are written within a time.
fn soon(per_second: u64, time: Duration) -> u64 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    per_second.saturating_mul(millis) / 1_000
}

const fn weight(length: u64) -> u64 {
    length.saturating_add(limits::MESSAGE_WEIGHT as u64)
}

const PURPOSES: usize = 6;

const _: () = assert!(
    limits::CLIENT_SHARE
        + limits::REQUEST_SHARE
        + limits::BLOCK_SHARE
        + limits::ANSWER_SHARE
        + limits::FORWARD_SHARE
        + limits::OWN_PAYMENT_SHARE
        <= limits::TRANSPORT_QUEUE_BYTES as u64
);

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Monotonic = Monotonic::ORIGIN;

    fn at(millis: u64) -> Monotonic {
        NOW + Duration::from_millis(millis)
    }

    #[test]
    fn a_share_is_full_without_touching_the_others() {
        let mut backlog = Backlog::default();
        while backlog.has_room(Purpose::Answer, 100_000) {
            backlog.push(Purpose::Answer, 100_000, NOW);
        }
        let full = backlog.waiting(Purpose::Answer);
        assert!(full <= limits::ANSWER_SHARE && full > limits::ANSWER_SHARE - 100_100, "{full}");
        for other in [Purpose::Client, Purpose::Request, Purpose::Block, Purpose::Forward, Purpose::OwnPayment] {
            assert!(backlog.has_room(other, 10_000), "{other:?}");
        }
    }

    #[test]
    fn written_bytes_free_the_oldest_messages() {
        let mut backlog = Backlog::default();
        backlog.push(Purpose::Answer, 1_000, NOW);
        backlog.push(Purpose::Block, 500, NOW);
        backlog.written(999, NOW);
        assert_eq!(backlog.waiting(Purpose::Answer), 1_000 + limits::MESSAGE_WEIGHT as u64);
        backlog.written(1, NOW);
        assert_eq!((backlog.waiting(Purpose::Answer), backlog.total()), (0, 500 + limits::MESSAGE_WEIGHT as u64));
        backlog.written(u64::MAX, NOW);
        assert_eq!(backlog.total(), 0);
    }

    #[test]
    fn slow_connection_holds_what_it_writes_soon() {
        let mut backlog = Backlog::default();
        assert!(backlog.has_room(Purpose::Answer, 1 << 20));
        // 25 kB per second
        for second in 0..8 {
            backlog.push(Purpose::Answer, 50_000, at(second * 1_000));
            backlog.written(25_000, at((second + 1) * 1_000));
        }
        backlog.written(25_000 * 8, at(16_000));
        assert!(backlog.has_room(Purpose::Answer, 1 << 20), "one message always has room");
        backlog.push(Purpose::Answer, 40_000, at(16_000));
        assert!(!backlog.has_room(Purpose::Answer, 40_000) && backlog.has_room(Purpose::Block, 1 << 20));
    }

    #[test]
    fn fast_connection_is_not_taken_for_a_slow_one() {
        let mut backlog = Backlog::default();
        for time in 0..1_000 {
            backlog.push(Purpose::Answer, 200, at(time * 1_000));
            backlog.written(200, at(time * 1_000 + 1));
        }
        backlog.push(Purpose::Answer, 1 << 20, at(1_000_000));
        assert!(backlog.has_room(Purpose::Answer, 1 << 20));
    }
}
