//! Tokens: opaque, with 256 random bits, kept only as hashes.

use data_encoding::HEXLOWER;
use hubbub_protocol::UserId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::engine::EngineError;

/// The user's id before the random bits, in hexadecimal digits: so the record of the user is found without a second
/// one that says whose token it is.
const ID_DIGITS: usize = 32;

/// 256 bits.
const RANDOM_BYTES: usize = 32;

/// What is kept of a token: who reads the store can't speak as anyone. A plain hash is enough, since the token
/// has as many random bits as the hash has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct TokenHash(String);

impl TokenHash {
    /// Of a token that somebody showed.
    pub(super) fn of(token: &str) -> Self {
        Self(HEXLOWER.encode(&Sha256::digest(token.as_bytes())))
    }
}

/// A new token of a user.
pub(super) fn new_token(user: UserId) -> Result<String, EngineError> {
    Ok(format!("{}{}", user.0.simple(), new_secret()?))
}

/// 256 random bits in hexadecimal digits.
///
/// # Errors
/// When the system gives no random numbers.
pub fn new_secret() -> Result<String, EngineError> {
    let mut bits = [0; RANDOM_BYTES];
    getrandom::fill(&mut bits)
        .map_err(|error| EngineError::Unavailable(format!("the system gives no random numbers: {error}")))?;
    Ok(HEXLOWER.encode(&bits))
}

/// Whose a token would be; `None` for what can't be a token.
pub(super) fn claimed_user(token: &str) -> Option<UserId> {
    let digits = token.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !digits || token.len() != ID_DIGITS + 2 * RANDOM_BYTES {
        return None;
    }
    Uuid::try_parse(&token[..ID_DIGITS]).ok().map(UserId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_that_of_the_standard() {
        // FIPS 180-4, the example "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(TokenHash::of("abc"), TokenHash(expected.to_owned()));
    }

    #[test]
    fn a_token_tells_its_user_and_no_two_are_the_same() {
        let user = UserId::random();
        let (one, other) = (new_token(user).unwrap(), new_token(user).unwrap());
        assert_ne!(one, other);
        assert_eq!((claimed_user(&one), claimed_user(&other)), (Some(user), Some(user)));
        for wrong in ["", "x", &one[1..], &format!("{one} "), &one.to_uppercase(), &one.replace('0', "g")] {
            assert!(wrong == one || claimed_user(wrong).is_none(), "{wrong}");
        }
    }
}
