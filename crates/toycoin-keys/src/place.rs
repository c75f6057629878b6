//! Places: where in an account a key is.

use std::fmt;

use crate::limits::MAX_INDEX;

/// One of the two rows of keys in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Branch {
    /// Keys whose addresses are given to payers: number 0 in a path.
    Receive,
    /// Keys that change is paid to: number 1 in a path.
    Change,
}

impl Branch {
    /// Both branches, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Receive, Self::Change];

    /// Returns the number in a path.
    pub const fn number(self) -> u32 {
        match self {
            Self::Receive => 0,
            Self::Change => 1,
        }
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Receive => "receive",
            Self::Change => "change",
        })
    }
}

/// The end of a path `m/86'/1'/account'/branch/index`. Shown as `0/7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    branch: Branch,
    index: u32,
}

impl Place {
    /// Returns a place; `None` if the index is above [`MAX_INDEX`].
    pub const fn new(branch: Branch, index: u32) -> Option<Self> {
        if index <= MAX_INDEX { Some(Self { branch, index }) } else { None }
    }

    /// Returns the branch.
    pub const fn branch(self) -> Branch {
        self.branch
    }

    /// Returns the index in the branch, from 0.
    pub const fn index(self) -> u32 {
        self.index
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.branch.number(), self.index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_end_where_hardened_ones_begin() {
        let last = Place::new(Branch::Change, 0x7fff_ffff).unwrap();
        assert_eq!(last.to_string(), "1/2147483647");
        assert_eq!(Place::new(Branch::Receive, 0x8000_0000), None);
    }
}
