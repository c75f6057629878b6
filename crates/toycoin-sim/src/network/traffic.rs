//! The bodies that relays delivered, and how they are found among the bytes.

use std::collections::BTreeSet;

use toycoin_core::{BlockHash, Header};
use toycoin_wire::{Frame, Tag, relay::RelayMessage};

/// Bodies that each node has received so far.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    bodies: BTreeSet<(usize, BlockHash)>,
    compact_blocks: BTreeSet<(usize, BlockHash)>,
}

impl Traffic {
    /// Forgets what a node received, because it may have lost it.
    pub(crate) fn forget(&mut self, node: usize) {
        self.bodies.retain(|(to, _)| *to != node);
        self.compact_blocks.retain(|(to, _)| *to != node);
    }

    /// Notes that a body, or a compact block, has reached a node. Returns whether it is new there. A body after a compact
    /// block is new, since it is asked for only if the block could not be rebuilt.
    pub(super) fn note(&mut self, node: usize, payload: &[u8], header: &Header) -> bool {
        let key = (node, header.hash());
        match payload.starts_with(&Tag::CBLK.to_bytes()) {
            true => !self.bodies.contains(&key) && self.compact_blocks.insert(key),
            false => self.bodies.insert(key),
        }
    }
}

/// Returns the headers of the bodies and compact blocks in whole frames.
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

/// Returns the header of a body or of a compact block, which both begin with it; `None` for any other payload.
pub(super) fn header_of_body(payload: &[u8]) -> Option<Header> {
    let (tag, body) = payload.split_first_chunk()?;
    let is_block = matches!(Tag::new(*tag), Tag::BLOC | Tag::CBLK);
    body.first_chunk().filter(|_| is_block).map(Header::from_bytes)
}

/// Returns the first frame, and the bytes after it.
pub(super) fn split_frame(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (frame, behind) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    let (tag, body) = frame.split_first_chunk()?;
    Some((Frame { tag: Tag::new(*tag), body }, behind))
}
