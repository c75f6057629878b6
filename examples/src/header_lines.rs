//! A block header, field by field.

use toycoin_core::{BlockHash, Header};

use crate::{block_row::bits_of, clock};

/// Returns a line for each field of a header but the height, which names the block, and for its hash.
pub fn header_lines(header: &Header, hash: &BlockHash) -> Vec<String> {
    vec![
        format!("hash         {hash}"),
        format!("previous     {}", header.previous),
        format!("merkle root  {}", header.merkle_root),
        format!("state root   {}", header.state_root),
        format!("time         {} ms since 1970{}", header.time, ago(header.time)),
        format!("target       {}, {:.1} bits of work", header.bits, bits_of(header)),
        format!("nonce        {}", header.nonce),
    ]
}

/// Returns how long ago a time was, in Unix milliseconds, with a comma before it; nothing about a time to come.
pub fn ago(time: u64) -> String {
    clock::ago(time, clock::now_ms()).map(|ago| format!(", {ago}")).unwrap_or_default()
}
