//! One memory of signatures for all nodes of a run: each is judged once.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use toycoin_core::consensus::{SignatureCheck, SignatureVerifier};

/// Judges a signature the first time it sees it, and remembers. Share it by `Arc` among nodes.
#[derive(Debug, Default)]
pub struct MemoVerifier(Mutex<HashMap<SignatureCheck, bool>>);

impl MemoVerifier {
    /// Returns how many signatures were judged.
    pub fn judged(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl SignatureVerifier for MemoVerifier {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checks.iter().position(|check| !*known.entry(*check).or_insert_with(|| check.holds()))
    }
}
