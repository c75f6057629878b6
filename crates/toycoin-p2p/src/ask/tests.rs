use std::{pin::Pin, task::Context};

use libp2p::{
    futures::{
        executor::block_on,
        io::{AsyncReadExt, Cursor},
    },
    request_response::Codec,
};
use toycoin_wire::limits::MAX_TRANSACTION_PAYLOAD;

use super::*;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/toycoin/test/ask/1");

fn frame(tag: &[u8; 4], length: usize) -> Vec<u8> {
    let mut bytes = u32::try_from(length).unwrap().to_be_bytes().to_vec();
    bytes.extend(tag);
    bytes.resize(4 + length, 7);
    bytes
}

/// Reads a question from bytes, after which the asker has closed its side.
fn question(bytes: &[u8]) -> io::Result<Question> {
    block_on(Ask::new().read_request(&PROTOCOL, &mut Cursor::new(bytes.to_vec())))
}

/// Reads the answer to a question with this tag.
fn answer(asked: Tag, bytes: &[u8]) -> io::Result<Vec<Bytes>> {
    let mut codec = Ask { asked: Some(asked), ..Ask::new() };
    block_on(codec.read_response(&PROTOCOL, &mut Cursor::new(bytes.to_vec())))
}

fn broken(bytes: &[u8]) -> Violation {
    match question(bytes).unwrap() {
        Question::Broken(violation) => violation,
        Question::Payload(payload) => panic!("{payload:?}"),
    }
}

#[test]
fn question_and_answer_read_as_they_are_written() {
    let (mut codec, mut io) = (Ask::new(), Cursor::new(Vec::new()));
    let payload = Bytes::from_static(b"GBLKbody");
    block_on(codec.write_request(&PROTOCOL, &mut io, Question::Payload(payload.clone()))).unwrap();
    let written = io.into_inner();
    assert_eq!(written, b"\0\0\0\x08GBLKbody");
    assert_eq!(question(&written).unwrap(), Question::Payload(payload));

    let frames = vec![Bytes::from_static(b"BLOCone"), Bytes::from_static(b"BLOC"), Bytes::from_static(b"NOTFx")];
    let mut io = Cursor::new(Vec::new());
    block_on(codec.write_response(&PROTOCOL, &mut io, frames.clone())).unwrap();
    let mut io = Cursor::new(io.into_inner());
    assert_eq!(block_on(codec.read_response(&PROTOCOL, &mut io)).unwrap(), frames);
}

#[test]
fn each_tag_has_its_cap() {
    for (tag, cap) in [(b"STAT", 16 << 10), (b"TXN ", MAX_TRANSACTION_PAYLOAD), (b"LITE", 16 << 10)] {
        assert!(matches!(question(&frame(tag, cap)), Ok(Question::Payload(payload)) if payload.len() == cap));
        assert!(matches!(broken(&frame(tag, cap + 1)), Violation::Length { .. }));
    }
    assert!(matches!(broken(b"\x80\0\0\0STAT"), Violation::Length { length: 0x8000_0000, .. }));
    assert!(matches!(broken(b"\0\0\0\x03STAT"), Violation::Length { length: 3, .. }));
}

#[test]
fn answers_are_no_questions() {
    for tag in [b"BLOC", b"HDRS", b"NOTF", b"ADDR", b"CBLK", b"BTXS"] {
        assert!(matches!(broken(&frame(tag, 8)), Violation::Unexpected(_)));
    }
}

/// A stream on which nothing comes for now.
struct Silent;

impl AsyncRead for Silent {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
}

#[test]
fn an_asker_need_not_close_its_side() {
    let mut open = Cursor::new(frame(b"STAT", 8)).chain(Silent);
    let read = block_on(Ask::new().read_request(&PROTOCOL, &mut open));
    assert!(matches!(read, Ok(Question::Payload(payload)) if payload.len() == 8));
}

#[test]
fn bytes_after_a_question_are_a_violation() {
    let mut bytes = frame(b"STAT", 8);
    bytes.push(0);
    assert_eq!(broken(&bytes), Violation::Trailing);
}

#[test]
fn cut_question_is_told_from_others() {
    let whole = frame(b"GTXN", 100);
    for length in [0, 1, 7, 8, 50, 103] {
        assert_eq!(broken(&whole[..length]), Violation::Cut, "{length}");
    }
}

#[test]
fn cut_answer_fails_without_a_violation() {
    let error = answer(Tag::GBLK, &frame(b"BLOC", 100)[..50]).unwrap_err();
    assert_eq!(violation(&error), None);
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn empty_answer_is_no_frame() {
    assert!(answer(Tag::STAT, b"").unwrap().is_empty());
}

#[test]
fn frame_that_was_not_asked_for_is_a_violation() {
    for (asked, tag) in [(Tag::STAT, b"HDRS"), (Tag::GBLK, b"TXN "), (Tag::RJCT, b"STAT"), (Tag::STAT, b"LITE")] {
        let error = answer(asked, &frame(tag, 8)).unwrap_err();
        assert!(matches!(violation(&error), Some(Violation::Unexpected(_))));
    }
}

#[test]
fn light_client_is_answered_with_one_proof_or_with_none() {
    let answers: [(Tag, &[&[u8; 4]]); 6] = [
        (Tag::GPRF, &[b"PROF", b"HDRS", b"NOTF"]),
        (Tag::GANC, &[b"ANCS", b"NOTF"]),
        (Tag::GTXP, &[b"TXPR", b"NOTF"]),
        (Tag::GFIL, &[b"FILT", b"NOTF"]),
        (Tag::GSNP, &[b"SNPM", b"NOTF"]),
        (Tag::GCHK, &[b"CHNK", b"NOTF"]),
    ];
    for (asked, tags) in answers {
        for tag in tags {
            assert_eq!(answer(asked, &frame(tag, 8)).unwrap().len(), 1, "{asked}");
            let error = answer(asked, &frame(tag, 8).repeat(3)).unwrap_err();
            assert_eq!(violation(&error), Some(Violation::TooLarge), "{asked}");
        }
    }
}

#[test]
fn answer_is_bounded_in_bytes_and_frames() {
    let block = frame(b"BLOC", MAX_ANSWER);
    assert_eq!(answer(Tag::GBLK, &block).unwrap().len(), 1);
    let error = answer(Tag::GBLK, &[block, frame(b"NOTF", 4)].concat()).unwrap_err();
    assert_eq!(violation(&error), Some(Violation::TooLarge));
    let most = frame(b"BLOC", 4).repeat(MAX_GET_BLOCKS + 1);
    assert_eq!(answer(Tag::GBLK, &most).unwrap().len(), MAX_GET_BLOCKS + 1);
    let error = answer(Tag::GBLK, &[most, frame(b"BLOC", 4)].concat()).unwrap_err();
    assert_eq!(violation(&error), Some(Violation::TooLarge));
}
