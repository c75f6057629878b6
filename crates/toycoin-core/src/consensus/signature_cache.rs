//! A cache of valid signatures, so that a block of known transactions verifies no signature twice.

use std::sync::{Mutex, PoisonError};

use crate::{
    consensus::{SignatureCheck, SignatureVerifier},
    keyed_map::KeyedSet,
};

/// A verifier that caches valid signatures, and passes all others to another verifier.
///
/// The cache keeps 32 bytes per check: BLAKE3 over key, message and signature, keyed by a secret of this node. These
/// three are ALL that a signature's validity depends on, so a hit says that exactly these bytes were verified. The
/// secret stops others from making two checks with the same hash. Without it, one such pair would cost 2^128 hashes and
/// would work on every node.
///
/// An invalid signature is not cached, because anyone could fill the cache with them at no cost.
#[derive(Debug)]
pub struct CachingVerifier<V> {
    inner: V,
    secret: [u8; 32],
    /// Most signatures in a generation.
    half: usize,
    memory: Mutex<Memory>,
}

/// Two generations of cached checks. When the younger one is full, it replaces the older one.
#[derive(Debug, Default)]
struct Memory {
    younger: KeyedSet<[u8; 32]>,
    older: KeyedSet<[u8; 32]>,
}

impl<V: SignatureVerifier> CachingVerifier<V> {
    /// Makes an empty cache of at most `capacity` signatures. It always holds at least the latest `capacity / 2` valid
    /// ones.
    ///
    /// `secret` should be random. It never changes an answer.
    pub fn new(inner: V, secret: [u8; 32], capacity: usize) -> Self {
        Self { inner, secret, half: (capacity / 2).max(1), memory: Mutex::default() }
    }

    /// Returns how many signatures are cached.
    pub fn len(&self) -> usize {
        self.memory(|memory| memory.younger.len() + memory.older.len())
    }

    /// Returns whether the cache is empty.
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
        // a panicking thread leaves a valid set behind: every entry in it was verified
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
        // all checks before the first invalid one hold
        let held = unknown.iter().take(invalid.unwrap_or(unknown.len())).filter_map(|place| tags.get(*place));
        self.memory(|memory| held.for_each(|tag| memory.insert(*tag, self.half)));
        invalid.and_then(|invalid| unknown.get(invalid).copied())
    }

    fn has_verified(&self, checks: &[SignatureCheck]) -> bool {
        self.memory(|memory| checks.iter().all(|check| memory.contains(&self.tag(check))))
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

    /// A verifier that counts the checks that it is given.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl SignatureVerifier for Counting {
        fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
            self.0.fetch_add(checks.len(), Ordering::Relaxed);
            BatchVerifier::default().first_invalid(checks)
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
