//! The frame decoder.

use toycoin_wire::{FrameDecoder, FrameError, Reader, Tag};

use super::script::Script;

fn decode<'a>(reader: Reader, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<(Tag, Vec<u8>)>, Option<FrameError>) {
    let mut decoder = FrameDecoder::new(reader);
    let (mut frames, mut arrived) = (Vec::new(), 0);
    for piece in pieces {
        arrived += piece.len();
        let mut input = piece;
        loop {
            match decoder.next_frame(&mut input) {
                Ok(Some(frame)) => frames.push((frame.tag, frame.body.to_vec())),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
        assert!(input.is_empty(), "what is no frame yet is kept");
        assert!(decoder.capacity() <= (2 * arrived).max(64), "{} for {arrived} bytes", decoder.capacity());
    }
    (frames, None)
}

/// Throws a stream at the frame decoder, whole, byte by byte, and cut as the first bytes say.
pub fn frames(data: &[u8]) {
    let mut script = Script::new(data);
    let reader = if script.byte() & 1 == 0 { Reader::Relay } else { Reader::Client };
    let cut = usize::from(script.byte()).max(1);
    let stream = data.get(2..).unwrap_or_default();
    let whole = decode(reader, [stream]);
    assert_eq!(decode(reader, stream.chunks(cut)), whole);
    assert_eq!(decode(reader, stream.chunks(1)), whole);
    // frames, headers and all, are no more than what came
    let framed: usize = whole.0.iter().map(|(_, body)| 8 + body.len()).sum();
    assert!(framed <= stream.len());
}
