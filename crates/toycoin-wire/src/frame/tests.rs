use proptest::prelude::*;

use super::*;
use crate::{relay::RelayMessage, test_util::any_conversation};

fn frame(tag: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(4 + body.len()).unwrap();
    [length.to_be_bytes().as_slice(), tag, body].concat()
}

/// Feeds the pieces to a decoder and returns copies of the frames.
fn feed(decoder: &mut FrameDecoder, pieces: &[&[u8]]) -> Result<Vec<(Tag, Vec<u8>)>, FrameError> {
    let mut frames = Vec::new();
    for piece in pieces {
        let mut input = *piece;
        while let Some(frame) = decoder.next_frame(&mut input)? {
            frames.push((frame.tag, frame.body.to_vec()));
        }
        assert!(input.is_empty());
    }
    Ok(frames)
}

/// Returns a relay's decoder that has read a `HELO`.
fn begun() -> FrameDecoder {
    let mut decoder = FrameDecoder::new(Reader::Relay);
    assert_eq!(feed(&mut decoder, &[&frame(b"HELO", b"hi")]).unwrap().len(), 1);
    decoder
}

#[test]
fn an_empty_body_is_a_body() {
    let mut decoder = begun();
    let bytes = [frame(b"PUBL", b""), frame(b"PING", b"x")].concat();
    let frames = feed(&mut decoder, &[&bytes]).unwrap();
    assert_eq!(frames, [(Tag::PUBL, vec![]), (Tag::PING, b"x".to_vec())]);
}

#[test]
fn a_frame_that_lies_in_the_input_is_not_copied() {
    let mut decoder = begun();
    let bytes = frame(b"PUBL", b"payload");
    let taken = decoder.next_frame(&mut bytes.as_slice()).unwrap().unwrap();
    assert!(std::ptr::eq(taken.body, &raw const bytes[8..]));
}

#[test]
fn lengths_are_judged_by_the_header_alone() {
    let cases: [(&[u8; 4], u32, Option<FrameError>); 9] = [
        (b"PUBL", 3, Some(FrameError::TooShort { length: 3 })),
        (b"PUBL", 0, Some(FrameError::TooShort { length: 0 })),
        (b"PUBL", 4, None),
        (b"PUBL", MAX_ENVELOPE, None),
        (b"PUBL", MAX_ENVELOPE + 1, Some(too_long(Tag::PUBL, MAX_ENVELOPE))),
        (b"PUBL", u32::MAX, Some(FrameError::TooLong { tag: Tag::PUBL, length: u32::MAX, cap: MAX_ENVELOPE })),
        (b"PING", MAX_CONTROL + 1, Some(too_long(Tag::PING, MAX_CONTROL))),
        (b"WHAT", MAX_UNKNOWN, None),
        (b"WHAT", MAX_UNKNOWN + 1, Some(too_long(Tag::new(*b"WHAT"), MAX_UNKNOWN))),
    ];
    for (tag, length, error) in cases {
        let header = [length.to_be_bytes().as_slice(), tag].concat();
        for cut in 0..header.len() {
            let mut decoder = begun();
            let result = feed(&mut decoder, &[&header[..cut], &header[cut..]]);
            assert_eq!(result.err(), error, "{tag:?} {length} cut at {cut}");
        }
    }
    let mut decoder = FrameDecoder::new(Reader::Relay);
    let header = [(MAX_HELLO + 1).to_be_bytes().as_slice(), b"HELO"].concat();
    assert_eq!(feed(&mut decoder, &[&header]), Err(too_long(Tag::HELO, MAX_HELLO)));
}

fn too_long(tag: Tag, cap: u32) -> FrameError {
    FrameError::TooLong { tag, length: cap + 1, cap }
}

#[test]
fn the_first_frame_opens_the_conversation() {
    for tag in [b"PUBL", b"WHAT", b"PING", b"WELC", b"\0\0\0\0"] {
        let mut decoder = FrameDecoder::new(Reader::Relay);
        let error = FrameError::FirstFrame { tag: Tag::new(*tag) };
        assert_eq!(feed(&mut decoder, &[&frame(tag, b"")]), Err(error));
        assert_eq!(feed(&mut decoder, &[&frame(b"HELO", b"")]), Err(error), "an error stays");
    }
    for (tag, opens) in [(b"WELC", true), (b"GBYE", true), (b"DELV", false), (b"WHAT", false)] {
        let mut decoder = FrameDecoder::new(Reader::Client);
        assert_eq!(feed(&mut decoder, &[&frame(tag, b"")]).is_ok(), opens, "{tag:?}");
    }
}

#[test]
fn tags_of_the_other_direction_are_refused() {
    for tag in [b"WELC", b"DELV", b"LAGD"] {
        let error = FrameError::Unexpected { tag: Tag::new(*tag) };
        assert_eq!(feed(&mut begun(), &[&frame(tag, b"")]), Err(error));
    }
    for tag in [b"HELO", b"SUBS", b"UNSB", b"PUBL"] {
        let mut decoder = FrameDecoder::new(Reader::Client);
        let error = FrameError::Unexpected { tag: Tag::new(*tag) };
        assert_eq!(feed(&mut decoder, &[&frame(b"WELC", b""), &frame(tag, b"")]), Err(error));
    }
}

#[test]
fn unknown_tags_are_passed_over_counted_and_not_kept() {
    let unknown = frame(b"WHAT", &vec![0; MAX_UNKNOWN as usize - 4]);
    let bytes = [unknown.clone(), frame(b"????", b""), frame(b"PING", b"1")].concat();
    let mut decoder = begun();
    assert_eq!(feed(&mut decoder, &[&bytes]).unwrap(), [(Tag::PING, b"1".to_vec())]);
    assert_eq!(decoder.skipped(), 2);

    let mut decoder = begun();
    for piece in unknown.chunks(1000) {
        assert_eq!(feed(&mut decoder, &[piece]).unwrap(), []);
        assert!(decoder.capacity() < 100);
    }
    assert!(!decoder.is_mid_frame());
}

#[test]
fn buffers_grow_with_what_has_arrived() {
    let bytes = frame(b"PUBL", &vec![1; 1 << 20]);
    let mut decoder = begun();
    let mut arrived = 0;
    for piece in bytes.chunks(1500) {
        let mut input = piece;
        let done = decoder.next_frame(&mut input).unwrap().is_some();
        arrived += piece.len();
        assert_eq!(done, arrived == bytes.len());
        let capacity = decoder.buffer.capacity();
        assert!(capacity <= (2 * arrived).min(bytes.len()), "{capacity} bytes for {arrived}");
        assert_eq!(decoder.is_mid_frame(), !done);
    }
    assert_eq!(feed(&mut decoder, &[&frame(b"PING", b"")]).unwrap().len(), 1);
}

#[test]
fn one_buffer_serves_decoders_in_turn() {
    let (mut first, mut second) = (begun(), begun());
    let bytes = frame(b"PUBL", &[1; 1000]);
    let (head, tail) = bytes.split_at(600);
    first.give_buffer(Vec::with_capacity(5000));
    assert_eq!(feed(&mut first, &[head]).unwrap().len(), 0);
    assert_eq!(first.take_buffer().capacity(), 0, "it is in use");
    first.give_buffer(Vec::new());
    assert_eq!(feed(&mut first, &[tail]).unwrap()[0].1, [1; 1000]);
    let buffer = first.take_buffer();
    assert_eq!((buffer.capacity(), first.capacity()), (5000, 0));
    second.give_buffer(buffer);
    assert_eq!(feed(&mut second, &[head, tail]).unwrap()[0].1, [1; 1000]);
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(messages in any_conversation(), cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12)) {
        let frames: Vec<_> = messages.iter().map(|message| message.borrowed().to_frame().unwrap()).collect();
        let bytes = frames.concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        let mut decoder = FrameDecoder::new(Reader::Relay);
        let got = feed(&mut decoder, &pieces).unwrap();
        prop_assert_eq!(got.len(), messages.len());
        for ((tag, body), message) in got.iter().zip(&messages) {
            let decoded = RelayMessage::decode(Frame { tag: *tag, body }).unwrap();
            prop_assert_eq!(decoded, message.borrowed());
        }
        prop_assert!(!decoder.is_mid_frame());
    }

    #[test]
    fn no_stream_makes_the_decoder_panic(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..12), is_begun: bool) {
        let mut decoder = if is_begun { begun() } else { FrameDecoder::new(Reader::Client) };
        let pieces: Vec<_> = pieces.iter().map(Vec::as_slice).collect();
        let _ = feed(&mut decoder, &pieces);
    }
}
