//! The portable path: one operation of k256 at a time. It runs on every machine.

mod lift;
mod multiply;
mod point;
mod segments;
mod verification;

#[cfg(all(feature = "vectors", target_arch = "x86_64"))]
pub(super) use self::point::Field;
pub(super) use self::verification::holds;
