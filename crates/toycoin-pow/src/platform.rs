//! Ways to run the search on this machine.

use std::fmt;

use crate::kernel::{KERNELS, Kernel};

/// A kernel that this machine can run.
///
/// All of them find the same nonces; they differ in speed. There are values only for what this machine has, so a
/// `Platform` in hand is the proof that its instructions exist.
///
/// ```
/// use toycoin_pow::Platform;
///
/// for platform in Platform::available() {
///     println!("{platform}: {} nonces an instruction", platform.lanes());
/// }
/// assert!(Platform::available().any(|platform| platform == Platform::detect()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Platform(Kernel);

impl Platform {
    /// One nonce at a time, in plain code: every machine has it, and the others are tested against it.
    pub const PORTABLE: Self = Self(Kernel::Portable);

    /// Returns the fastest one.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::PORTABLE)
    }

    /// Returns all that this machine has, the slowest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        KERNELS.iter().filter(|kernel| kernel.is_available()).map(|kernel| Self(*kernel))
    }

    /// Returns its name, for logs and benchmarks.
    pub const fn name(self) -> &'static str {
        self.0.name()
    }

    /// Returns how many nonces one instruction works on.
    pub const fn lanes(self) -> usize {
        self.0.lanes()
    }

    pub(crate) const fn kernel(self) -> Kernel {
        self.0
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Platform({self})")
    }
}
