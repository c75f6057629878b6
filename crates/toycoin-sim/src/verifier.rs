//! Cache of signature checks, shared by all nodes of a run, so that each signature is verified once.

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use toycoin_core::consensus::{SignatureCheck, SignatureVerifier};

/// Signature verifier that remembers the last results, at least 131,072 of them. Share it among nodes with an `Arc`.
#[derive(Debug, Default)]
pub struct MemoVerifier {
    known: Mutex<Known>,
    verified: AtomicU64,
}

/// Results in two generations: the old ones are forgotten when there are as many young ones.
#[derive(Debug, Default)]
struct Known {
    young: HashMap<SignatureCheck, bool>,
    old: HashMap<SignatureCheck, bool>,
    judged: usize,
}

/// Number of results of a generation, about 20 MB.
const GENERATION: usize = 131_072;

impl Known {
    fn holds(&mut self, check: &SignatureCheck) -> bool {
        if let Some(holds) = self.young.get(check) {
            return *holds;
        }
        let holds = self.old.get(check).copied().unwrap_or_else(|| {
            self.judged += 1;
            check.holds()
        });
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(*check, holds);
        holds
    }
}

impl MemoVerifier {
    /// Returns how many signatures the nodes would have verified without this cache.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Returns how many signatures were verified, each once unless it was forgotten.
    pub fn judged(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).judged
    }
}

impl SignatureVerifier for MemoVerifier {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let invalid = checks.iter().position(|check| !known.holds(check));
        // verification stops at the first invalid signature
        let verified = invalid.map_or(checks.len(), |place| place + 1);
        self.verified.fetch_add(verified as u64, Ordering::Relaxed);
        invalid
    }
}
