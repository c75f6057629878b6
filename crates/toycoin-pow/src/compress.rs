//! The compression function of BLAKE3, as its specification defines it.

/// The initialisation vector: the first 32 bits of the fractional parts of the square roots of the first 8 primes, as
/// in BLAKE2s and SHA-256.
pub(crate) const IV: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// The flag of the first block of a chunk.
pub(crate) const CHUNK_START: u32 = 1;
/// The flag of the last block of a chunk.
pub(crate) const CHUNK_END: u32 = 2;
/// The flag of a chunk that is the whole input.
pub(crate) const ROOT: u32 = 8;

/// The message words of each round, in order of use: first and second of every column, then of every diagonal.
pub(crate) const SCHEDULE: [[usize; 16]; 7] = schedule();

const BLOCK_LEN: u32 = 64;

/// Compresses a full block of the first chunk and returns the new chaining value.
pub(crate) fn compress(chaining: &[u32; 8], message: &[u32; 16], flags: u32) -> [u32; 8] {
    let mut v = initial_state(chaining, flags);
    for words in &SCHEDULE {
        // looked up one by one: with a copy of the 16 words in order, some builds were a sixth slower
        let m = |place: usize| message[words[place]];
        mix(&mut v, 0, 4, 8, 12, m(0), m(1));
        mix(&mut v, 1, 5, 9, 13, m(2), m(3));
        mix(&mut v, 2, 6, 10, 14, m(4), m(5));
        mix(&mut v, 3, 7, 11, 15, m(6), m(7));
        mix(&mut v, 0, 5, 10, 15, m(8), m(9));
        mix(&mut v, 1, 6, 11, 12, m(10), m(11));
        mix(&mut v, 2, 7, 8, 13, m(12), m(13));
        mix(&mut v, 3, 4, 9, 14, m(14), m(15));
    }
    std::array::from_fn(|i| v[i] ^ v[i + 8])
}

/// Returns the state before the first round.
pub(crate) fn initial_state(chaining: &[u32; 8], flags: u32) -> [u32; 16] {
    let [a, b, c, d, e, f, g, h] = *chaining;
    [a, b, c, d, e, f, g, h, IV[0], IV[1], IV[2], IV[3], 0, 0, BLOCK_LEN, flags]
}

/// The quarter-round `G`: mixes two message words into a column or a diagonal.
#[inline(always)]
pub(crate) fn mix(v: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize, x: u32, y: u32) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(12);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(8);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(7);
}

/// Permutes the words of the first round repeatedly.
const fn schedule() -> [[usize; 16]; 7] {
    const PERMUTATION: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut schedule = [[0; 16]; 7];
    let mut place = 0;
    while place < 16 {
        let mut word = place;
        let mut round = 0;
        while round < 7 {
            schedule[round][place] = word;
            word = PERMUTATION[word];
            round += 1;
        }
        place += 1;
    }
    schedule
}

/// Parses little-endian words.
pub(crate) fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let mut words = [0; N];
    for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = chunk.try_into().map(u32::from_le_bytes).unwrap_or_default();
    }
    words
}
