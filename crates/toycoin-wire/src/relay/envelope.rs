//! The body of `PUBL` and `DELV`: channel, address, payload.
//!
//! ```text
//! PUBL | u64 | channel | 0, or 1 and 16 bytes: the receiver | u64 | payload |
//! DELV | u64 | channel | 16 bytes: the origin               | u64 | payload |
//! ```
//!
//! A relay reads one of them and writes one for each message, so the usual cases do without serde. They read and write
//! the same bytes as the codec, which tests compare. A body that the quick reader does not understand goes to the
//! codec, which names the error.

use serde::Deserialize;

use crate::{
    ChannelRef, NodeId, Tag, codec,
    error::{DecodeError, EncodeError},
    limits::{FRAME_HEADER, MAX_ENVELOPE, MAX_PAYLOAD, TAG_SIZE},
    relay::{Deliver, Publish},
};

/// The body as the codec sees it. The address is the optional receiver of a `PUBL`, or the origin of a `DELV`. It is a
/// tuple, which is encoded as a struct is, because decoding a derived struct took 5 times as long.
pub(super) type Envelope<'a, A> = (&'a str, A, &'a serde_bytes::Bytes);

pub(super) fn envelope<'a, A>(channel: ChannelRef<'a>, address: A, payload: &'a [u8]) -> Envelope<'a, A> {
    (channel.as_str(), address, serde_bytes::Bytes::new(payload))
}

/// Decodes the body of a `PUBL`.
pub(super) fn decode_publish(body: &[u8]) -> Result<Publish<'_>, DecodeError> {
    match read_publish(body) {
        Some(publish) => Ok(publish),
        None => {
            let (channel, to, payload) = decode(body)?;
            Ok(Publish { channel, to, payload })
        }
    }
}

/// Decodes an envelope with the codec.
pub(super) fn decode<'a, A: Deserialize<'a>>(body: &'a [u8]) -> Result<(ChannelRef<'a>, A, &'a [u8]), DecodeError> {
    let (channel, address, payload): Envelope<'a, A> = codec::decode(body, MAX_ENVELOPE as usize)?;
    if payload.len() > MAX_PAYLOAD {
        return Err(DecodeError::FieldTooLong { field: PAYLOAD, length: payload.len(), cap: MAX_PAYLOAD });
    }
    Ok((ChannelRef::new(channel)?, address, payload))
}

/// Appends a `DELV`, header and body, to `out`.
///
/// # Errors
///
/// [`EncodeError::FieldTooLong`] for the payload. `out` is then unchanged.
pub(super) fn append_deliver(out: &mut Vec<u8>, deliver: &Deliver<'_>) -> Result<(), EncodeError> {
    check(deliver.payload.len())?;
    let channel = deliver.channel.as_str().as_bytes();
    let body = 8 + channel.len() + 16 + 8 + deliver.payload.len();
    // a valid channel and payload are below the cap together, which is far below 4 GiB
    let length = u32::try_from(TAG_SIZE + body).map_err(|_| EncodeError::TooLarge { cap: MAX_ENVELOPE as usize })?;
    codec::reserve(out, FRAME_HEADER + body);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&Tag::DELV.to_bytes());
    out.extend_from_slice(&(channel.len() as u64).to_le_bytes());
    out.extend_from_slice(channel);
    out.extend_from_slice(&deliver.from.to_bytes());
    out.extend_from_slice(&(deliver.payload.len() as u64).to_le_bytes());
    out.extend_from_slice(deliver.payload);
    Ok(())
}

/// Checks the length of a payload that is to be encoded.
pub(super) const fn check(length: usize) -> Result<(), EncodeError> {
    if length > MAX_PAYLOAD {
        return Err(EncodeError::FieldTooLong { field: PAYLOAD, length, cap: MAX_PAYLOAD });
    }
    Ok(())
}

/// Reads a valid `PUBL`, and `None` from any other body.
fn read_publish(body: &[u8]) -> Option<Publish<'_>> {
    let (channel, rest) = read_bytes(body)?;
    let (to, rest) = match rest.split_first()? {
        (0, rest) => (None, rest),
        (1, rest) => {
            let (to, rest) = rest.split_first_chunk()?;
            (Some(NodeId::new(*to)), rest)
        }
        _ => return None,
    };
    let (payload, rest) = read_bytes(rest)?;
    if !rest.is_empty() || payload.len() > MAX_PAYLOAD {
        return None;
    }
    let channel = ChannelRef::new(str::from_utf8(channel).ok()?).ok()?;
    Some(Publish { channel, to, payload })
}

/// Reads bytes after their length.
fn read_bytes(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = input.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
}

const PAYLOAD: &str = "payload";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frame::encode_frame;

    fn channel(name: &str) -> ChannelRef<'_> {
        ChannelRef::new(name).unwrap()
    }

    /// Bodies that are valid, or nearly: channel, receiver, payload, and then one changed byte and a cut.
    fn any_body() -> impl Strategy<Value = Vec<u8>> {
        let parts = ("[a-z/_-]{1,64}", any::<Option<[u8; 16]>>(), proptest::collection::vec(any::<u8>(), 0..40));
        let change = proptest::option::of((any::<prop::sample::Index>(), any::<u8>()));
        (parts, change, 0..3_usize, 0..3_usize).prop_map(|((name, to, payload), change, cut, more)| {
            let envelope = envelope(channel(&name), to.map(NodeId::new), &payload);
            let mut body = codec::encode(&envelope, MAX_ENVELOPE as usize).unwrap();
            if let Some((at, byte)) = change {
                let at = at.index(body.len());
                body[at] = byte;
            }
            body.truncate(body.len() - cut);
            body.extend_from_slice(&vec![0; more]);
            body
        })
    }

    proptest! {
        #[test]
        fn both_readers_of_a_publish_agree(body in any_body()) {
            let slow = decode::<Option<NodeId>>(&body).map(|(channel, to, payload)| Publish { channel, to, payload });
            prop_assert_eq!(read_publish(&body), slow.clone().ok());
            prop_assert_eq!(decode_publish(&body), slow);
        }

        #[test]
        fn both_writers_of_a_delivery_agree(
            name in "[a-z/_-]{1,64}",
            from in any::<[u8; 16]>(),
            payload in proptest::collection::vec(any::<u8>(), 0..400),
        ) {
            let deliver = Deliver { channel: channel(&name), from: NodeId::new(from), payload: &payload };
            let (mut quick, mut slow) = (b"before".to_vec(), b"before".to_vec());
            append_deliver(&mut quick, &deliver).unwrap();
            encode_frame(&mut slow, Tag::DELV, &envelope(deliver.channel, deliver.from, deliver.payload)).unwrap();
            prop_assert_eq!(quick, slow);
        }
    }

    #[test]
    fn the_largest_payload_is_read_and_one_more_is_not() {
        for (length, is_read) in [(MAX_PAYLOAD, true), (MAX_PAYLOAD + 1, false)] {
            let payload = vec![7; length];
            let body =
                codec::encode(&envelope(channel("/a"), None::<NodeId>, &payload), MAX_ENVELOPE as usize).unwrap();
            assert_eq!(read_publish(&body).is_some(), is_read);
            assert_eq!(decode_publish(&body).is_ok(), is_read);
        }
    }
}
