//! Tokens of guests: opaque, of 256 random bits, kept only as hashes.

use std::fmt::Write as _;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::EngineError;

/// How long a guest and its token live after they were last used: who is away for longer than a month begins anew.
pub(super) const GUEST_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// What is kept of a token: who reads the store can't speak as anyone. A plain hash is enough, since the token
/// has as many random bits as the hash has.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenHash(String);

impl TokenHash {
    /// Of a token that somebody showed.
    pub(super) fn of(token: &str) -> Self {
        Self(hex(&Sha256::digest(token.as_bytes())))
    }

    /// In hexadecimal digits.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new token, in hexadecimal digits.
pub(super) fn new_token() -> Result<String, EngineError> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits)
        .map_err(|error| EngineError::Unavailable(format!("the system gives no random numbers: {error}")))?;
    Ok(hex(&bits))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_standard() {
        // FIPS 180-4, the example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(TokenHash::of("abc").as_str(), expected);
    }

    #[test]
    fn two_tokens_differ_and_have_256_bits() {
        let (one, other) = (new_token().unwrap(), new_token().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 64);
    }
}
