//! Tokens: what a request must know to change the network, or to read from another machine.

use std::{fmt, hint, io};

use toycoin_core::hex::Hex;

/// A secret of 128 random bits, in lower-case hex.
pub(crate) struct Token(String);

impl Token {
    /// Returns a new token.
    ///
    /// # Errors
    /// When the system provides no randomness.
    pub(crate) fn random() -> io::Result<Self> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(io::Error::other)?;
        Ok(Self(Hex(&secret).to_string()))
    }

    /// Returns the token as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares in a time that depends on the length alone, so that nobody can guess one digit after the other.
    pub(crate) fn matches(&self, given: &str) -> bool {
        let difference = self.0.bytes().zip(given.bytes()).fold(0, |sum, (ours, theirs)| sum | (ours ^ theirs));
        given.len() == self.0.len() && hint::black_box(difference) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // a token must not reach a log
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_matches() {
        let token = Token::random().unwrap();
        let text = token.as_str().to_owned();
        assert_eq!(text.len(), 32);
        assert!(token.matches(&text));
        for wrong in ["", &text[1..], &format!("{text}0"), &text.to_uppercase().replace(char::is_numeric, "A")] {
            assert!(!token.matches(wrong), "{wrong}");
        }
        assert!(!token.matches(Token::random().unwrap().as_str()));
    }

    #[test]
    fn a_token_is_not_in_its_debug_form() {
        assert_eq!(format!("{:?}", Token::random().unwrap()), "Token(..)");
    }
}
