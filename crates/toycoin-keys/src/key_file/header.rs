//! What every key file says in clear.

use super::error::KeyFileError;
use crate::{
    limits::{MAX_INDEX, MAX_NETWORK_NAME},
    next_places::NextPlaces,
};

/// Network, birthday and the hint of the next places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) network: String,
    /// Height from which the chain is scanned.
    pub(super) birthday: u64,
    pub(super) next: NextPlaces,
}

impl Header {
    /// Checks the network's name and the hint.
    pub(super) fn new(network: String, birthday: u64, next: NextPlaces) -> Result<Self, KeyFileError> {
        let is_fine = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if network.is_empty() || network.len() > MAX_NETWORK_NAME || !network.bytes().all(is_fine) {
            return Err(KeyFileError::NetworkName);
        }
        if next.receive.max(next.change) > MAX_INDEX {
            return Err(KeyFileError::Next);
        }
        Ok(Self { network, birthday, next })
    }
}
