//! A snapshot that a store keeps.

use super::Manifest;
use crate::digest::BlockHash;

/// The most snapshots that a store keeps: the newest ones.
pub const KEPT: usize = 2;

/// A snapshot that a store keeps, without its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSnapshot {
    /// The manifest's id.
    pub id: [u8; 32],
    /// The hash of the snapshot's block.
    pub block: BlockHash,
    /// The manifest.
    pub manifest: Manifest,
}

impl From<Manifest> for KeptSnapshot {
    fn from(manifest: Manifest) -> Self {
        Self { id: manifest.id(), block: manifest.header.hash(), manifest }
    }
}
