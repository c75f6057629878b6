//! The platforms on which a search can run.

use std::fmt;

use crate::kernel::{KERNELS, Kernel};

/// A platform: an implementation of the search that this machine can run.
///
/// All platforms find the same nonces and differ only in speed. A `Platform` exists only for instructions that this
/// machine has.
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
    /// One nonce at a time, in plain code. Every machine has it, and the others are tested against it.
    pub const PORTABLE: Self = Self(Kernel::Portable);

    /// Returns the fastest platform of this machine.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::PORTABLE)
    }

    /// Returns all platforms of this machine, the slowest first.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        KERNELS.iter().filter(|kernel| kernel.is_available()).map(|kernel| Self(*kernel))
    }

    /// Returns the platform's name, for logs and benchmarks.
    pub const fn name(self) -> &'static str {
        self.0.name()
    }

    /// Returns how many nonces one instruction processes.
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
