//! What was sent on a connection and is not written yet: a queue of the driver's, of which the machine must not ask too
//! much.
//!
//! ```text
//!   machine ── Output::Send ──▶ transport's queue ──▶ socket
//!      ▲                                                │
//!      └──────────────── Input::Written ◀───────────────┘
//! ```
//!
//! The transport keeps [`TRANSPORT_QUEUE_BYTES`](limits::TRANSPORT_QUEUE_BYTES). Each purpose has a share of it, and all
//! shares together are no more than that: no purpose can take another's room, and the queue never overflows. What has no
//! room is not sent, and counted.

use std::{collections::VecDeque, time::Duration};

use toycoin_wire::{NodeId, node::NodeMessage};

use crate::{limits, machine::Monotonic};

/// What bytes are sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Purpose {
    /// The relay layer's own frames.
    Client,
    /// Statuses to all, and what this node asks.
    Request,
    /// Blocks that this node found.
    Block,
    /// What others asked for, or caused otherwise.
    Answer,
    /// Transactions of others, passed on.
    Forward,
    /// Payments that were submitted here.
    OwnPayment,
}

impl Purpose {
    /// Returns what a message is sent for; an own payment cannot be told from another's by its look.
    pub(super) const fn of(to: Option<NodeId>, message: &NodeMessage) -> Self {
        match (to, message) {
            (_, NodeMessage::GetHeaders(_) | NodeMessage::GetBlocks(_)) | (None, NodeMessage::Status(_)) => {
                Self::Request
            }
            (None, NodeMessage::Block(_)) => Self::Block,
            (None, NodeMessage::Transaction(_)) => Self::Forward,
            // a request for a transaction's parents is what its sender causes
            _ => Self::Answer,
        }
    }

    /// Returns the most bytes that may wait for it.
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

    /// Returns how long it may take to write what waits for it, as far as the connection's speed is known; `None` where
    /// only the share counts.
    const fn patience(self) -> Option<Duration> {
        match self {
            Self::Answer => Some(limits::ANSWER_PATIENCE),
            Self::OwnPayment => Some(limits::OWN_PAYMENT_PATIENCE),
            Self::Client | Self::Request | Self::Block | Self::Forward => None,
        }
    }
}

/// What waits to be written on a connection, in the order in which it was sent.
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
    /// Bytes of it that are written.
    written: u64,
}

impl Backlog {
    /// Returns whether a message of so many bytes has room.
    ///
    /// Where the connection is known to be slow, no more of an answer or an own payment waits than is written soon, but
    /// always one message.
    pub(super) fn has_room(&self, purpose: Purpose, length: u64) -> bool {
        let waiting = self.waiting(purpose);
        let most = match (purpose.patience(), self.pace.per_second) {
            (Some(patience), Some(per_second)) => soon(per_second, patience).min(purpose.share()),
            _ => purpose.share(),
        };
        let sum = waiting.saturating_add(weight(length));
        sum <= purpose.share() && (waiting == 0 || sum <= most)
    }

    /// Notes that a message was sent.
    pub(super) fn push(&mut self, purpose: Purpose, length: u64, now: Monotonic) {
        if self.messages.is_empty() {
            self.pace.begin(now);
        }
        self.waiting[purpose as usize] += weight(length);
        self.messages.push_back(Message { purpose, length, written: 0 });
    }

    /// Notes that so many bytes were written. More than were sent is the driver's fault, and is ignored.
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

    /// Returns how many bytes wait for a purpose, each message with [`MESSAGE_WEIGHT`](limits::MESSAGE_WEIGHT).
    pub(super) const fn waiting(&self, purpose: Purpose) -> u64 {
        self.waiting[purpose as usize]
    }

    /// Returns how many bytes wait in all.
    #[cfg(feature = "test-util")]
    pub(super) fn total(&self) -> u64 {
        self.waiting.iter().sum()
    }
}

/// How fast a connection takes bytes, measured while some wait.
#[derive(Debug, Default)]
struct Pace {
    /// Bytes a second; `None` while nothing had to wait for long enough.
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
            // a queue that runs empty at once says no more than "at least so fast"
            self.per_second = self.per_second.map(|before| before.max(seen.min(before.saturating_mul(2))));
        }
    }
}

/// Returns how many bytes are written within a time.
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
        // 25 kB a second
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
