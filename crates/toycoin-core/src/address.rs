//! Addresses: bech32m over an owner's 32 bytes, with a prefix that names the network.
//!
//! Unlike a Bitcoin address, there is no version word: the 32 bytes are regrouped into 52 words of 5 bits.

use std::{fmt, str::FromStr};

use bech32::{Bech32m, Hrp, primitives::decode::CheckedHrpstring};
use thiserror::Error;

use crate::{keys::PublicKey, padding::pad_whole};

/// The text before the `1` in a network's addresses: 1 to 10 lower-case letters.
///
/// ```
/// use toycoin_core::{Address, AddressPrefix, SecretKey};
///
/// let school = AddressPrefix::new("tschool").expect("lower-case letters");
/// let alice = Address::new(school, SecretKey::classroom(0).public_key());
/// assert!(alice.to_string().starts_with("tschool1"));
/// assert_eq!(alice.to_string().parse(), Ok(alice));
/// assert_eq!(AddressPrefix::new("Class 7b"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressPrefix {
    letters: [u8; Self::MAX_LENGTH],
    length: u8,
}

impl AddressPrefix {
    /// Greatest length of a prefix, in letters.
    pub const MAX_LENGTH: usize = 10;

    /// The prefix `toy` of the network `reference`.
    pub const REFERENCE: Self = Self::known("toy");
    /// The prefix `tlab` of the network `lab`.
    pub const LAB: Self = Self::known("tlab");
    /// The prefix `treg` of the network `regtest`.
    pub const REGTEST: Self = Self::known("treg");

    /// Makes the prefix of one's own network; `None` unless `text` is 1 to 10 lower-case letters.
    #[expect(clippy::indexing_slicing, reason = "within the length that was checked, where no iterator is to be had")]
    pub const fn new(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.is_empty() || bytes.len() > Self::MAX_LENGTH {
            return None;
        }
        let (mut letters, mut at, mut length) = ([0; Self::MAX_LENGTH], 0, 0);
        while at < bytes.len() {
            if !bytes[at].is_ascii_lowercase() {
                return None;
            }
            letters[at] = bytes[at];
            at += 1;
            length += 1;
        }
        Some(Self { letters, length })
    }

    const fn known(text: &str) -> Self {
        match Self::new(text) {
            Some(prefix) => prefix,
            None => panic!("lower-case letters"),
        }
    }

    /// Returns the text before the `1`.
    pub fn as_str(&self) -> &str {
        let letters = self.letters.get(..usize::from(self.length)).unwrap_or_default();
        str::from_utf8(letters).unwrap_or_default()
    }
}

impl fmt::Display for AddressPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AddressPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddressPrefix({self})")
    }
}

/// An address: the owner to pay, and the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    prefix: AddressPrefix,
    owner: PublicKey,
}

impl Address {
    /// Returns the owner's address on a network.
    pub const fn new(prefix: AddressPrefix, owner: PublicKey) -> Self {
        Self { prefix, owner }
    }

    /// Returns the prefix of the address's network.
    pub const fn prefix(&self) -> AddressPrefix {
        self.prefix
    }

    /// Returns the owner, as a payment's output names it.
    pub const fn owner(&self) -> PublicKey {
        self.owner
    }

    /// Returns the address if it is for the network with that prefix.
    ///
    /// # Errors
    /// When the address is for another network.
    pub fn require(self, prefix: AddressPrefix) -> Result<Self, AddressError> {
        if self.prefix == prefix {
            return Ok(self);
        }
        Err(AddressError::OtherNetwork { expected: prefix, found: self.prefix })
    }
}

/// The reason why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AddressError {
    /// The text has wrong characters, mixed case, or a checksum that does not match.
    #[error("not an address: a character or the checksum is wrong; copy it whole, such as tlab1...")]
    Malformed,
    /// The prefix cannot belong to any network.
    #[error("an address begins with 1 to 10 letters and a 1, such as toy1 or tlab1, not with {0}1")]
    BadPrefix(String),
    /// The prefix belongs to another network than expected.
    #[error("the address is for the network of {found}1, this one uses {expected}1")]
    OtherNetwork {
        /// The prefix of the expected network.
        expected: AddressPrefix,
        /// The prefix in the address.
        found: AddressPrefix,
    },
    /// The address does not have exactly 52 words, or its 4 padding bits are not zero.
    #[error("an address holds 32 bytes and no more")]
    WrongLength,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = Hrp::parse(self.prefix.as_str()).map_err(|_| fmt::Error)?;
        let text = bech32::encode::<Bech32m>(prefix, self.owner.as_bytes()).map_err(|_| fmt::Error)?;
        pad_whole(f, &text)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let checked = CheckedHrpstring::new::<Bech32m>(text).map_err(|_| AddressError::Malformed)?;
        let name = checked.hrp().to_lowercase();
        let prefix = AddressPrefix::new(&name).ok_or(AddressError::BadPrefix(name))?;
        // 52 words carry 260 bits: the last 4 are padding and must be zero
        let words = checked.data_part_ascii_no_checksum().len();
        if words != 52 || checked.validate_segwit_padding().is_err() {
            return Err(AddressError::WrongLength);
        }
        let mut bytes = checked.byte_iter();
        let mut owner = [0; 32];
        for byte in &mut owner {
            *byte = bytes.next().ok_or(AddressError::WrongLength)?;
        }
        Ok(Self { prefix, owner: PublicKey::from_bytes(owner) })
    }
}

#[cfg(test)]
mod tests {
    use bech32::{Bech32, Fe32, primitives::iter::Fe32IterExt};

    use super::*;
    use crate::keys::SecretKey;

    fn classroom() -> Address {
        Address::new(AddressPrefix::LAB, SecretKey::classroom(0).public_key())
    }

    #[test]
    fn the_first_classroom_address_is_as_published() {
        let text = "tlab1sdmp26tdpj0p5luntjh2zht837uazhylh6a6sc05j73plzdffw5q4qu9qw";
        assert_eq!(classroom().to_string(), text);
        assert_eq!(text.parse(), Ok(classroom()));
        assert_eq!(text.to_uppercase().parse(), Ok(classroom()), "one case throughout, upper too");
    }

    #[test]
    fn refuses_every_single_wrong_character() {
        let text = classroom().to_string();
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'q' { b'p' } else { b'q' };
            assert!(String::from_utf8(bytes).unwrap().parse::<Address>().is_err(), "place {at}");
        }
    }

    #[test]
    fn upper_case_is_the_same_address() {
        // QR codes hold letters in upper case with the fewest bits
        for prefix in [AddressPrefix::REFERENCE, AddressPrefix::LAB, AddressPrefix::REGTEST] {
            for index in 0..8 {
                let address = Address::new(prefix, SecretKey::classroom(index).public_key());
                let upper = address.to_string().to_uppercase();
                assert_eq!(upper.parse(), Ok(address), "{upper}");
                assert!(!upper.bytes().any(|byte| byte.is_ascii_lowercase()));
            }
        }
    }

    #[test]
    fn refuses_mixed_case() {
        let lower = classroom().to_string();
        let upper = lower.to_uppercase();
        for (text, other) in [(&lower, &upper), (&upper, &lower)] {
            for (place, letter) in other.char_indices().filter(|(_, letter)| letter.is_ascii_alphabetic()) {
                let mut mixed = text.clone();
                mixed.replace_range(place..=place, letter.encode_utf8(&mut [0; 4]));
                assert_eq!(mixed.parse::<Address>(), Err(AddressError::Malformed), "{mixed}");
            }
        }
    }

    #[test]
    fn refuses_the_old_bech32_constant() {
        let text = bech32::encode::<Bech32>(Hrp::parse("tlab").unwrap(), &[7; 32]).unwrap();
        assert!(matches!(text.parse::<Address>(), Err(AddressError::Malformed)));
    }

    #[test]
    fn refuses_another_prefix_and_another_network() {
        let text = bech32::encode::<Bech32m>(Hrp::parse("bc").unwrap(), &[7; 33]).unwrap();
        assert_eq!(text.parse::<Address>(), Err(AddressError::WrongLength), "of another coin");
        assert!(matches!(
            classroom().require(AddressPrefix::REGTEST),
            Err(AddressError::OtherNetwork { expected: AddressPrefix::REGTEST, found: AddressPrefix::LAB })
        ));
        for text in ["", "a1", "x-y", "toolongaprefix", "Toy"] {
            assert_eq!(AddressPrefix::new(text), None, "{text}");
        }
        let text = bech32::encode::<Bech32m>(Hrp::parse("toolongaprefix").unwrap(), &[7; 32]).unwrap();
        assert_eq!(text.parse::<Address>(), Err(AddressError::BadPrefix("toolongaprefix".into())));
    }

    #[test]
    fn refuses_another_length_and_bits_in_the_padding() {
        for length in [0, 20, 31, 33] {
            let text = bech32::encode::<Bech32m>(Hrp::parse("toy").unwrap(), &vec![7; length]).unwrap();
            assert_eq!(text.parse::<Address>(), Err(AddressError::WrongLength), "{length} bytes");
        }
        let hrp = Hrp::parse("toy").unwrap();
        for (last, fine) in [(0b10000, true), (0b10001, false), (0b01000, false)] {
            let words = std::iter::repeat_n(Fe32::Q, 51).chain([Fe32::try_from(last).unwrap()]);
            let text: String = words.with_checksum::<Bech32m>(&hrp).chars().collect();
            assert_eq!(text.parse::<Address>().is_ok(), fine, "last word {last:05b}");
        }
    }
}
