//! The codec: it turns messages into bytes and back with serde and bincode's `legacy()` format. Only this module uses
//! bincode.
//!
//! The format is that of bincode 1. Integers are little-endian and of fixed width, lengths are u64, variant numbers are
//! u32. One byte precedes an `Option`, nothing precedes an array or a newtype. The format is for the wire and the
//! store, and is never hashed: `toycoin-core` feeds consensus data to a hasher field by field.
//!
//! Both directions are bounded. Encoding measures first, then writes into a buffer of exactly that size. Decoding
//! refuses input above the caller's limit, lengths that reach past the input, and bytes that follow the message.
//!
//! Types that are decoded here must not be recursive, nor contain sequences of zero-sized elements. A short input could
//! otherwise cause much work.

use bincode::{
    config::{self, Config},
    enc::write::Writer,
    error::{DecodeError as BincodeDecodeError, EncodeError as BincodeEncodeError},
    serde::{borrow_decode_from_slice, encode_into_writer},
};
use serde::{Deserialize, Serialize};

use crate::{
    error::{DecodeError, EncodeError},
    limits::MAX_DECODE,
    printable::printable,
};

/// Returns the encoding of `value`.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] if it takes more than `cap` bytes. Nothing is allocated then.
pub fn encode<T: Serialize>(value: &T, cap: usize) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    encode_into(&mut out, value, cap)?;
    Ok(out)
}

/// Appends the encoding of `value` to `out`. An empty `out` grows by exactly the size of the encoding.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] if the encoding takes more than `cap` bytes. `out` is then unchanged.
pub fn encode_into<T: Serialize>(out: &mut Vec<u8>, value: &T, cap: usize) -> Result<(), EncodeError> {
    let size = encoded_size(value, cap)?;
    reserve(out, size);
    append(out, value)
}

/// Reserves room: exactly enough in an empty buffer, amortised where messages are collected.
pub(crate) fn reserve(out: &mut Vec<u8>, size: usize) {
    if out.is_empty() { out.reserve_exact(size) } else { out.reserve(size) }
}

/// Appends the encoding of a value whose size has been checked.
pub(crate) fn append<T: Serialize>(out: &mut Vec<u8>, value: &T) -> Result<(), EncodeError> {
    let start = out.len();
    let written = encode_into_writer(value, Appender(&mut *out), config::legacy());
    written.map_err(|error| {
        out.truncate(start);
        unsupported(&error)
    })
}

/// Returns the size of the encoding of `value`, in bytes.
///
/// # Errors
///
/// [`EncodeError::TooLarge`] if the size is more than `cap`.
pub fn encoded_size<T: Serialize>(value: &T, cap: usize) -> Result<usize, EncodeError> {
    let mut meter = Meter { size: 0, cap };
    match encode_into_writer(value, &mut meter, config::legacy()) {
        Ok(()) => Ok(meter.size),
        Err(_) if meter.size > cap => Err(EncodeError::TooLarge { cap }),
        Err(error) => Err(unsupported(&error)),
    }
}

/// Decodes a message from all of `bytes`.
///
/// `limit` is the largest size of this message, in bytes. A message that borrows does so from `bytes`.
///
/// # Errors
///
/// [`DecodeError`] with the reason. No input makes this allocate more than a small multiple of its own length, plus the
/// first reservation of a `Vec` of claimed length, which serde limits to 1 MiB.
#[inline]
pub fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8], limit: usize) -> Result<T, DecodeError> {
    let (value, rest) = decode_prefix(bytes, limit)?;
    if rest.is_empty() { Ok(value) } else { Err(DecodeError::TrailingBytes { count: rest.len() }) }
}

/// Decodes a message from the front of `bytes`, and returns it with the bytes after it. A version number, for example,
/// decides how to read the rest.
///
/// # Errors
///
/// The errors of [`decode`], except for trailing bytes.
#[inline]
pub fn decode_prefix<'a, T: Deserialize<'a>>(bytes: &'a [u8], limit: usize) -> Result<(T, &'a [u8]), DecodeError> {
    let limit = limit.min(MAX_DECODE);
    let length = bytes.len();
    if length > limit {
        return Err(DecodeError::TooLarge { length, limit });
    }
    // Bincode allocates an owned string by its claimed length before it looks for the bytes. It checks that length only
    // against a limit that is fixed at compile time. The limit here therefore follows the input in steps.
    if length <= SMALL {
        decode_within(bytes, config::legacy().with_limit::<SMALL>())
    } else if length <= MEDIUM {
        decode_within(bytes, config::legacy().with_limit::<MEDIUM>())
    } else {
        decode_within(bytes, config::legacy().with_limit::<MAX_DECODE>())
    }
}

#[inline]
fn decode_within<'a, T: Deserialize<'a>>(bytes: &'a [u8], config: impl Config) -> Result<(T, &'a [u8]), DecodeError> {
    match borrow_decode_from_slice(bytes, config) {
        Ok((value, read)) => Ok((value, bytes.get(read..).unwrap_or_default())),
        Err(error) => Err(refused(error)),
    }
}

/// Converts an error. It is a cold function of its own, because the hot path of valid messages does not need it.
#[cold]
#[inline(never)]
fn refused(error: BincodeDecodeError) -> DecodeError {
    match error {
        BincodeDecodeError::UnexpectedEnd { .. } | BincodeDecodeError::LimitExceeded => DecodeError::UnexpectedEnd,
        BincodeDecodeError::OtherString(reason) => malformed(&reason),
        BincodeDecodeError::Other(reason) => malformed(reason),
        other => malformed(&other.to_string()),
    }
}

/// Converts a text of serde, which may quote the input. It is cut and escaped, so that it cannot forge or flood log
/// lines.
fn malformed(reason: &str) -> DecodeError {
    DecodeError::Malformed { reason: printable(reason, MAX_MALFORMED_TEXT) }
}

fn unsupported(error: &BincodeEncodeError) -> EncodeError {
    EncodeError::Unsupported { reason: error.to_string().chars().take(MAX_MALFORMED_TEXT).collect() }
}

/// A writer that counts bytes, and stops as soon as there are too many.
struct Meter {
    size: usize,
    cap: usize,
}

// inlined into the encoders of other crates, which write digests and keys byte by byte
impl Writer for Meter {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), BincodeEncodeError> {
        self.size = self.size.saturating_add(bytes.len());
        if self.size > self.cap { Err(BincodeEncodeError::UnexpectedEnd) } else { Ok(()) }
    }
}

struct Appender<'a>(&'a mut Vec<u8>);

impl Writer for Appender<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), BincodeEncodeError> {
        match bytes {
            [byte] => self.0.push(*byte),
            _ => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }
}

const SMALL: usize = 4 << 10;
const MEDIUM: usize = 256 << 10;
const MAX_MALFORMED_TEXT: usize = 128;

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample<'a> {
        number: u16,
        array: [u8; 3],
        maybe: Option<u32>,
        text: &'a str,
        #[serde(with = "serde_bytes")]
        payload: &'a [u8],
    }

    const SAMPLE: Sample<'_> =
        Sample { number: 0x0102, array: [7, 8, 9], maybe: Some(5), text: "hi", payload: &[0xff] };
    const BYTES: &[u8] = b"\x02\x01\x07\x08\x09\x01\x05\0\0\0\x02\0\0\0\0\0\0\0hi\x01\0\0\0\0\0\0\0\xff";

    #[test]
    fn format_is_the_frozen_vector() {
        assert_eq!(encode(&SAMPLE, 100).unwrap(), BYTES);
        assert_eq!(decode::<Sample<'_>>(BYTES, 100).unwrap(), SAMPLE);
    }

    #[test]
    fn encoding_stops_at_its_cap() {
        assert_eq!(encode(&SAMPLE, BYTES.len()).unwrap().len(), BYTES.len());
        let cap = BYTES.len() - 1;
        assert_eq!(encode(&SAMPLE, cap), Err(EncodeError::TooLarge { cap }));
        let mut out = vec![1];
        assert!(encode_into(&mut out, &SAMPLE, cap).is_err());
        assert_eq!(out, [1]);
    }

    #[test]
    fn every_truncation_is_an_error() {
        for cut in 0..BYTES.len() {
            assert_eq!(decode::<Sample<'_>>(&BYTES[..cut], 100), Err(DecodeError::UnexpectedEnd), "cut at {cut}");
        }
    }

    #[test]
    fn trailing_bytes_are_refused_and_can_be_asked_for() {
        let longer = [BYTES, b"xy"].concat();
        assert_eq!(decode::<Sample<'_>>(&longer, 100), Err(DecodeError::TrailingBytes { count: 2 }));
        assert_eq!(decode_prefix::<Sample<'_>>(&longer, 100).unwrap().1, b"xy");
    }

    #[test]
    fn input_above_the_limit_is_not_looked_at() {
        let error = DecodeError::TooLarge { length: BYTES.len(), limit: 4 };
        assert_eq!(decode::<Sample<'_>>(BYTES, 4), Err(error));
        let huge = vec![0; MAX_DECODE + 1];
        let error = DecodeError::TooLarge { length: huge.len(), limit: MAX_DECODE };
        assert_eq!(decode::<Vec<u8>>(&huge, usize::MAX), Err(error));
    }

    #[test]
    fn claimed_lengths_are_held_against_the_input() {
        for claim in [1, 4096, u64::MAX / 2, u64::MAX] {
            let bytes = claim.to_le_bytes();
            assert_eq!(decode::<String>(&bytes, 100), Err(DecodeError::UnexpectedEnd));
            assert_eq!(decode::<&str>(&bytes, 100), Err(DecodeError::UnexpectedEnd));
            assert_eq!(decode::<Vec<u64>>(&bytes, 100), Err(DecodeError::UnexpectedEnd));
            assert_eq!(decode::<serde_bytes::ByteBuf>(&bytes, 100), Err(DecodeError::UnexpectedEnd));
        }
    }

    #[test]
    fn malformed_fields_are_named() {
        assert!(matches!(decode::<bool>(&[2], 1), Err(DecodeError::Malformed { .. })));
        assert!(matches!(decode::<Option<u8>>(&[2, 0], 2), Err(DecodeError::Malformed { .. })));
        assert!(matches!(decode::<&str>(b"\x01\0\0\0\0\0\0\0\xff", 9), Err(DecodeError::Malformed { .. })));
    }

    #[test]
    fn large_messages_pass_every_step_of_the_limit() {
        for length in [SMALL, SMALL + 1, MEDIUM, MEDIUM + 1, MAX_DECODE - 8] {
            let value = serde_bytes::ByteBuf::from(vec![3; length]);
            let bytes = encode(&value, MAX_DECODE).unwrap();
            assert_eq!(decode::<serde_bytes::ByteBuf>(&bytes, MAX_DECODE).unwrap(), value);
        }
    }
}
