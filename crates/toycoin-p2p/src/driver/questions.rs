//! Questions of peers: those that wait for their answer, and answers that their peer has not read.

use std::collections::BTreeMap;

use bytes::Bytes;
use libp2p::PeerId;
use toycoin_node::protocol::QuestionId;
use toycoin_wire::Tag;

use crate::{
    ask::Expected,
    limits::{MAX_UNANSWERED_OF_ALL, MAX_UNREAD, MAX_UNREAD_OF_ALL},
};

/// The questions, and the bytes that they and their answers take. Each came on a stream with the name `S`, and its
/// answer goes into a channel `C`.
#[derive(Debug)]
pub(super) struct Questions<S, C> {
    open: BTreeMap<u64, Open<S, C>>,
    /// The streams, until their peers have read the answers.
    streams: BTreeMap<S, Stream>,
    last: u64,
    /// Bytes of all open questions.
    asked_bytes: usize,
    /// Bytes of answers that are gathered or unread, of all peers.
    unread_bytes: usize,
    unread: BTreeMap<PeerId, usize>,
}

/// A question that waits for the end of its answer.
#[derive(Debug)]
struct Open<S, C> {
    stream: S,
    channel: C,
    expected: Expected,
    frames: Vec<Bytes>,
    bytes: usize,
    asked_bytes: usize,
}

#[derive(Debug)]
struct Stream {
    peer: PeerId,
    /// Its question; `None` once that is answered.
    question: Option<u64>,
    /// Bytes of the answer so far.
    unread: usize,
}

impl<S, C> Default for Questions<S, C> {
    fn default() -> Self {
        Self {
            open: BTreeMap::new(),
            streams: BTreeMap::new(),
            last: 0,
            asked_bytes: 0,
            unread_bytes: 0,
            unread: BTreeMap::new(),
        }
    }
}

impl<S: Ord + Copy, C> Questions<S, C> {
    /// Enters a question; `None` if it must get an empty answer, since too many wait or its peer reads too slowly.
    /// Dropping the channel is that answer.
    pub(super) fn open(&mut self, peer: PeerId, stream: S, channel: C, tag: Tag, bytes: usize) -> Option<QuestionId> {
        let slow = self.unread.get(&peer).is_some_and(|unread| *unread >= MAX_UNREAD);
        if slow || self.asked_bytes + bytes > MAX_UNANSWERED_OF_ALL {
            return None;
        }
        self.last += 1;
        self.asked_bytes += bytes;
        let expected = Expected::by(tag);
        let open = Open { stream, channel, expected, frames: Vec::new(), bytes: 0, asked_bytes: bytes };
        self.open.insert(self.last, open);
        self.streams.insert(stream, Stream { peer, question: Some(self.last), unread: 0 });
        Some(QuestionId(self.last))
    }

    /// Adds a frame to an answer. Returns whether it fits the answer, and what its peer and all peers have not read.
    /// A question that is not open any more takes and drops it.
    pub(super) fn answer(&mut self, question: QuestionId, frame: Bytes) -> bool {
        let Some(open) = self.open.get_mut(&question.0) else { return true };
        let Some(stream) = self.streams.get_mut(&open.stream) else { return true };
        let unread = self.unread.entry(stream.peer).or_default();
        let length = frame.len();
        let fits = open.frames.len() < open.expected.frames
            && open.bytes + length <= open.expected.bytes
            && *unread + length <= MAX_UNREAD
            && self.unread_bytes + length <= MAX_UNREAD_OF_ALL;
        if fits {
            *unread += length;
            self.unread_bytes += length;
            stream.unread += length;
            open.bytes += length;
            open.frames.push(frame);
        } else if *unread == 0 {
            self.unread.remove(&stream.peer);
        }
        fits
    }

    /// Ends an answer; returns it, and where it goes. `None` if nobody waits for it any more.
    pub(super) fn end(&mut self, question: QuestionId) -> Option<(C, Vec<Bytes>)> {
        let open = self.open.remove(&question.0)?;
        self.asked_bytes -= open.asked_bytes;
        if let Some(stream) = self.streams.get_mut(&open.stream) {
            stream.question = None;
        }
        Some((open.channel, open.frames))
    }

    /// Forgets a stream, because its answer was read or nobody waits for it any more.
    pub(super) fn close(&mut self, stream: S) {
        let Some(stream) = self.streams.remove(&stream) else { return };
        if let Some(open) = stream.question.and_then(|question| self.open.remove(&question)) {
            self.asked_bytes -= open.asked_bytes;
        }
        self.unread_bytes -= stream.unread;
        if let Some(unread) = self.unread.get_mut(&stream.peer) {
            *unread -= stream.unread;
            if *unread == 0 {
                self.unread.remove(&stream.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_ANSWER;

    type Tested = Questions<u32, ()>;

    fn blocks(questions: &mut Tested, peer: PeerId, stream: u32) -> Option<QuestionId> {
        questions.open(peer, stream, (), Tag::GBLK, 100)
    }

    fn frame(length: usize) -> Bytes {
        vec![0; length].into()
    }

    #[test]
    fn answer_is_gathered_and_ends_once() {
        let mut questions = Tested::default();
        let question = blocks(&mut questions, PeerId::random(), 1).unwrap();
        assert!(questions.answer(question, frame(10)) && questions.answer(question, frame(20)));
        let ((), frames) = questions.end(question).unwrap();
        assert_eq!(frames, [frame(10), frame(20)]);
        assert!(questions.end(question).is_none());
        assert!(questions.answer(question, frame(10)), "it goes nowhere");
        assert_eq!((questions.asked_bytes, questions.unread_bytes), (0, 30));
        questions.close(1);
        questions.close(1);
        assert_eq!((questions.unread_bytes, questions.unread.len(), questions.streams.len()), (0, 0, 0));
    }

    #[test]
    fn stream_that_ends_first_takes_its_question_along() {
        let mut questions = Tested::default();
        let question = blocks(&mut questions, PeerId::random(), 1).unwrap();
        assert!(questions.answer(question, frame(10)));
        questions.close(1);
        assert!(questions.end(question).is_none());
        assert_eq!((questions.asked_bytes, questions.unread_bytes, questions.open.len()), (0, 0, 0));
    }

    #[test]
    fn answer_is_bounded_as_its_reader_expects() {
        let mut questions = Tested::default();
        let peer = PeerId::random();
        let status = questions.open(peer, 1, (), Tag::STAT, 100).unwrap();
        assert!(questions.answer(status, frame(100)));
        assert!(!questions.answer(status, frame(100)), "one frame answers it");
        let block = blocks(&mut questions, peer, 2).unwrap();
        assert!(!questions.answer(block, frame(MAX_ANSWER + 1)));
        assert!(questions.answer(block, frame(MAX_ANSWER)));
        assert!(!questions.answer(block, frame(1)));
    }

    #[test]
    fn slow_reader_gets_empty_answers() {
        let (mut questions, peer) = (Tested::default(), PeerId::random());
        let first = blocks(&mut questions, peer, 1).unwrap();
        assert!(questions.answer(first, frame(MAX_UNREAD / 2)));
        let second = blocks(&mut questions, peer, 2).unwrap();
        assert!(!questions.answer(second, frame(MAX_UNREAD / 2 + 1)));
        assert!(questions.answer(second, frame(MAX_UNREAD / 2)));
        assert!(blocks(&mut questions, peer, 3).is_none());
        assert!(blocks(&mut questions, PeerId::random(), 4).is_some(), "others are not slow");
        questions.end(first);
        questions.close(1);
        assert!(blocks(&mut questions, peer, 5).is_some());
    }

    #[test]
    fn all_peers_together_are_bounded() {
        let mut questions = Tested::default();
        let answered = (0..100).filter(|stream| {
            let question = blocks(&mut questions, PeerId::random(), *stream).unwrap();
            questions.answer(question, frame(1 << 20))
        });
        assert_eq!(answered.count(), MAX_UNREAD_OF_ALL >> 20);
        let mut questions = Tested::default();
        let asked =
            (0..1_000).filter(|stream| questions.open(PeerId::random(), *stream, (), Tag::TXN, 128 << 10).is_some());
        assert_eq!(asked.count(), MAX_UNANSWERED_OF_ALL / (128 << 10));
    }
}
