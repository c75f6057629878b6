//! All limits of this crate: files come from disks and from strangers, and nothing is allocated beyond these.

/// Most bytes of a key file: 4 KiB. A file that this crate writes has about 600.
pub const MAX_KEY_FILE: usize = 4 << 10;

/// Most bytes of a passphrase or of an extra word, before and after normalization: 1 KiB.
pub const MAX_PASSPHRASE: usize = 1 << 10;

/// Most bytes of a text that is read as words: 1 KiB. 24 of the longest words with blanks have 215.
pub const MAX_WORDS_TEXT: usize = 1 << 10;

/// Most characters of a network's name, as in `ChainParams`.
pub const MAX_NETWORK_NAME: usize = 32;

/// Most memory that a key file may ask for, in KiB: 1 GiB.
pub const MAX_KDF_MEMORY_KIB: u32 = 1 << 20;

/// Least memory of Argon2 per lane, in KiB (RFC 9106, section 3.1).
pub const MIN_KDF_MEMORY_KIB: u32 = 8;

/// Most passes over the memory that a key file may ask for.
pub const MAX_KDF_PASSES: u32 = 16;

/// Most lanes that a key file may ask for.
pub const MAX_KDF_LANES: u32 = 16;

/// Greatest index of a key in its branch and greatest number of an account: 2^31 - 1, the last one of BIP-32.
pub const MAX_INDEX: u32 = (1 << 31) - 1;

/// Number of unused places in a row after which a scan stops, as in BIP-44.
pub const GAP_LIMIT: u32 = 20;

/// Most places per branch, above the last used one, that a hint in a file adds to a scan.
pub const MAX_HINTED_PLACES: u32 = 10_000;

/// Most bytes of a file with labels: 16 MiB.
pub const MAX_LABEL_FILE: usize = 16 << 20;

/// Most bytes of one line of such a file: 16 KiB.
pub const MAX_LABEL_LINE: usize = 16 << 10;

/// Most labels that are kept.
pub const MAX_LABELS: usize = 100_000;

/// Most characters of a label that is set here: what BIP-329 expects every wallet to keep. Longer ones are read.
pub const MAX_LABEL_CHARS: usize = 255;
