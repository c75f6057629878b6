//! The key derivation function: a passphrase becomes a key, at a cost that an attacker pays for each guess.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use super::error::UnlockError;
use crate::{
    limits::{MAX_KDF_LANES, MAX_KDF_MEMORY_KIB, MAX_KDF_PASSES, MIN_KDF_MEMORY_KIB},
    passphrase::Passphrase,
};

/// What one guess of a passphrase costs: memory, passes and lanes of Argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfCost {
    m_kib: u32,
    t: u32,
    p: u32,
}

impl KdfCost {
    /// The cost of new files: 64 MiB, 3 passes, 1 lane. RFC 9106 recommends it for little memory, there with 4 lanes.
    pub const DEFAULT: Self = Self { m_kib: 65_536, t: 3, p: 1 };

    /// Returns a cost of `m_kib` KiB of memory, `t` passes and `p` lanes.
    ///
    /// # Errors
    /// When a number is outside of its [`limits`](crate::limits). Nothing was allocated then.
    pub const fn new(m_kib: u32, t: u32, p: u32) -> Result<Self, KdfCostError> {
        if t == 0 || t > MAX_KDF_PASSES {
            return Err(KdfCostError::Passes(t));
        }
        if p == 0 || p > MAX_KDF_LANES {
            return Err(KdfCostError::Lanes(p));
        }
        if m_kib < MIN_KDF_MEMORY_KIB * p || m_kib > MAX_KDF_MEMORY_KIB {
            return Err(KdfCostError::Memory(m_kib));
        }
        Ok(Self { m_kib, t, p })
    }

    /// Returns the memory, in KiB.
    pub const fn m_kib(self) -> u32 {
        self.m_kib
    }

    /// Returns the number of passes over the memory.
    pub const fn t(self) -> u32 {
        self.t
    }

    /// Returns the number of lanes. They are computed one after the other here.
    pub const fn p(self) -> u32 {
        self.p
    }
}

impl Default for KdfCost {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The reason why a cost is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KdfCostError {
    /// The memory is below [`MIN_KDF_MEMORY_KIB`] for each lane, or above [`MAX_KDF_MEMORY_KIB`].
    #[error("m_kib is {0}, and has to be from {MIN_KDF_MEMORY_KIB} for each lane to {MAX_KDF_MEMORY_KIB}")]
    Memory(u32),
    /// The number of passes is not from 1 to [`MAX_KDF_PASSES`].
    #[error("t is {0}, and has to be from 1 to {MAX_KDF_PASSES}")]
    Passes(u32),
    /// The number of lanes is not from 1 to [`MAX_KDF_LANES`].
    #[error("p is {0}, and has to be from 1 to {MAX_KDF_LANES}")]
    Lanes(u32),
}

/// Argon2id with its cost and its salt, as they stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kdf {
    pub(super) cost: KdfCost,
    pub(super) salt: [u8; 16],
}

impl Kdf {
    /// Returns the key of a passphrase.
    pub(super) fn key(&self, passphrase: &Passphrase) -> Result<Zeroizing<[u8; 32]>, UnlockError> {
        let KdfCost { m_kib, t, p } = self.cost;
        let out_of_memory = UnlockError::OutOfMemory { m_kib };
        let params = Params::new(m_kib, t, p, Some(32)).expect("the cost is within Argon2's bounds");
        // the memory is ours, so that it can be refused without ending the program, and erased
        let mut memory = Memory(Vec::new());
        memory.0.try_reserve_exact(params.block_count()).map_err(|_| out_of_memory)?;
        memory.0.resize(params.block_count(), Block::new());
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(passphrase.as_bytes(), &self.salt, key.as_mut(), &mut memory.0)
            .expect("lengths of passphrase, salt, key and memory are within Argon2's bounds");
        Ok(key)
    }
}

/// The memory of a derivation, from which the key could be computed. It is erased when dropped.
struct Memory(Vec<Block>);

impl Drop for Memory {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Block::zeroize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_bounded() {
        for (m_kib, t, p, expected) in [
            (7, 1, 1, KdfCostError::Memory(7)),
            (15, 1, 2, KdfCostError::Memory(15)),
            (0, 1, 1, KdfCostError::Memory(0)),
            (1_048_577, 1, 1, KdfCostError::Memory(1_048_577)),
            (u32::MAX, 1, 1, KdfCostError::Memory(u32::MAX)),
            (8, 0, 1, KdfCostError::Passes(0)),
            (8, 17, 1, KdfCostError::Passes(17)),
            (8, 1, 0, KdfCostError::Lanes(0)),
            (8, 1, 17, KdfCostError::Lanes(17)),
            (8, 1, u32::MAX, KdfCostError::Lanes(u32::MAX)),
        ] {
            assert_eq!(KdfCost::new(m_kib, t, p), Err(expected));
        }
        for (m_kib, t, p) in [(8, 1, 1), (128, 16, 16), (1_048_576, 1, 1)] {
            assert!(KdfCost::new(m_kib, t, p).is_ok());
        }
    }

    #[test]
    fn cost_and_salt_and_passphrase_make_the_key() {
        let key = |cost: KdfCost, salt, text| *Kdf { cost, salt }.key(&Passphrase::new(text).unwrap()).unwrap();
        let cost = |m_kib, t, p| KdfCost::new(m_kib, t, p).unwrap();
        let first = key(cost(16, 1, 1), [1; 16], "one");
        assert_eq!(first, key(cost(16, 1, 1), [1; 16], "one"));
        for other in [
            key(cost(17, 1, 1), [1; 16], "one"),
            key(cost(16, 2, 1), [1; 16], "one"),
            key(cost(16, 1, 2), [1; 16], "one"),
            key(cost(16, 1, 1), [2; 16], "one"),
            key(cost(16, 1, 1), [1; 16], "two"),
        ] {
            assert_ne!(first, other);
        }
    }
}
