//! Questions and answers between two nodes: the codec of `/toycoin/<net>/ask/1`.
//!
//! ```text
//!   frame:     length: u32 BE | tag: 4 ASCII bytes | body       length counts tag and body
//!   question:  one frame; the asker may close its side of the stream then
//!   answer:    frames until the end of the stream; none means "not now"
//! ```
//!
//! The cap of a frame is that of its tag, and is checked before its body is read. Buffers grow with what arrives.
//!
//! A stream that ends in the middle of a frame was cut by its peer, or reset because it took too long; yamux shows the
//! same for both. On a question's stream, writing tells them apart: a reset stream takes nothing, so the driver answers
//! with [`probe`]. On an answer's stream nothing does, so an answer that is cut is a failure and nobody's fault.

use std::{io, task::Poll};

use bytes::Bytes;
use libp2p::{
    StreamProtocol,
    futures::io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    request_response,
};
use thiserror::Error;
use toycoin_wire::{
    Tag,
    limits::{
        MAX_ANCESTORS_PAYLOAD, MAX_CHUNK_PAYLOAD, MAX_FILTERS_PAYLOAD, MAX_GET_BLOCKS, MAX_GET_TRANSACTIONS,
        MAX_HEADERS_PAYLOAD, MAX_SMALL_PAYLOAD, TAG_SIZE, payload_cap,
    },
};

use crate::{
    ledger::{Ledger, Share},
    limits::{MAX_ANSWER, MAX_PARTIAL_ANSWERS, MAX_PARTIAL_QUESTIONS, MAX_UNKNOWN_QUESTION},
};

/// A question, as it is sent or came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// A payload: tag and body.
    Payload(Bytes),
    /// It breaks the protocol. The library tells its user nothing of a question that cannot be read, so this is told as
    /// if it were one.
    Broken(Violation),
}

/// How a peer broke the protocol of questions and answers, or the rules of what is gossiped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum Violation {
    /// A frame that is not expected there.
    #[error("{0} is not expected here")]
    Unexpected(Tag),
    /// A frame that is larger than its tag allows, or shorter than a tag.
    #[error("{tag} of {length} bytes, from 4 to {cap} are allowed")]
    Length {
        /// The tag.
        tag: Tag,
        /// The length that the frame claims.
        length: u32,
        /// The most bytes.
        cap: usize,
    },
    /// All frames of an answer together are too large.
    #[error("the answer is too large")]
    TooLarge,
    /// The question ends in the middle of its frame. Perhaps its stream was reset, which is no violation.
    #[error("the question is cut short")]
    Cut,
    /// Bytes follow a question.
    #[error("bytes follow the question")]
    Trailing,
    /// Nobody gossips such a payload in that topic.
    #[error("its gossip is not of that topic, or too large")]
    Gossip,
}

/// What may answer a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The tags of its frames.
    pub(crate) tags: &'static [Tag],
    /// Most bytes of all payloads together.
    pub(crate) bytes: usize,
    /// Most frames.
    pub(crate) frames: usize,
}

impl Expected {
    /// Returns what may answer a question with this tag; nothing may if the tag is unknown.
    pub(crate) const fn by(question: Tag) -> Self {
        let (tags, bytes, frames): (&[Tag], _, _) = match question {
            Tag::STAT => (&[Tag::STAT], MAX_SMALL_PAYLOAD, 1),
            Tag::GHDR => (&[Tag::HDRS], MAX_HEADERS_PAYLOAD, 1),
            Tag::GBLK => (&[Tag::BLOC, Tag::NOTF], MAX_ANSWER, MAX_GET_BLOCKS + 1),
            Tag::GTXN => (&[Tag::TXN, Tag::NOTF], MAX_ANSWER, MAX_GET_TRANSACTIONS + 1),
            Tag::GBTX => (&[Tag::BTXS, Tag::NOTF], MAX_ANSWER, 1),
            Tag::GADR => (&[Tag::ADDR], MAX_SMALL_PAYLOAD, 1),
            // of light clients, and of nodes that begin with a snapshot
            Tag::GPRF => (&[Tag::PROF, Tag::HDRS, Tag::NOTF], MAX_ANSWER, 1),
            Tag::GANC => (&[Tag::ANCS, Tag::NOTF], MAX_ANCESTORS_PAYLOAD + MAX_SMALL_PAYLOAD, 2),
            Tag::GTXP => (&[Tag::TXPR, Tag::NOTF], MAX_ANSWER + MAX_SMALL_PAYLOAD, 2),
            Tag::GFIL => (&[Tag::FILT, Tag::NOTF], MAX_FILTERS_PAYLOAD, 1),
            Tag::GSNP => (&[Tag::SNPM, Tag::NOTF], MAX_ANSWER, 1),
            Tag::GCHK => (&[Tag::CHNK, Tag::NOTF], MAX_CHUNK_PAYLOAD, 1),
            _ => (&[], 0, 0),
        };
        Self { tags, bytes, frames }
    }
}

/// The codec. Its clones share the limits on what has arrived in part.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    questions: Ledger,
    answers: Ledger,
    /// The tag of the question that was written last; each stream has a codec of its own.
    asked: Option<Tag>,
}

impl Ask {
    pub(crate) fn new() -> Self {
        let (questions, answers) = (Ledger::new(MAX_PARTIAL_QUESTIONS), Ledger::new(MAX_PARTIAL_ANSWERS));
        Self { questions, answers, asked: None }
    }

    async fn read_question<T: AsyncRead + Unpin + Send>(&self, io: &mut T) -> io::Result<Bytes> {
        let mut share = self.questions.enter();
        let cap = |tag| match tag {
            // they answer something
            Tag::BLOC | Tag::HDRS | Tag::NOTF | Tag::ADDR | Tag::CBLK | Tag::BTXS => None,
            Tag::PROF | Tag::ANCS | Tag::TXPR | Tag::FILT | Tag::SNPM | Tag::CHNK => None,
            tag => Some(payload_cap(tag).unwrap_or(MAX_UNKNOWN_QUESTION)),
        };
        let payload = read_frame(io, &mut share, cap).await?.ok_or_else(|| violated(Violation::Cut))?;
        // An asker need not close its side, so nothing is waited for. What has followed already is no question.
        let mut more = [0];
        let more = std::pin::pin!(share.read(io, &mut more));
        match poll_once(more).await {
            Some(Ok(1..)) => Err(violated(Violation::Trailing)),
            Some(Ok(0) | Err(_)) | None => Ok(payload),
        }
    }
}

impl request_response::Codec for Ask {
    type Protocol = StreamProtocol;
    type Request = Question;
    type Response = Vec<Bytes>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Question>
    where
        T: AsyncRead + Unpin + Send,
    {
        match self.read_question(io).await {
            Ok(payload) => Ok(Question::Payload(payload)),
            Err(error) => violation(&error).map(Question::Broken).ok_or(error),
        }
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<Bytes>>
    where
        T: AsyncRead + Unpin + Send,
    {
        let expected = self.asked.map_or(Expected { tags: &[], bytes: 0, frames: 0 }, Expected::by);
        let mut share = self.answers.enter();
        let (mut frames, mut left) = (Vec::new(), expected.bytes);
        let cap = |tag| expected.tags.contains(&tag).then(|| payload_cap(tag)).flatten();
        loop {
            let frame = match read_frame(io, &mut share, cap).await {
                // cut or reset: nothing shows which
                Err(error) if violation(&error) == Some(Violation::Cut) => {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                frame => frame?,
            };
            let Some(frame) = frame else { return Ok(frames) };
            left = left.checked_sub(frame.len()).ok_or_else(|| violated(Violation::TooLarge))?;
            if frames.len() == expected.frames {
                return Err(violated(Violation::TooLarge));
            }
            frames.push(frame);
        }
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, question: Question) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let Question::Payload(payload) = question else { return Err(io::ErrorKind::InvalidInput.into()) };
        self.asked = tag(&payload);
        write_frame(io, &payload).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, frames: Vec<Bytes>) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        for frame in frames {
            write_frame(io, &frame).await?;
        }
        Ok(())
    }
}

/// Returns what a future is ready with at once; `None` if it is not.
async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// Returns an answer to a question that is cut. Whoever did not reset the stream takes it.
pub(crate) fn probe() -> Vec<Bytes> {
    vec![Bytes::new()]
}

/// Returns the tag of a payload; `None` if it is too short for one.
pub(crate) fn tag(payload: &[u8]) -> Option<Tag> {
    payload.first_chunk().map(|tag| Tag::new(*tag))
}

/// Returns the violation that an error of the codec reports, if it does.
pub(crate) fn violation(error: &io::Error) -> Option<Violation> {
    error.get_ref()?.downcast_ref::<Violation>().copied()
}

fn violated(violation: Violation) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, violation)
}

/// Reads a frame, and returns its payload; `None` at the end of the stream. `cap` returns the most bytes of a payload
/// with this tag, or `None` if it is not expected.
async fn read_frame<T: AsyncRead + Unpin + Send>(
    io: &mut T,
    share: &mut Share,
    cap: impl Fn(Tag) -> Option<usize>,
) -> io::Result<Option<Bytes>> {
    let mut head = [0; 4 + TAG_SIZE];
    let mut have = 0;
    while let Some(rest) = head.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match share.read(io, rest).await? {
            0 if have == 0 => return Ok(None),
            0 => return Err(violated(Violation::Cut)),
            read => have += read,
        }
    }
    let [a, b, c, d, tag @ ..] = head;
    let (claimed, tag) = (u32::from_be_bytes([a, b, c, d]), Tag::new(tag));
    let cap = cap(tag).ok_or_else(|| violated(Violation::Unexpected(tag)))?;
    let too_long = || violated(Violation::Length { tag, length: claimed, cap });
    let length = usize::try_from(claimed).ok().filter(|length| (TAG_SIZE..=cap).contains(length));
    let length = length.ok_or_else(too_long)?;
    let mut payload = tag.to_bytes().to_vec();
    let mut have = payload.len();
    while have < length {
        if have == payload.len() {
            // twice as much as has arrived
            let more = (length - have).min(have.max(FIRST_READ));
            share.charge(more)?;
            payload.reserve_exact(more);
            payload.resize(have + more, 0);
        }
        match share.read(io, payload.get_mut(have..).unwrap_or_default()).await? {
            0 => return Err(violated(Violation::Cut)),
            read => have += read,
        }
    }
    Ok(Some(payload.into()))
}

async fn write_frame<T: AsyncWrite + Unpin + Send>(io: &mut T, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    io.write_all(&length.to_be_bytes()).await?;
    io.write_all(payload).await
}

/// Bytes of a body that are read first. A body that is smaller is allocated at once.
const FIRST_READ: usize = 4 << 10;

#[cfg(test)]
mod tests;
