//! Cache of signature checks, shared by all nodes of a run, so that each signature is verified once.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use toycoin_core::consensus::{SignatureCheck, SignatureVerifier};

/// Signature verifier that remembers each result. Share it among nodes with an `Arc`.
#[derive(Debug, Default)]
pub struct MemoVerifier {
    known: Mutex<HashMap<SignatureCheck, bool>>,
    verified: AtomicU64,
}

impl MemoVerifier {
    /// Returns how many signatures the nodes would have verified without this cache.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Returns how many distinct signatures were verified.
    pub fn judged(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl SignatureVerifier for MemoVerifier {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let invalid = checks.iter().position(|check| !*known.entry(*check).or_insert_with(|| check.holds()));
        // verification stops at the first invalid signature
        let verified = invalid.map_or(checks.len(), |place| place + 1);
        self.verified.fetch_add(verified as u64, Ordering::Relaxed);
        invalid
    }
}
