//! What a question is about.

use std::time::Duration;

use toycoin_wire::Tag;

use crate::limits;

/// What a question is about. A server has at most one question of each kind at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Headers above our tip, or a proof of another tip.
    Tip,
    Filters,
    Blocks,
    Ancestors,
    /// A receipt, or the proof that goes with it.
    Receipt,
    /// The manifest of a snapshot.
    Manifest,
    /// Chunks of a snapshot, several at a time.
    Chunks,
}

impl Kind {
    /// Returns what a question with a tag may be about.
    pub(super) const fn of(question: Tag) -> &'static [Self] {
        match question {
            Tag::GHDR => &[Self::Tip],
            Tag::GPRF => &[Self::Tip, Self::Receipt],
            Tag::GFIL => &[Self::Filters],
            Tag::GBLK => &[Self::Blocks],
            Tag::GANC => &[Self::Ancestors, Self::Receipt],
            Tag::GTXP => &[Self::Receipt],
            Tag::GSNP => &[Self::Manifest],
            Tag::GCHK => &[Self::Chunks],
            _ => &[],
        }
    }

    /// Returns the kind whose answers could be taken for those of this one: a proof does not say for what it was asked.
    pub(super) const fn like(self) -> Self {
        match self {
            Self::Tip => Self::Receipt,
            Self::Receipt => Self::Tip,
            other => other,
        }
    }

    /// Returns whether an answer says which question it answers. A late one is then no danger.
    pub(super) const fn is_told_apart(self) -> bool {
        !matches!(self, Self::Tip | Self::Receipt | Self::Filters)
    }

    /// Returns the longest time that an answer may take.
    pub(super) const fn patience(self) -> Duration {
        match self {
            Self::Chunks => limits::CHUNK_PATIENCE,
            _ => limits::PATIENCE,
        }
    }
}
