//! Verification of batches on a path.

use std::fmt;
#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
use std::sync::{Mutex, PoisonError};

#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
use crate::batch::lanes::{self, Avx2, Ifma, Scratch};
use crate::{
    batch::{
        equation::Equation,
        path::{Kind, Path},
        portable,
    },
    triple::Triple,
};

/// Returns whether all signatures are valid, by the portable path.
///
/// It accepts exactly the batches of which [`verify`](crate::verify) accepts each signature, except with probability
/// 2^-128. The result does not say which one is invalid.
pub fn verify_batch(triples: &[Triple<'_>]) -> bool {
    Equation::new(triples).is_some_and(portable::holds)
}

/// A verifier of batches on one path.
///
/// It keeps the memory of verifications for the next ones, whether they failed or not: one piece for each thread that
/// verified at the same time, as large as its largest batch needed. On the paths for vector units that is about 0.7
/// MB after 64 signatures by different keys, and 7 MB after 4,096. The portable path keeps none. Whoever limits the
/// size of batches limits this memory.
///
/// ```
/// use toycoin_schnorr::{Verifier, Path, Triple};
///
/// let verifier = Verifier::new(Path::detect());
/// let triple = Triple { key: &[1; 32], message: b"a message", signature: &[2; 64] };
/// assert!(!verifier.holds(&[triple]));
/// ```
#[derive(Default)]
pub struct Verifier {
    path: Path,
    #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
    avx2: Pool<Scratch<Avx2>>,
    #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
    ifma: Pool<Scratch<Ifma>>,
}

impl Verifier {
    /// Makes a verifier on this path.
    pub fn new(path: Path) -> Self {
        Self {
            path,
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            avx2: Pool::default(),
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            ifma: Pool::default(),
        }
    }

    /// Returns the path.
    pub const fn path(&self) -> Path {
        self.path
    }

    /// Returns whether all signatures are valid. The result does not say which one is invalid.
    ///
    /// It accepts exactly the batches of which [`verify`](crate::verify) accepts each signature, except with
    /// probability 2^-128.
    ///
    /// # Panics
    /// On a vector unit, when the points of the batch and their sums need 128 GiB: some 500 million signatures.
    pub fn holds(&self, triples: &[Triple<'_>]) -> bool {
        let Some(equation) = Equation::new(triples) else { return false };
        match self.path.0 {
            Kind::Portable => portable::holds(equation),
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Kind::Avx2(unit) => self.avx2.lend(|scratch| lanes::holds(unit, equation, scratch)),
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Kind::Ifma(unit) => self.ifma.lend(|scratch| lanes::holds(unit, equation, scratch)),
        }
    }
}

impl fmt::Debug for Verifier {
    /// Writes the path. The kept memory has megabytes, and its contents are of no meaning.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Memory that is not in use.
#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
struct Pool<T>(Mutex<Vec<T>>);

#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
impl<T: Default> Pool<T> {
    /// Runs with a piece of memory, whose contents are of no meaning.
    fn lend<R>(&self, run: impl FnOnce(&mut T) -> R) -> R {
        let free = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = free().pop();
        let mut memory = lent.unwrap_or_default();
        let result = run(&mut memory);
        free().push(memory);
        result
    }
}
