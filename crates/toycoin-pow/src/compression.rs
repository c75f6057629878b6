//! BLAKE3's compression function, one at a time: the obvious form that every kernel is measured by.
//!
//! A compression mixes 16 message words into a chaining value of 8 words. The state is 4 x 4 words; each of the 7 rounds
//! mixes its columns, then its diagonals, and takes each message word once, in an order that is permuted from round to
//! round:
//!
//! ```text
//!         cv0  cv1  cv2  cv3         columns     0 4 8 12    1 5 9 13    2 6 10 14    3 7 11 15
//!         cv4  cv5  cv6  cv7         diagonals   0 5 10 15   1 6 11 12   2 7 8 13     3 4 9 14
//!         IV0  IV1  IV2  IV3
//!         ctr  ctr  len  flags       output word i, of 8:  v[i] ^ v[i + 8]
//! ```
//!
//! After section 2 of the BLAKE3 paper. A header is one chunk of two blocks, so the counter is always 0.

use toycoin_core::Header;

/// Words of a chaining value, and of a hash.
pub(crate) type ChainingValue = [u32; 8];

/// Words of a message block.
pub(crate) type Block = [u32; 16];

/// Words of the state between rounds.
pub(crate) type State = [u32; 16];

/// BLAKE3's initial chaining value, the first words of which also stand in each compression's state.
pub(crate) const IV: ChainingValue = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
];

/// The message word that each place of a round takes: the first and second of each column, then of each diagonal.
pub(crate) const SCHEDULE: [[usize; 16]; 7] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8],
    [3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1],
    [10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6],
    [12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4],
    [9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7],
    [11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13],
];
