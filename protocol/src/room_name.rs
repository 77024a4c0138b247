//! The address of a room.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    UserId,
    limits::ROOM_CHARS,
    names::{InvalidText, at_most, checked_text},
};

/// Who may come into a room. Its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum RoomKind {
    /// Everyone.
    Public,
    /// Who was invited.
    Private,
    /// Two people.
    Direct,
}

/// What the name of a private room begins with.
const PRIVATE: &str = "~p";
/// What the name of a direct room begins with.
const DIRECT: &str = "~d";
/// How many hexadecimal digits follow: 128 bits, which nobody guesses.
const DIGITS: usize = 32;

checked_text! {
    /// The address of a room. It fits into a URL, and into a Redis hash tag.
    ///
    /// - Public: 1 to [`ROOM_CHARS`] letters and digits of any script, `-`, `_` and `.`, as people chose it.
    /// - Private: `~p` and 32 random hexadecimal digits in lower case.
    /// - Direct: `~d` and 32 such digits that are made from the ids of its two users.
    ///
    /// ```
    /// use hubbub_protocol::{InvalidText, RoomKind, RoomName};
    /// assert!(RoomName::parse("küche-2").is_ok());
    /// assert_eq!(RoomName::parse("{slot}"), Err(InvalidText::BadCharacter));
    /// let private = RoomName::parse("~p0123456789abcdef0123456789abcdef").unwrap();
    /// assert_eq!(private.kind(), RoomKind::Private);
    /// ```
    RoomName,
    ROOM_CHARS,
    |text| {
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        at_most(text, ROOM_CHARS)?;
        let made = text.strip_prefix(PRIVATE).or_else(|| text.strip_prefix(DIRECT));
        let valid = match made {
            Some(digits) => {
                digits.len() == DIGITS && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
            }
            None => text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')),
        };
        if valid { Ok(text) } else { Err(InvalidText::BadCharacter) }
    }
}

impl RoomName {
    /// Who may come in.
    pub fn kind(&self) -> RoomKind {
        match self.as_str() {
            name if name.starts_with(PRIVATE) => RoomKind::Private,
            name if name.starts_with(DIRECT) => RoomKind::Direct,
            _ => RoomKind::Public,
        }
    }

    /// The name of a new private room.
    pub fn private() -> Self {
        Self::made(PRIVATE, Uuid::new_v4())
    }

    /// The name of the direct room of two users, the same for both.
    ///
    /// ```
    /// use hubbub_protocol::{RoomName, UserId};
    /// let (ada, charles) = (UserId::random(), UserId::random());
    /// assert_eq!(RoomName::direct(ada, charles), RoomName::direct(charles, ada));
    /// ```
    pub fn direct(one: UserId, other: UserId) -> Self {
        let mut hash = Sha256::new();
        hash.update(one.min(other).0.as_bytes());
        hash.update(one.max(other).0.as_bytes());
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize()[..16]);
        Self::made(DIRECT, Uuid::from_bytes(half))
    }

    fn made(prefix: &str, digits: Uuid) -> Self {
        Self(format!("{prefix}{}", digits.simple()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_no_spaces_and_no_braces() {
        for name in
            ["a b", "a}b", "a/b", " ", "a\u{0}", "~", "~lobby", "~p", "~x0123456789abcdef0123456789abcdef"]
        {
            assert_eq!(RoomName::parse(name), Err(InvalidText::BadCharacter), "{name:?}");
        }
        assert_eq!(RoomName::parse(""), Err(InvalidText::Empty));
        assert!(serde_json::from_str::<RoomName>("\"a b\"").is_err());
    }

    #[test]
    fn a_name_that_was_made_is_read_again_and_tells_its_kind() {
        let direct = RoomName::direct(UserId::random(), UserId::random());
        for (name, kind) in [(RoomName::private(), RoomKind::Private), (direct, RoomKind::Direct)] {
            assert_eq!(RoomName::parse(name.as_str()), Ok(name.clone()));
            assert_eq!(name.kind(), kind);
        }
        assert_ne!(RoomName::private(), RoomName::private());
        assert_eq!(RoomName::parse("p0123").unwrap().kind(), RoomKind::Public);
    }

    #[test]
    fn digits_in_upper_case_are_another_name_and_none() {
        assert!(RoomName::parse("~p0123456789ABCDEF0123456789ABCDEF").is_err());
        assert!(RoomName::parse("~p0123456789abcdef0123456789abcde").is_err());
    }
}
