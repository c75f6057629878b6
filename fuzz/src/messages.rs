//! The messages of both layers.

use toycoin_wire::{FrameDecoder, NodeMessage, Payload, Reader, relay::RelayMessage};

/// Throws a frame at the relay layer: what decodes encodes to the same bytes.
pub fn relay_messages(data: &[u8]) {
    for reader in [Reader::Relay, Reader::Client] {
        let (mut decoder, mut input) = (FrameDecoder::new(reader), data);
        loop {
            let before = input;
            let Ok(Some(frame)) = decoder.next_frame(&mut input) else { break };
            let Ok(message) = RelayMessage::decode(frame) else { continue };
            let taken = &before[..before.len() - input.len()];
            let encoded = message.to_frame().expect("what decodes fits its frame");
            // frames with unknown tags may have been passed over before it
            assert!(taken.ends_with(&encoded), "{message:?}");
        }
    }
}

/// Throws a payload at the node layer: what decodes encodes to the same bytes.
pub fn node_messages(data: &[u8]) {
    if let Ok(Payload::Message(message)) = NodeMessage::decode(data) {
        assert_eq!(message.encode().expect("what decodes fits its payload"), data, "{message:?}");
    }
}
