//! The frame decoder: it cuts a byte stream into frames, in whatever pieces the stream arrives.
//!
//! ```text
//! | length: u32 big-endian | tag: 4 bytes | body: length - 4 bytes |
//! ```
//!
//! A stranger writes the stream, so memory is bounded. A tag's cap is checked as soon as the 8 bytes of a frame's
//! header have arrived. A buffer for an incomplete frame grows to at most twice what has arrived of the frame. A frame
//! with an unknown tag is skipped without being buffered.

use std::mem;

use serde::Serialize;

use crate::{
    Tag, codec,
    error::{EncodeError, FrameError},
    limits::{FRAME_HEADER, MAX_CONTROL, MAX_ENVELOPE, MAX_HELLO, MAX_UNKNOWN, TAG_SIZE},
};

/// A frame, whose body is borrowed from the input or from the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The frame's tag, which is known and which the other side may send.
    pub tag: Tag,
    /// The body, within its tag's cap. It may be empty, which does not mean the end of the stream.
    pub body: &'a [u8],
}

/// The side that reads a stream. It decides which tags are allowed, and which of them comes first (the handshake).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /// A relay, which reads from a client: `HELO` first.
    Relay,
    /// A client, which reads from a relay: `WELC` first, or `GBYE`.
    Client,
}

/// A decoder of one stream, which keeps an incomplete frame between two pieces.
///
/// ```
/// use toycoin_wire::{FrameDecoder, Reader, Tag};
///
/// let mut decoder = FrameDecoder::new(Reader::Client);
/// let mut input: &[u8] = b"\0\0\0\x08GBYEfu";
/// assert_eq!(decoder.next_frame(&mut input)?, None);
/// let mut input: &[u8] = b"ll";
/// let frame = decoder.next_frame(&mut input)?.expect("all eight bytes are there");
/// assert_eq!((frame.tag, frame.body), (Tag::GBYE, b"full".as_slice()));
/// # Ok::<(), toycoin_wire::FrameError>(())
/// ```
#[derive(Debug)]
pub struct FrameDecoder {
    reader: Reader,
    /// The incomplete frame: as much of its header and body as has arrived.
    buffer: Vec<u8>,
    /// The size of that frame in bytes, header included. It is valid once the header is complete.
    total: usize,
    /// Whether the caller has the frame in the buffer. The next call then clears the buffer.
    is_handed_out: bool,
    /// Bytes of a frame with an unknown tag that are still to be skipped.
    to_skip: usize,
    skipped: u64,
    has_begun: bool,
    failed: Option<FrameError>,
}

impl FrameDecoder {
    /// Returns a decoder for a stream from its beginning.
    pub const fn new(reader: Reader) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            total: 0,
            is_handed_out: false,
            to_skip: 0,
            skipped: 0,
            has_begun: false,
            failed: None,
        }
    }

    /// Takes the next frame from the front of `input`. Returns `None` when all of `input` is used up and no frame is
    /// complete.
    ///
    /// A frame that lies completely in `input` is borrowed from there, without a copy.
    ///
    /// # Errors
    ///
    /// [`FrameError`]. The stream is unusable afterwards: later calls return the same error.
    pub fn next_frame<'a, 'i: 'a>(&'a mut self, input: &mut &'i [u8]) -> Result<Option<Frame<'a>>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if self.is_handed_out {
            self.is_handed_out = false;
            self.buffer.clear();
        }
        loop {
            if self.to_skip > 0 {
                self.to_skip -= take(input, self.to_skip).len();
                if self.to_skip > 0 {
                    return Ok(None);
                }
            }
            if self.buffer.is_empty() {
                let Some(header) = Header::read(input) else {
                    self.buffer.extend_from_slice(take(input, FRAME_HEADER));
                    return Ok(None);
                };
                if self.admit(header)? == Admission::Skip {
                    take(input, FRAME_HEADER);
                    continue;
                }
                if input.len() < self.total {
                    self.store(input);
                    return Ok(None);
                }
                let body = take(input, self.total).get(FRAME_HEADER..).unwrap_or_default();
                return Ok(Some(Frame { tag: header.tag, body }));
            }
            if self.buffer.len() < FRAME_HEADER {
                self.buffer.extend_from_slice(take(input, FRAME_HEADER - self.buffer.len()));
                let Some(header) = Header::read(&self.buffer) else { return Ok(None) };
                if self.admit(header)? == Admission::Skip {
                    self.buffer.clear();
                    continue;
                }
            }
            self.store(input);
            if self.buffer.len() < self.total {
                return Ok(None);
            }
            self.is_handed_out = true;
            let frame = Header::read(&self.buffer)
                .map(|header| Frame { tag: header.tag, body: self.buffer.get(FRAME_HEADER..).unwrap_or_default() });
            return Ok(frame);
        }
    }

    /// Returns whether a frame has begun and is incomplete.
    pub const fn is_mid_frame(&self) -> bool {
        self.to_skip > 0 || self.buffered() > 0
    }

    const fn buffered(&self) -> usize {
        if self.is_handed_out { 0 } else { self.buffer.len() }
    }

    /// Returns the capacity of the decoder's buffer, in bytes.
    pub const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Returns the decoder's buffer, emptied. While a frame is incomplete, the decoder keeps its buffer, and the result
    /// has no capacity.
    ///
    /// Many decoders can thus share one buffer, instead of each keeping a large one.
    pub fn take_buffer(&mut self) -> Vec<u8> {
        if self.is_mid_frame() {
            return Vec::new();
        }
        self.is_handed_out = false;
        let mut buffer = mem::take(&mut self.buffer);
        buffer.clear();
        buffer
    }

    /// Gives the decoder a buffer for its next incomplete frame. There is no effect while a frame is incomplete.
    pub fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if !self.is_mid_frame() {
            buffer.clear();
            self.is_handed_out = false;
            self.buffer = buffer;
        }
    }

    /// Returns how many frames with an unknown tag were skipped, including one that is being skipped.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Judges a frame's header before its body is read.
    fn admit(&mut self, header: Header) -> Result<Admission, FrameError> {
        let verdict = judge(self.reader, header, !self.has_begun);
        match verdict {
            Ok(Admission::Take) => self.total = FRAME_HEADER - TAG_SIZE + header.size(),
            Ok(Admission::Skip) => {
                self.to_skip = header.size() - TAG_SIZE;
                self.skipped += 1;
            }
            Err(error) => {
                self.failed = Some(error);
                self.buffer = Vec::new();
            }
        }
        self.has_begun = true;
        verdict
    }

    /// Moves the frame's bytes from `input` into the buffer. The buffer grows to at most twice what has arrived, and
    /// never beyond the frame.
    fn store(&mut self, input: &mut &[u8]) {
        let missing = self.total.saturating_sub(self.buffer.len());
        let piece = take(input, missing);
        if self.buffer.capacity() - self.buffer.len() < piece.len() {
            // twice what has arrived, header included
            self.buffer.reserve_exact(missing.min(2 * piece.len() + self.buffer.len()));
        }
        self.buffer.extend_from_slice(piece);
    }
}

/// Appends a frame with this tag and body to `out`.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] if the frame's length would be above the tag's cap.
pub(crate) fn encode_frame<T: Serialize>(out: &mut Vec<u8>, tag: Tag, body: &T) -> Result<(), EncodeError> {
    let cap = cap(tag).unwrap_or(MAX_UNKNOWN) as usize;
    let size = codec::encoded_size(body, cap - TAG_SIZE)?;
    let length = u32::try_from(TAG_SIZE + size).map_err(|_| EncodeError::TooLarge { cap })?;
    codec::reserve(out, FRAME_HEADER + size);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&tag.to_bytes());
    codec::append(out, body)
}

#[derive(Debug, Clone, Copy)]
struct Header {
    length: u32,
    tag: Tag,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        Some(Self { length: u32::from_be_bytes(*length), tag: Tag::new(*rest.first_chunk()?) })
    }

    /// Returns the length as a `usize`: every supported platform has at least 32 bits.
    const fn size(self) -> usize {
        self.length as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Admission {
    Take,
    Skip,
}

fn judge(reader: Reader, header: Header, is_first: bool) -> Result<Admission, FrameError> {
    let Header { length, tag } = header;
    if header.size() < TAG_SIZE {
        return Err(FrameError::TooShort { length });
    }
    if is_first && !opens(reader, tag) {
        return Err(FrameError::FirstFrame { tag });
    }
    let known = cap(tag);
    if known.is_some() && !may_come(reader, tag) {
        return Err(FrameError::Unexpected { tag });
    }
    let cap = known.unwrap_or(MAX_UNKNOWN);
    if length > cap {
        return Err(FrameError::TooLong { tag, length, cap });
    }
    Ok(if known.is_some() { Admission::Take } else { Admission::Skip })
}

fn opens(reader: Reader, tag: Tag) -> bool {
    match reader {
        Reader::Relay => tag == Tag::HELO,
        Reader::Client => matches!(tag, Tag::WELC | Tag::GBYE),
    }
}

fn may_come(reader: Reader, tag: Tag) -> bool {
    match tag {
        Tag::PING | Tag::PONG | Tag::GBYE => true,
        Tag::WELC | Tag::DELV | Tag::LAGD => reader == Reader::Client,
        _ => reader == Reader::Relay,
    }
}

/// Returns the cap on `length` for a tag, `None` if the tag is unknown.
fn cap(tag: Tag) -> Option<u32> {
    match tag {
        Tag::HELO => Some(MAX_HELLO),
        Tag::PUBL | Tag::DELV => Some(MAX_ENVELOPE),
        Tag::WELC | Tag::SUBS | Tag::UNSB | Tag::LAGD | Tag::PING | Tag::PONG | Tag::GBYE => Some(MAX_CONTROL),
        _ => None,
    }
}

/// Splits up to `count` bytes off the front of `input`.
fn take<'a>(input: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (front, rest) = input.split_at_checked(count).unwrap_or((input, &[]));
    *input = rest;
    front
}

#[cfg(test)]
mod tests;
