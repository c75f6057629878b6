//! What a request's path and query name.

use std::str::FromStr;

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::{StatusCode, request::Parts},
};
use serde::{Deserialize, de::DeserializeOwned};
use toycoin_core::{Address, BlockHash, ChainParams, PublicKey, Txid};
use toycoin_wire::{NodeMessage, limits::TAG_SIZE};
use utoipa::IntoParams;

use crate::problem::Problem;

/// The variable parts of a path, whose errors are problems.
#[derive(Debug)]
pub(crate) struct Segments<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Segments<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments)).map_err(|_| Problem::bad("the path is not UTF-8"))
    }
}

/// The query of a route that answers from one node's viewpoint.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Viewpoint {
    /// The node that is asked; 0 if it is absent.
    pub(crate) node: Option<usize>,
}

impl<S: Send + Sync> FromRequestParts<S> for Viewpoint {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(viewpoint)| viewpoint).map_err(|_| Problem::bad("a node is named as ?node=N, from 0 on"))
    }
}

/// Reads a block's hash.
///
/// # Errors
/// When it is anything else than 64 lower-case hex digits.
pub(crate) fn block_hash(text: &str) -> Result<BlockHash, Problem> {
    hex_digits(text, "a block's hash")
}

/// Reads a transaction's id.
///
/// # Errors
/// As [`block_hash`].
pub(crate) fn txid(text: &str) -> Result<Txid, Problem> {
    hex_digits(text, "a transaction's id")
}

fn hex_digits<T: FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parsed = text.parse().ok().filter(|_| is_hex);
    parsed.ok_or_else(|| Problem::bad(format!("{what} is written as 64 lower-case hex digits")))
}

/// Reads a number.
///
/// # Errors
/// When it is anything else than decimal digits, or too large.
pub(crate) fn number<T: FromStr>(text: &str, what: &str) -> Result<T, Problem> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let parsed = text.parse().ok().filter(|_| is_digits);
    parsed.ok_or_else(|| Problem::bad(format!("{what} is written as decimal digits, from 0 on")))
}

/// Reads an address of this network.
///
/// # Errors
/// When it is none, or one of another network.
pub(crate) fn owner(text: &str, params: &ChainParams) -> Result<PublicKey, Problem> {
    let address: Result<Address, _> = text.parse();
    let address = address.and_then(|address| address.require(params.spec().address_prefix));
    address.map(|address| address.owner()).map_err(|error| Problem::bad(error.to_string()))
}

/// The media type of raw bytes.
pub(crate) const BYTES: &str = "application/octet-stream";

/// Returns the body of a message of the wire protocol: its payload without the tag.
///
/// # Errors
/// When it is larger than a message may be, which no block or payment of a chain is.
pub(crate) fn body(message: &NodeMessage) -> Result<Vec<u8>, Problem> {
    let encoded = message.encode();
    let mut bytes = encoded.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(bytes.split_off(TAG_SIZE.min(bytes.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_64_lower_case_digits_and_nothing_else() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(block_hash(&hex).unwrap().to_string(), hex);
        for text in [&hex[1..], &hex.to_uppercase(), &format!("{hex}0"), "", &"0g".repeat(32), &"é".repeat(32)] {
            assert!(txid(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_have_no_sign_and_fit() {
        assert_eq!(number::<u64>("07", "a height").unwrap(), 7);
        for text in ["", "-1", "+1", "1.0", "18446744073709551616", "0x1"] {
            assert!(number::<u64>(text, "a height").is_err(), "{text}");
        }
    }
}
