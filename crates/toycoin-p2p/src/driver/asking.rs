//! Questions of ours to one peer: a few at a time, the others wait their turn. Payments that are told again come last,
//! since hundreds of them wait at once and nothing waits for them.

use std::collections::VecDeque;

use bytes::Bytes;
use toycoin_wire::{
    Tag,
    node::{NodeMessage, Payload},
};

use crate::{
    ask,
    limits::{MAX_ANSWER, MAX_ASKING, MAX_UNASKED, MAX_UNASKED_BYTES, MAX_UNREAD, MAX_UNTOLD},
};

/// The questions to one peer.
#[derive(Debug, Default)]
pub(super) struct Asking {
    questions: Waiting,
    /// Payments that are told again.
    payments: Waiting,
    in_flight: usize,
    /// Of them, those for blocks.
    blocks_in_flight: usize,
    /// Bytes of the largest of the last answers with a block; 0 before the first.
    block_bytes: usize,
}

/// What waits for its turn.
#[derive(Debug, Default)]
struct Waiting {
    queue: VecDeque<Bytes>,
    bytes: usize,
}

impl Asking {
    /// Adds a question. Returns those parts of it for which there is no room.
    ///
    /// A question for several blocks becomes one for each, because what does not fit into an answer is left out, and
    /// would be asked for again only after a timeout.
    pub(super) fn add(&mut self, question: Bytes) -> Vec<Bytes> {
        let parts = match NodeMessage::decode(&question) {
            Ok(Payload::Message(NodeMessage::GetBlocks(hashes))) if hashes.len() > 1 => hashes
                .into_iter()
                .filter_map(|hash| NodeMessage::GetBlocks(vec![hash]).encode().ok())
                .map(Bytes::from)
                .collect(),
            _ => vec![question],
        };
        parts.into_iter().filter(|part| !self.add_one(part.clone())).collect()
    }

    fn add_one(&mut self, question: Bytes) -> bool {
        match ask::tag(&question) {
            Some(Tag::TXN) => self.payments.add(question, MAX_UNTOLD),
            _ => self.questions.add(question, MAX_UNASKED),
        }
    }

    /// Returns the next question whose turn has come. Questions for blocks do not hold up others, and payments come
    /// after all others.
    pub(super) fn next(&mut self) -> Option<Bytes> {
        if self.in_flight >= MAX_ASKING {
            return None;
        }
        let blocks_wait = self.blocks_in_flight >= self.most_blocks();
        let first = self.questions.take(|question| !(blocks_wait && is_for_blocks(question)));
        let question = first.or_else(|| self.payments.take(|_| true))?;
        self.in_flight += 1;
        self.blocks_in_flight += usize::from(is_for_blocks(&question));
        Some(question)
    }

    /// A question has come to its end, with an answer of this many bytes; 0 if it is empty or did not come.
    pub(super) fn ended(&mut self, tag: Option<Tag>, bytes: usize) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if tag == Some(Tag::GBLK) {
            self.blocks_in_flight = self.blocks_in_flight.saturating_sub(1);
            self.block_bytes = match bytes {
                // perhaps it was asked for too much at a time
                0 => MAX_ANSWER,
                // a single large block is remembered for a few answers
                bytes => bytes.max(self.block_bytes - self.block_bytes / 4),
            };
        }
    }

    /// Returns how many blocks may be asked for at a time: as many as the peer may send without our reading them.
    fn most_blocks(&self) -> usize {
        let bytes = if self.block_bytes == 0 { MAX_ANSWER } else { self.block_bytes };
        (MAX_UNREAD / bytes).clamp(1, MAX_ASKING)
    }
}

impl Waiting {
    /// Adds a question. Returns whether there is room for it.
    fn add(&mut self, question: Bytes, most: usize) -> bool {
        let bytes = self.bytes + question.len();
        let fits = self.queue.len() < most && bytes <= MAX_UNASKED_BYTES;
        if fits {
            self.bytes = bytes;
            self.queue.push_back(question);
        }
        fits
    }

    /// Removes the first question that may be asked now.
    fn take(&mut self, may_be_asked: impl Fn(&[u8]) -> bool) -> Option<Bytes> {
        let place = self.queue.iter().position(|question| may_be_asked(question))?;
        let question = self.queue.remove(place)?;
        self.bytes -= question.len();
        Some(question)
    }
}

fn is_for_blocks(question: &[u8]) -> bool {
    ask::tag(question) == Some(Tag::GBLK)
}

#[cfg(test)]
mod tests {
    use toycoin_core::{BlockHash, ChainParams};

    use super::*;

    fn blocks(count: usize) -> Bytes {
        let hash: BlockHash = ChainParams::regtest().genesis_hash();
        NodeMessage::GetBlocks(vec![hash; count]).encode().unwrap().into()
    }

    #[test]
    fn question_for_blocks_is_split() {
        let mut asking = Asking::default();
        assert!(asking.add(blocks(3)).is_empty());
        assert_eq!(asking.questions.queue, [blocks(1), blocks(1), blocks(1)]);
    }

    #[test]
    fn few_large_blocks_and_many_small_ones_are_asked_for() {
        let mut asking = Asking::default();
        assert!(asking.add(blocks(16)).is_empty() && asking.add(blocks(16)).is_empty());
        let drain = |asking: &mut Asking| std::iter::from_fn(|| asking.next()).count();
        assert_eq!(drain(&mut asking), 1, "nothing is known of their size");
        assert!(asking.add(Bytes::from_static(b"STATx")).is_empty());
        assert_eq!(asking.next(), Some(Bytes::from_static(b"STATx")), "others pass them");
        asking.ended(Some(Tag::STAT), 100);
        asking.ended(Some(Tag::GBLK), 1_000);
        assert_eq!(drain(&mut asking), MAX_ASKING);
        for large_or_empty in [MAX_ANSWER, 0] {
            asking.ended(Some(Tag::GBLK), large_or_empty);
            assert_eq!(drain(&mut asking), 0);
        }
    }

    #[test]
    fn payments_told_again_hold_up_no_question() {
        let mut asking = Asking::default();
        let payment = Bytes::from_static(b"TXN payment");
        assert_eq!((0..600).filter(|_| asking.add(payment.clone()).is_empty()).count(), MAX_UNTOLD);
        let status = Bytes::from_static(b"STAT");
        assert!(asking.add(status.clone()).is_empty() && asking.add(blocks(1)).is_empty());
        assert_eq!(asking.next(), Some(status));
        assert_eq!(asking.next(), Some(blocks(1)));
        assert_eq!(asking.next(), Some(payment));
    }

    #[test]
    fn waiting_questions_are_bounded() {
        let mut asking = Asking::default();
        let question = Bytes::from(vec![b'x'; MAX_UNASKED_BYTES / 4]);
        assert_eq!((0..10).filter(|_| asking.add(question.clone()).is_empty()).count(), 4);
        let mut asking = Asking::default();
        let question = Bytes::from_static(b"STAT");
        assert_eq!((0..300).filter(|_| asking.add(question.clone()).is_empty()).count(), MAX_UNASKED);
        while asking.next().is_some() {}
        assert_eq!(asking.in_flight, MAX_ASKING);
        asking.ended(Some(Tag::STAT), 4);
        assert!(asking.next().is_some() && asking.next().is_none());
    }
}
