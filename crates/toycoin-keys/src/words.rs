//! Words: the backup of a wallet that fits on paper (BIP-39, in English).
//!
//! Random bytes, the entropy, are cut into numbers of 11 bits. Each number is a word of a list of 2,048. The last word
//! also holds a checksum: 4 bits for 12 words, 8 bits for 24.

use std::{fmt, str::FromStr};

use bip39::{Language, Mnemonic};
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{entropy::Entropy, extra_word::ExtraWord, limits::MAX_WORDS_TEXT, nearest::nearest, seed::Seed};

/// 12 or 24 words, from which all keys of a wallet follow. They are erased from memory when dropped, and never shown
/// unless [`iter`](Self::iter) asks for them.
///
/// ```
/// use toycoin_keys::Words;
///
/// let words = Words::from_entropy(&[0; 16]).expect("16 bytes");
/// assert_eq!(words.iter().next(), Some("abandon"));
///
/// let error = "abandno ".repeat(12).parse::<Words>().unwrap_err();
/// assert_eq!(error.to_string(), "word 1 is not in the English list of BIP-39; did you mean \"abandon\"?");
/// ```
pub struct Words {
    mnemonic: Mnemonic,
}

impl Words {
    /// Makes words from 16 bytes (12 words) or 32 bytes (24 words).
    ///
    /// Whoever can guess the bytes owns the coins. Draw them from the random generator of the operating system.
    ///
    /// # Errors
    /// When there are not 16 or 32 bytes.
    pub fn from_entropy(entropy: &[u8]) -> Result<Self, WordsError> {
        match entropy.len() {
            16 | 32 => Mnemonic::from_entropy_in(Language::English, entropy)
                .map(|mnemonic| Self { mnemonic })
                .map_err(|_| WordsError::EntropyLength(entropy.len())),
            other => Err(WordsError::EntropyLength(other)),
        }
    }

    /// Returns how many words these are: 12 or 24.
    pub fn count(&self) -> usize {
        self.mnemonic.word_count()
    }

    /// Returns the words in their order, for the owner alone.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.mnemonic.words()
    }

    /// Returns the bytes from which the words were made, 16 or 32.
    pub fn entropy(&self) -> Entropy {
        let (mut bytes, length) = self.mnemonic.to_entropy_array();
        let entropy = Entropy::new(bytes.get(..length).unwrap_or_default());
        bytes.zeroize();
        entropy
    }

    /// Returns the seed of the words and an extra word: PBKDF2 with 2,048 rounds of HMAC-SHA512 (BIP-39).
    ///
    /// Each extra word gives a valid seed, and another wallet. Nothing tells a wrong one.
    pub fn seed(&self, extra_word: &ExtraWord) -> Seed {
        let mut bytes = self.mnemonic.to_seed_normalized(extra_word.as_str());
        let seed = Seed::from_bytes(bytes);
        bytes.zeroize();
        seed
    }
}

impl FromStr for Words {
    type Err = WordsError;

    /// Parses words in any case, with any white space between them.
    fn from_str(text: &str) -> Result<Self, WordsError> {
        if text.len() > MAX_WORDS_TEXT {
            return Err(WordsError::TooLong);
        }
        let found = text.split_whitespace().count();
        if ![12, 24].contains(&found) {
            return Err(WordsError::Count(found));
        }
        // as long as it can become, since a string that grows leaves copies behind
        let mut normal = Zeroizing::new(String::with_capacity(text.len() + 1));
        for word in text.split_whitespace() {
            if !normal.is_empty() {
                normal.push(' ');
            }
            normal.extend(word.chars().map(|character| character.to_ascii_lowercase()));
        }
        for (position, word) in (1..).zip(normal.split(' ')) {
            if Language::English.find_word(word).is_none() {
                return Err(WordsError::Unknown { position, nearest: nearest(word) });
            }
        }
        let mnemonic = Mnemonic::parse_in_normalized(Language::English, &normal).map_err(|_| WordsError::Checksum)?;
        Ok(Self { mnemonic })
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} words, not shown)", self.count())
    }
}

/// The reason why something is not the words of a wallet.
///
/// The message for an unknown word names a word that may have been meant. Show it to the person who typed the words,
/// and write it to no log. [`Debug`](fmt::Debug) leaves it out.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WordsError {
    /// Words are made from 16 or 32 bytes, not from this many.
    #[error("words are made from 16 or 32 bytes, not from {0}")]
    EntropyLength(usize),
    /// The text is longer than [`MAX_WORDS_TEXT`].
    #[error("this text is longer than 24 words can be")]
    TooLong,
    /// There are not 12 or 24 words.
    #[error("a wallet has 12 or 24 words, these are {0}")]
    Count(usize),
    /// A word is not in the list.
    #[error("word {position} is not in the English list of BIP-39{}", meant(*.nearest))]
    Unknown {
        /// Which word it is, from 1.
        position: usize,
        /// The word of the list that looks most like it, if one does.
        nearest: Option<&'static str>,
    },
    /// Each word is in the list, and the checksum in the last one does not match.
    #[error("the checksum does not match: one of the words, or their order, is not as it was written down")]
    Checksum,
}

fn meant(nearest: Option<&'static str>) -> String {
    nearest.map(|word| format!("; did you mean \"{word}\"?")).unwrap_or_default()
}

impl fmt::Debug for WordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntropyLength(bytes) => write!(f, "EntropyLength({bytes})"),
            Self::TooLong => f.write_str("TooLong"),
            Self::Count(found) => write!(f, "Count({found})"),
            Self::Unknown { position, .. } => write!(f, "Unknown {{ position: {position}, .. }}"),
            Self::Checksum => f.write_str("Checksum"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZEROS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    #[test]
    fn words_and_entropy_lead_to_each_other() {
        for entropy in [vec![0; 16], vec![0x7f; 32], (0..32).collect()] {
            let words = Words::from_entropy(&entropy).unwrap();
            assert_eq!(words.count(), entropy.len() * 3 / 4);
            assert_eq!(words.entropy().as_bytes(), entropy);
            let text = words.iter().collect::<Vec<_>>().join(" \n\t");
            assert_eq!(text.to_uppercase().parse::<Words>().unwrap().entropy().as_bytes(), entropy);
        }
    }

    #[test]
    fn other_numbers_of_words_are_refused() {
        for bytes in [0, 15, 17, 20, 24, 28, 33, 64] {
            assert_eq!(Words::from_entropy(&vec![1; bytes]).unwrap_err(), WordsError::EntropyLength(bytes));
        }
        assert_eq!("".parse::<Words>().unwrap_err(), WordsError::Count(0));
        // 15 words are right by BIP-39, and not among what we make
        let fifteen = "abandon ".repeat(14) + "address";
        assert_eq!(fifteen.parse::<Words>().unwrap_err(), WordsError::Count(15));
        assert_eq!("a ".repeat(600).parse::<Words>().unwrap_err(), WordsError::TooLong);
    }

    #[test]
    fn an_unknown_word_is_told_with_its_nearest() {
        let error = ZEROS.replacen("abandon", "abandno", 1).parse::<Words>().unwrap_err();
        assert_eq!(error, WordsError::Unknown { position: 1, nearest: Some("abandon") });
        let message = error.to_string();
        assert_eq!(message, "word 1 is not in the English list of BIP-39; did you mean \"abandon\"?");
        // what was typed may be a passphrase in the wrong place
        let error = ZEROS.replace("about", "hunter2-hunter2").parse::<Words>().unwrap_err();
        assert_eq!(error, WordsError::Unknown { position: 12, nearest: None });
        assert_eq!(error.to_string(), "word 12 is not in the English list of BIP-39");
    }

    #[test]
    fn a_wrong_order_fails_the_checksum() {
        let error = ZEROS.replace("abandon about", "about abandon").parse::<Words>().unwrap_err();
        assert_eq!(error, WordsError::Checksum);
    }

    #[test]
    fn neither_words_nor_hints_are_shown() {
        let words: Words = ZEROS.parse().unwrap();
        assert_eq!(format!("{words:?}"), "Words(12 words, not shown)");
        assert_eq!(format!("{:?}", words.entropy()), "Entropy(16 bytes, not shown)");
        let error = ZEROS.replacen("abandon", "abandno", 1).parse::<Words>().unwrap_err();
        assert_eq!(format!("{error:?}"), "Unknown { position: 1, .. }");
    }
}
