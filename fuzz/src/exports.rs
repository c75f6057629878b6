//! The lines of an export.

use toycoin_core::export::{BlockLine, read_block};

/// Throws a line at the reader of exports: what is read is shown again byte for byte, and agrees with itself.
pub fn exports(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    if let Ok(block) = read_block(line) {
        assert_eq!(BlockLine(&block).to_string(), line);
        assert_eq!(block.merkle_root(), block.header.merkle_root);
    }
}
