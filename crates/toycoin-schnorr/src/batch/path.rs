//! Paths: implementations of the same verification, for different machines.

use std::fmt;

#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
use crate::batch::lanes::{Avx2, Ifma};

/// A path: an implementation of batch verification that this machine can run.
///
/// All paths accept the same batches and differ only in speed. A `Path` exists only for instructions that this machine
/// has. Without the feature `vectors`, and on processors other than x86-64, there is only the portable one.
///
/// ```
/// use toycoin_schnorr::Path;
///
/// for path in Path::available() {
///     println!("{path}: batches from {} signatures on", path.crossover());
/// }
/// assert!(Path::available().any(|path| path == Path::detect()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Path(pub(super) Kind);

/// The paths. Those for vector units hold the proof that the machine has the unit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Portable,
    #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
    Avx2(Avx2),
    #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
    Ifma(Ifma),
}

impl Path {
    /// One operation at a time, by k256. Every machine has it, and the others are tested against it.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// Returns the fastest path of this machine.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or_default()
    }

    /// Returns all paths of this machine, the slowest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        [
            Some(Kind::Portable),
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Avx2::detect().map(Kind::Avx2),
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Ifma::detect().map(Kind::Ifma),
        ]
        .into_iter()
        .flatten()
        .map(Self)
    }

    /// Returns the path's name, for logs and benchmarks: `portable`, `avx2` or `ifma`.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Kind::Avx2(_) => "avx2",
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Kind::Ifma(_) => "ifma",
        }
    }

    /// Returns the size of the smallest batch that costs less than single verification of its signatures (measured:
    /// docs/performance.md).
    pub const fn crossover(self) -> usize {
        match self.0 {
            Kind::Portable => 4,
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Kind::Avx2(_) => 3,
            #[cfg(all(feature = "vectors", target_arch = "x86_64"))]
            Kind::Ifma(_) => 2,
        }
    }
}

/// The portable path.
impl Default for Path {
    fn default() -> Self {
        Self::PORTABLE
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}
