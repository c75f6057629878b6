//! One memory of signatures for all nodes of a run: each is judged once.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use toycoin_core::consensus::{SignatureCheck, SignatureVerifier};

/// Judges a signature the first time it sees it, and remembers. Share it by `Arc` among nodes.
#[derive(Debug, Default)]
pub struct MemoVerifier {
    known: Mutex<HashMap<SignatureCheck, bool>>,
    verified: AtomicU64,
}

impl MemoVerifier {
    /// Returns how many signatures were verified: what a node without this memory would have had to verify.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Returns how many signatures were judged, each counted once.
    pub fn judged(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl SignatureVerifier for MemoVerifier {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let invalid = checks.iter().position(|check| !*known.entry(*check).or_insert_with(|| check.holds()));
        // it stops at the first bad one
        let verified = invalid.map_or(checks.len(), |place| place + 1);
        self.verified.fetch_add(verified as u64, Ordering::Relaxed);
        invalid
    }
}
