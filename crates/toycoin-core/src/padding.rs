//! Width, fill and alignment for values that must not be cut.
//!
//! [`Formatter::pad`](fmt::Formatter::pad) is made for strings: it treats a precision as the greatest number of
//! characters. That would cut digits off an amount or a hash, and the rest would look like another value.

use std::fmt::{self, Alignment, Formatter, Write as _};

/// Writes a text with the requested width, fill and alignment, left-aligned by default. A precision is ignored.
///
/// # Errors
/// An error of the formatter.
pub fn pad_whole(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    pad_around(f, text.chars().count(), |f| f.write_str(text))
}

/// Pads something of that many characters as [`pad_whole`] pads a text.
pub(crate) fn pad_around(
    f: &mut Formatter<'_>,
    characters: usize,
    write: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    let missing = f.width().unwrap_or(0).saturating_sub(characters);
    let before = match f.align() {
        Some(Alignment::Right) => missing,
        Some(Alignment::Center) => missing / 2,
        Some(Alignment::Left) | None => 0,
    };
    let fill = f.fill();
    (0..before).try_for_each(|_| f.write_char(fill))?;
    write(f)?;
    (before..missing).try_for_each(|_| f.write_char(fill))
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use crate::{
        AddressPrefix, Amount, BlockHash, CompactTarget, FeeRate, HumanDuration, OutPoint, PublicKey, Rule, Signature,
        Target, Txid, Work, address::Address, hex::Hex,
    };

    #[test]
    fn width_fill_and_alignment_hold_and_no_digit_is_cut() {
        let key = PublicKey::from_bytes([0xab; 32]);
        let shown: [&dyn Display; 15] = [
            &Amount::from_grains(5_100_000_012),
            &Amount::ZERO,
            &FeeRate::grains_per_byte(12),
            &Address::new(AddressPrefix::LAB, key),
            &Rule::HeaderVersion,
            &BlockHash::from_bytes([7; 32]),
            &Txid::ZERO,
            &OutPoint { txid: Txid::ZERO, vout: 12 },
            &key,
            &Signature::from_bytes([1; 64]),
            &Hex(&[0xab, 0xcd]),
            &Target::MAX,
            &CompactTarget::from_bits(0x1e01_0000),
            &Work::from_be_bytes([1; 32]),
            &HumanDuration::from_ms(252_000),
        ];
        for value in shown {
            let text = value.to_string();
            let width = text.len() + 5;
            assert_eq!(format!("{value:>width$}"), format!("     {text}"));
            assert_eq!(format!("{value:<width$}"), format!("{text}     "));
            assert_eq!(format!("{value:*^width$}"), format!("**{text}***"));
            assert_eq!(format!("{value:3}"), text, "wider than it was to be");
        }
        // only an amount has decimals
        for value in &shown[2..] {
            let text = value.to_string();
            assert_eq!(format!("{value:.2}"), text);
            assert_eq!(format!("{value:>200.0}").trim_start(), text);
        }
    }
}
