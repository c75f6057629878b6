//! Cuts a byte stream into frames, whatever the pieces in which it arrives.
//!
//! ```text
//! | length: u32 big-endian | tag: 4 bytes | body: length - 4 bytes |
//! ```
//!
//! The stream is written by a stranger. So the cap of a tag is checked as soon as the eight bytes of a header are there,
//! memory for a frame in pieces grows to no more than twice what has arrived of it, and a frame with an unknown tag
//! is passed over without being kept at all.

use std::mem;

use serde::Serialize;

use crate::{
    Tag, codec,
    error::{EncodeError, FrameError},
    limits::{FRAME_HEADER, MAX_CONTROL, MAX_ENVELOPE, MAX_HELLO, MAX_UNKNOWN, TAG_SIZE},
};

/// One frame, its body borrowed from the input or from the decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What the body holds; a tag that is known and that the other side may send.
    pub tag: Tag,
    /// The body, within the cap of its tag. It may be empty, which is no end of stream.
    pub body: &'a [u8],
}

/// Who reads a stream; this says which tags may come and which of them comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /// A relay, to which a client speaks: `HELO` first.
    Relay,
    /// A client, to which a relay speaks: `WELC` first, or `GBYE`.
    Client,
}

/// The state between two pieces of one stream.
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
    /// The frame that is in pieces: header and body as far as they have come.
    buffer: Vec<u8>,
    /// Bytes of that frame in all, header included; meaningful once its header is complete.
    total: usize,
    /// The frame in the buffer was handed out and makes room at the next call.
    is_handed_out: bool,
    /// Bytes still to pass over.
    to_skip: usize,
    skipped: u64,
    has_begun: bool,
    failed: Option<FrameError>,
}

impl FrameDecoder {
    /// Returns a decoder for the beginning of a stream.
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

    /// Takes the next frame from the front of `input`; `None` when all of `input` is taken and the frame has more to come.
    ///
    /// A frame that lies in `input` as a whole is borrowed from there, without a copy.
    ///
    /// # Errors
    ///
    /// [`FrameError`]. The stream is useless from there on: later calls repeat the error.
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

    /// Returns whether a frame has begun and is not complete: its sender owes bytes.
    pub const fn is_mid_frame(&self) -> bool {
        self.to_skip > 0 || self.buffered() > 0
    }

    const fn buffered(&self) -> usize {
        if self.is_handed_out { 0 } else { self.buffer.len() }
    }

    /// Returns how many bytes of memory the decoder holds, for the frame that is in pieces or for the next that will be.
    pub const fn capacity(&self) -> usize {
        self.buffer.capacity()
    }

    /// Takes the decoder's memory away while no frame is in pieces; nothing, without capacity, while one is.
    ///
    /// Whoever has many decoders can lend one buffer to each in turn, instead of leaving a large one with all of them.
    pub fn take_buffer(&mut self) -> Vec<u8> {
        if self.is_mid_frame() {
            return Vec::new();
        }
        self.is_handed_out = false;
        let mut buffer = mem::take(&mut self.buffer);
        buffer.clear();
        buffer
    }

    /// Lends memory for the next frame in pieces; without effect while one is.
    pub fn give_buffer(&mut self, mut buffer: Vec<u8>) {
        if !self.is_mid_frame() {
            buffer.clear();
            self.is_handed_out = false;
            self.buffer = buffer;
        }
    }

    /// Returns how many frames with an unknown tag were passed over, or are being so.
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Judges a header before a byte of its body is looked at.
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

    /// Moves what `input` holds of the frame into the buffer, which at most doubles and never outgrows the frame.
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

/// Appends the frame of this tag and body to `out`.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] if the frame's length would be above the cap of its tag.
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

    /// The length as a size in memory: no platform of ours has less than 32 bits.
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

/// Returns the cap on `length` of a tag, `None` if the tag is unknown.
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
