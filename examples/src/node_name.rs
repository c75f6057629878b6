//! The short name of a node, which is the same in its blocks, for its relay and in the lines of other programs.

use std::{
    fmt::{self, Display, Formatter},
    str::FromStr,
};

use toycoin_core::PublicKey;

/// Most characters of a name.
const MAX_CHARACTERS: usize = 24;

/// Digits of the payout in the name of a node that was given none.
const DIGITS: usize = 6;

/// A node's name: 1 to 24 visible characters, without `#`, which separates a miner's text from its mark.
///
/// Tables show its first 7 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeName(String);

impl NodeName {
    /// Returns the name of a node that was given none.
    pub fn of(payout: &PublicKey) -> Self {
        Self(payout.to_string().chars().take(DIGITS).collect())
    }
}

impl FromStr for NodeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_visible = |c: char| !c.is_control() && c != '#';
        let count = text.chars().count();
        if (1..=MAX_CHARACTERS).contains(&count) && text.trim() == text && text.chars().all(is_visible) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("a name has 1 to {MAX_CHARACTERS} characters, such as \"node 1\", and no #"))
        }
    }
}

impl Display for NodeName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_visible() {
        for good in ["node 1", "Zoë", "x", &"é".repeat(MAX_CHARACTERS)] {
            let name: NodeName = good.parse().unwrap();
            assert_eq!(name.to_string(), good);
            // the node's text in a coinbase has 55 bytes, of which a mark takes 9; an agent has 64
            assert!(good.len() <= 55);
        }
        for bad in ["", " ", " x", "x ", "a#b", "a\nb", "\u{1b}[2J", &"x".repeat(MAX_CHARACTERS + 1)] {
            assert!(bad.parse::<NodeName>().is_err(), "{bad:?}");
        }
    }
}
