//! Remembers signatures that hold, so that a block whose transactions were seen before verifies nothing twice.

use std::sync::{Mutex, PoisonError};

use crate::{
    consensus::{SignatureCheck, SignatureVerifier},
    keyed_map::KeyedSet,
};

/// Judges by another verifier what it does not remember, and remembers what holds.
///
/// A check is remembered as 32 bytes of BLAKE3, keyed by a secret of this node's, over key, message and signature: ALL of
/// what a signature's validity hangs on, so a hit says that these very bytes were verified. The secret keeps strangers
/// from making two checks that are remembered alike, which without it would cost them 2^128 hashes, once for all nodes.
///
/// What does not hold is not remembered: anyone could fill the memory with that for nothing.
#[derive(Debug)]
pub struct CachingVerifier<V> {
    inner: V,
    secret: [u8; 32],
    /// A generation's bound.
    half: usize,
    memory: Mutex<Memory>,
}

/// Two generations: when the younger is full it becomes the older, whose memories go.
#[derive(Debug, Default)]
struct Memory {
    younger: KeyedSet<[u8; 32]>,
    older: KeyedSet<[u8; 32]>,
}

impl<V: SignatureVerifier> CachingVerifier<V> {
    /// Makes an empty memory of at most `capacity` signatures, and of at least the last half as many that were verified.
    ///
    /// `secret` is drawn by whoever has randomness; what it is changes no answer.
    pub fn new(inner: V, secret: [u8; 32], capacity: usize) -> Self {
        Self { inner, secret, half: (capacity / 2).max(1), memory: Mutex::default() }
    }

    /// Returns how many signatures it remembers.
    pub fn len(&self) -> usize {
        self.memory(|memory| memory.younger.len() + memory.older.len())
    }

    /// Returns whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn tag(&self, check: &SignatureCheck) -> [u8; 32] {
        let mut preimage = [0; 128];
        let (key, rest) = preimage.split_at_mut(32);
        let (message, signature) = rest.split_at_mut(32);
        key.copy_from_slice(check.key.as_bytes());
        message.copy_from_slice(check.message.as_bytes());
        signature.copy_from_slice(check.signature.as_bytes());
        blake3::keyed_hash(&self.secret, &preimage).into()
    }

    fn memory<T>(&self, run: impl FnOnce(&mut Memory) -> T) -> T {
        // a set of checks that hold is one at every moment, also where a thread stopped
        run(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<V: SignatureVerifier> SignatureVerifier for CachingVerifier<V> {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        let tags: Vec<_> = checks.iter().map(|check| self.tag(check)).collect();
        let unknown: Vec<_> = self.memory(|memory| {
            let places = tags.iter().enumerate().filter(|(_, tag)| !memory.contains(tag));
            places.map(|(place, _)| place).collect()
        });
        if unknown.is_empty() {
            return None;
        }
        let unknown_checks: Vec<_> = unknown.iter().filter_map(|place| checks.get(*place)).copied().collect();
        let invalid = self.inner.first_invalid(&unknown_checks);
        // those before the first that does not hold do
        let held = unknown.iter().take(invalid.unwrap_or(unknown.len())).filter_map(|place| tags.get(*place));
        self.memory(|memory| held.for_each(|tag| memory.insert(*tag, self.half)));
        invalid.and_then(|invalid| unknown.get(invalid).copied())
    }
}

impl Memory {
    fn contains(&self, tag: &[u8; 32]) -> bool {
        self.younger.contains(tag) || self.older.contains(tag)
    }

    fn insert(&mut self, tag: [u8; 32], half: usize) {
        if self.younger.len() >= half {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(tag);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::{
        consensus::{BatchVerifier, PlainVerifier},
        digest::Sighash,
        keys::{SecretKey, Signature},
    };

    /// Counts the checks that it is asked for.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl SignatureVerifier for Counting {
        fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
            self.0.fetch_add(checks.len(), Ordering::Relaxed);
            BatchVerifier.first_invalid(checks)
        }
    }

    fn checks(count: u8) -> Vec<SignatureCheck> {
        let key = SecretKey::classroom(1);
        let check = |i: u8| {
            let message = Sighash::from_bytes([i; 32]);
            SignatureCheck { key: key.public_key(), message, signature: key.sign(message.as_bytes()) }
        };
        (0..count).map(check).collect()
    }

    fn asked(cache: &CachingVerifier<Counting>) -> usize {
        cache.inner.0.swap(0, Ordering::Relaxed)
    }

    #[test]
    fn what_held_is_not_verified_again() {
        let cache = CachingVerifier::new(Counting::default(), [3; 32], 1_000);
        let checks = checks(20);
        assert_eq!(cache.first_invalid(&checks[..10]), None);
        assert_eq!((asked(&cache), cache.len()), (10, 10));
        assert_eq!(cache.first_invalid(&checks), None);
        assert_eq!((asked(&cache), cache.len()), (10, 20));
        assert_eq!(cache.first_invalid(&checks), None);
        assert_eq!(asked(&cache), 0);
    }

    #[test]
    fn cache_tells_checks_apart_and_remembers_no_failure() {
        let cache = CachingVerifier::new(Counting::default(), [3; 32], 1_000);
        let right = checks(8);
        assert_eq!(cache.first_invalid(&right), None);
        for place in [0, 5, 7] {
            let spoil: [fn(&mut SignatureCheck); 3] = [
                |check| check.key = SecretKey::classroom(2).public_key(),
                |check| check.message = Sighash::from_bytes([0xff; 32]),
                |check| check.signature = Signature::from_bytes([1; 64]),
            ];
            for spoil in spoil {
                let mut wrong = right.clone();
                spoil(&mut wrong[place]);
                for _ in 0..2 {
                    assert_eq!(cache.first_invalid(&wrong), Some(place));
                    assert_eq!(PlainVerifier.first_invalid(&wrong), Some(place));
                }
            }
        }
        assert_eq!(cache.len(), 8);
    }

    #[test]
    fn remembers_no_more_than_it_may_and_forgets_the_oldest() {
        let cache = CachingVerifier::new(Counting::default(), [3; 32], 20);
        let checks = checks(200);
        for some in checks.chunks(7) {
            assert_eq!(cache.first_invalid(some), None);
            assert!(cache.len() <= 20);
        }
        asked(&cache);
        assert_eq!(cache.first_invalid(&checks[190..]), None);
        assert_eq!(asked(&cache), 0, "the last ten are there");
        assert_eq!(cache.first_invalid(&checks[..10]), None);
        assert_eq!(asked(&cache), 10, "the first ten are not");
    }
}
