//! Signature verification, in one place.
//!
//! Connecting a block collects its checks as plain triples and verifies them together. Batches, the cache of valid
//! signatures and the use of several cores all belong here:
//!
//! ```text
//!   checks ─▶ CachingVerifier ─ those that are not cached ─▶ BatchVerifier ─▶ batches, on several cores
//!                                                                  └─ a batch that fails: halved; few: one by one
//! ```

use crate::{
    batch::{Path, Triple, Verifier},
    digest::Sighash,
    keys::{PublicKey, Signature, verify},
};

/// A signature to be verified, with its key and its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SignatureCheck {
    /// The owner of the coin that is spent.
    pub key: PublicKey,
    /// The spending transaction's sighash.
    pub message: Sighash,
    /// The input's signature.
    pub signature: Signature,
}

impl SignatureCheck {
    /// Verifies this signature alone.
    pub fn holds(&self) -> bool {
        verify(&self.key, self.message.as_bytes(), &self.signature)
    }

    const fn triple(&self) -> Triple<'_> {
        Triple { key: self.key.as_bytes(), message: self.message.as_bytes(), signature: self.signature.as_bytes() }
    }
}

/// A verifier of signatures: a pure function, however it gains its speed.
///
/// Every implementation must accept exactly what [`PlainVerifier`] accepts. Otherwise the network splits.
pub trait SignatureVerifier: Send + Sync {
    /// Returns the index of the first check that does not hold, `None` if all hold.
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize>;

    /// Returns whether it remembers that it has verified all of these checks, and that they hold. A verifier without a
    /// memory says no.
    fn has_verified(&self, _checks: &[SignatureCheck]) -> bool {
        false
    }
}

/// A verifier that checks one signature after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainVerifier;

impl SignatureVerifier for PlainVerifier {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        checks.iter().position(|check| !check.holds())
    }
}

/// A verifier that checks signatures in batches, on several cores with the feature `parallel`.
///
/// A batch that fails is halved until few signatures are left, and these are checked one by one. Finding the invalid
/// signature costs about as much as the batch itself did.
///
/// The path decides how fast a batch is verified, and nothing else. By default it is the portable one.
#[derive(Debug, Default)]
pub struct BatchVerifier {
    batches: Verifier,
}

impl BatchVerifier {
    /// Makes a verifier that runs on this path.
    pub fn new(path: Path) -> Self {
        Self { batches: Verifier::new(path) }
    }

    fn first_invalid_of(&self, batch: &[SignatureCheck]) -> Option<usize> {
        match batch.len() >= self.batches.path().crossover() {
            true if self.holds(batch) => None,
            true => first_culprit_of(batch, |part| self.holds(part), SignatureCheck::holds),
            false => PlainVerifier.first_invalid(batch),
        }
    }

    fn holds(&self, batch: &[SignatureCheck]) -> bool {
        self.batches.holds(&batch.iter().map(SignatureCheck::triple).collect::<Vec<_>>())
    }
}

/// Returns the index of the first check that does not hold in a batch that failed. `holds` verifies a part of the batch
/// as one equation, and `single` one check alone.
///
/// Each part is half of the one before. So all equations together have fewer signatures than the batch, and at most
/// [`MAX_SINGLES`] checks are verified alone.
fn first_culprit_of(
    batch: &[SignatureCheck],
    mut holds: impl FnMut(&[SignatureCheck]) -> bool,
    mut single: impl FnMut(&SignatureCheck) -> bool,
) -> Option<usize> {
    let (mut skipped, mut suspects) = (0, batch);
    while suspects.len() > MAX_SINGLES {
        let (first, second) = suspects.split_at(suspects.len() / 2);
        if holds(first) {
            skipped += first.len();
            suspects = second;
        } else {
            suspects = first;
        }
    }
    // single verification has the last word
    let culprit = suspects.iter().position(|check| !single(check)).map(|place| skipped + place);
    culprit.or_else(|| batch.iter().position(|check| !single(check)))
}

impl SignatureVerifier for BatchVerifier {
    fn first_invalid(&self, checks: &[SignatureCheck]) -> Option<usize> {
        let size = batch_size(checks.len());
        let found = |(place, batch): (usize, &[SignatureCheck])| Some(place * size + self.first_invalid_of(batch)?);
        #[cfg(feature = "parallel")]
        if size < checks.len() {
            use rayon::prelude::*;
            return checks.par_chunks(size).enumerate().filter_map(found).min();
        }
        checks.chunks(size).enumerate().find_map(found)
    }
}

/// Returns how many of `checks` signatures form a batch. Each core gets an equal share. A batch must not be so small
/// that it gains little, nor so large that its points leave the cache.
fn batch_size(checks: usize) -> usize {
    #[cfg(feature = "parallel")]
    let cores = rayon::current_num_threads();
    #[cfg(not(feature = "parallel"))]
    let cores = 1;
    checks.div_ceil(cores).clamp(MIN_SHARE, MAX_BATCH)
}

/// Most signatures of a failed batch that are checked one by one.
const MAX_SINGLES: usize = 8;
/// Smallest batch that several cores share. Smaller halves would cost more than they save.
const MIN_SHARE: usize = 32;
/// Largest batch. More signatures gain little (docs/performance.md).
const MAX_BATCH: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SecretKey;

    fn checks(count: u8) -> Vec<SignatureCheck> {
        let check = |i: u8| {
            let (key, message) = (SecretKey::classroom(u32::from(i) % 5), Sighash::from_bytes([i; 32]));
            SignatureCheck { key: key.public_key(), message, signature: key.sign(message.as_bytes()) }
        };
        (0..count).map(check).collect()
    }

    #[test]
    fn names_the_first_culprit_as_singles_do() {
        let verifiers: Vec<_> = Path::available().map(BatchVerifier::new).collect();
        for count in [0, 1, 3, 4, 8, 9, 31, 33, 80] {
            let checks = checks(count);
            for verifier in &verifiers {
                assert_eq!(verifier.first_invalid(&checks), None);
            }
            for culprits in [[0, 0], [0, 30], [2, 1], [32, 40], [79, 31], [79, 79]] {
                let mut checks = checks.clone();
                for culprit in culprits {
                    if let Some(check) = checks.get_mut(culprit) {
                        check.message = Sighash::ZERO;
                        check.signature = Signature::from_bytes([7; 64]);
                    }
                }
                for verifier in &verifiers {
                    assert_eq!(verifier.first_invalid(&checks), PlainVerifier.first_invalid(&checks));
                }
            }
        }
    }

    #[test]
    fn one_bad_signature_costs_what_a_good_one_does() {
        let batches = BatchVerifier::new(Path::detect());
        let good = checks(128);
        for count in [64, 1_024] {
            let checks: Vec<_> = good.iter().copied().cycle().take(count).collect();
            for culprit in [0, 1, count / 2 - 1, count / 2, count - 1] {
                let mut checks = checks.clone();
                checks[culprit].message = Sighash::from_bytes([255; 32]);
                let (mut equations, mut in_equations, mut singles) = (0, 0, 0);
                assert!(!batches.holds(&checks));
                let found = first_culprit_of(
                    &checks,
                    |part| {
                        (equations, in_equations) = (equations + 1, in_equations + part.len());
                        batches.holds(part)
                    },
                    |check| {
                        singles += 1;
                        check.holds()
                    },
                );
                assert_eq!(found, Some(culprit));
                // beside the equation that failed: as many signatures again, and a bounded number alone
                assert!(in_equations < count, "{in_equations} of {count}");
                assert_eq!(equations, (count / MAX_SINGLES).ilog2());
                assert!((1..=MAX_SINGLES).contains(&singles), "{singles}");
            }
        }
    }

    #[cfg(feature = "parallel")]
    #[test]
    fn the_number_of_threads_decides_nothing() {
        let right = checks(200);
        let mut wrong = right.clone();
        (wrong[70].message, wrong[150].message) = (Sighash::ZERO, Sighash::ZERO);
        for threads in [1, 2, 3, 7] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                assert_eq!(BatchVerifier::default().first_invalid(&right), None);
                assert_eq!(BatchVerifier::default().first_invalid(&wrong), Some(70));
            });
        }
    }
}
