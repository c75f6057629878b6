//! The bodies that relays delivered, and how they are found among the bytes.

use std::collections::BTreeSet;

use toycoin_core::{BlockHash, Header};
use toycoin_wire::{Frame, Tag, relay::RelayMessage};

/// Bodies that each node has received so far.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    pub(super) bodies: BTreeSet<(usize, BlockHash)>,
}

impl Traffic {
    /// Forgets what a node received, because it may have lost it.
    pub(crate) fn forget(&mut self, node: usize) {
        self.bodies.retain(|(to, _)| *to != node);
    }
}

/// Returns the headers of the bodies in whole frames.
pub(crate) fn delivered_headers(mut bytes: &[u8]) -> impl Iterator<Item = Header> {
    let frames = std::iter::from_fn(move || {
        let (frame, rest) = split_frame(bytes)?;
        bytes = rest;
        Some(frame)
    });
    frames.filter(|frame| frame.tag == Tag::DELV).filter_map(|frame| match RelayMessage::decode(frame) {
        Ok(RelayMessage::Deliver(deliver)) => header_of_body(deliver.payload),
        _ => None,
    })
}

pub(super) fn header_of_body(payload: &[u8]) -> Option<Header> {
    payload.strip_prefix(b"BLOC")?.first_chunk().map(Header::from_bytes)
}

/// Returns the first frame, and the bytes after it.
pub(super) fn split_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (frame, behind) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let (tag, body) = frame.split_first_chunk()?;
    Some((Frame { tag: Tag::new(*tag), body }, behind))
}
