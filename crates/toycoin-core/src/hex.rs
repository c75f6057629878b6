//! Lower-case hexadecimal for digests and the export.

use std::fmt;

use crate::padding::pad_around;

/// Shows bytes as lower-case hex.
#[derive(Clone, Copy)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pad_around(f, 2 * self.0.len(), |f| self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}")))
    }
}

impl fmt::Debug for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Parses exactly `N` bytes of hex in either case; `None` for anything else.
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        let digit = |ascii: u8| char::from(ascii).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_shows_and_nothing_else() {
        assert_eq!(Hex(&[0, 0xab, 255]).to_string(), "00abff");
        assert_eq!(decode("00ABff"), Some([0, 0xab, 255]));
        for text in ["00abf", "00abfg", "00abff00", "+0abff", "00\u{e9}ff"] {
            assert_eq!(decode::<3>(text), None, "{text}");
        }
    }
}
