//! What a light client keeps over a restart.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toycoin_core::{BlockHash, ChainParams, Header, Work};

use super::coins::Coins;

/// What a light client keeps over a restart: its proved headers, and what it found.
///
/// It is believed as it stands, since whoever can change it can change the program too. What is checked is that it
/// holds together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The network's genesis.
    pub genesis: BlockHash,
    /// The headers below the tip without a gap, the tip last.
    pub headers: Vec<Header>,
    /// The chain's work before the first of them.
    pub before: Work,
    /// All blocks up to this height are searched, and two servers gave the same filters of them.
    pub searched: u64,
    /// The owners and their coins.
    pub coins: Coins,
}

/// The reason why a saved state is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SavedError {
    /// It is of another network.
    #[error("the saved state is of another network")]
    OtherNetwork,
    /// Its headers or blocks do not follow one another.
    #[error("the saved state does not hold together")]
    Broken,
}

impl Saved {
    /// Checks that the headers are a chain of the network, and that what was searched lies below the tip.
    ///
    /// # Errors
    /// When it is of another network, or something is out of order.
    pub(super) fn check(&self, params: &ChainParams) -> Result<(), SavedError> {
        if self.genesis != params.genesis_hash() {
            return Err(SavedError::OtherNetwork);
        }
        let follows = |pair: &[Header]| match pair {
            [parent, child] => child.previous == parent.hash() && Some(child.height) == parent.height.checked_add(1),
            _ => true,
        };
        let has_targets = self.headers.iter().all(|header| header.bits.to_target().is_ok());
        let tip = self.headers.last().map(|header| header.height);
        let is_whole =
            has_targets && tip.is_some_and(|tip| self.searched <= tip) && self.headers.windows(2).all(follows);
        if is_whole { Ok(()) } else { Err(SavedError::Broken) }
    }
}
