//! Who plays in the stories.

use std::fmt;

use serde::Serialize;
use toycoin_core::{PublicKey, test_util::classroom};

/// A person who owns coins. Each has one of the classroom keys, whose secrets are public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Person {
    /// Key 0.
    Alice,
    /// Key 1.
    Bob,
    /// Key 2, who mines the blocks before the story begins.
    Carol,
    /// Key 3, who mines the block of the story.
    Mallory,
}

impl Person {
    /// All persons, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::Alice, Self::Bob, Self::Carol, Self::Mallory];

    /// Returns the person's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alice => "Alice",
            Self::Bob => "Bob",
            Self::Carol => "Carol",
            Self::Mallory => "Mallory",
        }
    }

    /// Returns the index of the person's classroom key.
    pub const fn key(self) -> u32 {
        self as u32
    }

    /// Returns the owner that the person signs for.
    pub fn owner(self) -> PublicKey {
        classroom::owner(self.key())
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Who loses in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Victim {
    /// One person.
    Person(Person),
    /// Everybody who owns money: each coin is worth less when there are more.
    Savers,
    /// Everybody who runs a node, and so stores and judges blocks.
    Network,
    /// Everybody who has headers only: light wallets, and nodes that begin with a snapshot.
    LightClients,
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Person(person) => person.name(),
            Self::Savers => "everybody who owns money",
            Self::Network => "everybody who runs a node",
            Self::LightClients => "everybody who has headers only",
        })
    }
}
