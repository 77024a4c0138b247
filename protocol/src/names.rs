//! Names and texts that were checked once, at the edge, and need no check after it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits::{NAME_CHARS, ROOM_CHARS, TEXT_CHARS};

/// Why a name or a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("is empty")]
    Empty,
    /// More characters than the limit.
    #[error("has {chars} characters; {limit} are allowed")]
    TooLong {
        /// How many it has.
        chars: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A control character (line breaks included), or one that turns the direction of the text around it.
    #[error("has a control character")]
    ControlCharacter,
    /// A character that a room name can't have.
    #[error("may have only letters, digits, '-', '_' and '.'")]
    BadCharacter,
}

/// Characters that show nothing and change how their neighbours are shown: a name that has one can pass for
/// another's (Unicode Technical Report 36, "Bidirectional Text Spoofing").
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn at_most(text: &str, limit: usize) -> Result<(), InvalidText> {
    let chars = text.chars().count();
    if chars > limit { Err(InvalidText::TooLong { chars, limit }) } else { Ok(()) }
}

macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $limit:expr, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks `text`; see the type for its rules.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                let parse: fn(&str) -> Result<&str, InvalidText> = $parse;
                parse(text).map(|text| Self(text.to_owned()))
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                use utoipa::openapi::schema::{Object, Type};
                Object::builder().schema_type(Type::String).min_length(Some(1)).max_length(Some($limit)).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidText;

            fn from_str(text: &str) -> Result<Self, InvalidText> {
                Self::parse(text)
            }
        }
    };
}

checked_text! {
    /// What a user is called: 1 to [`NAME_CHARS`] characters without control characters. White space around it
    /// is taken off.
    ///
    /// ```
    /// use hubbub_protocol::{InvalidText, UserName};
    /// assert_eq!(UserName::parse("  Ada Lovelace ").unwrap().as_str(), "Ada Lovelace");
    /// assert_eq!(UserName::parse("Ada\nLovelace"), Err(InvalidText::ControlCharacter));
    /// ```
    UserName,
    NAME_CHARS,
    |text| {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        at_most(text, NAME_CHARS)?;
        if text.chars().any(|c| c.is_control() || turns_direction(c)) {
            return Err(InvalidText::ControlCharacter);
        }
        Ok(text)
    }
}

checked_text! {
    /// What a room is called: 1 to [`ROOM_CHARS`] letters and digits of any script, `-`, `_` and `.`. It fits
    /// into a URL, and into a Redis hash tag.
    ///
    /// ```
    /// use hubbub_protocol::{InvalidText, RoomName};
    /// assert!(RoomName::parse("küche-2").is_ok());
    /// assert_eq!(RoomName::parse("{slot}"), Err(InvalidText::BadCharacter));
    /// ```
    RoomName,
    ROOM_CHARS,
    |text| {
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        at_most(text, ROOM_CHARS)?;
        if !text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(InvalidText::BadCharacter);
        }
        Ok(text)
    }
}

checked_text! {
    /// What a message says: 1 to [`TEXT_CHARS`] characters, not all of them white space. It is kept as it is.
    MessageText,
    TEXT_CHARS,
    |text| {
        if text.trim().is_empty() {
            return Err(InvalidText::Empty);
        }
        at_most(text, TEXT_CHARS)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_counted_in_characters_and_not_in_bytes() {
        assert!(UserName::parse(&"ü".repeat(NAME_CHARS)).is_ok());
        assert_eq!(
            UserName::parse(&"ü".repeat(NAME_CHARS + 1)),
            Err(InvalidText::TooLong { chars: NAME_CHARS + 1, limit: NAME_CHARS })
        );
    }

    #[test]
    fn a_name_that_turns_the_direction_of_writing_is_refused() {
        assert_eq!(UserName::parse("evil\u{202e}name"), Err(InvalidText::ControlCharacter));
    }

    #[test]
    fn a_room_has_no_spaces_and_no_braces() {
        for name in ["a b", "a}b", "a/b", " ", "a\u{0}"] {
            assert_eq!(RoomName::parse(name), Err(InvalidText::BadCharacter), "{name:?}");
        }
        assert_eq!(RoomName::parse(""), Err(InvalidText::Empty));
    }

    #[test]
    fn a_text_may_have_lines_but_not_only_white_space() {
        assert_eq!(MessageText::parse("one\ntwo ").unwrap().as_str(), "one\ntwo ");
        assert_eq!(MessageText::parse(" \n "), Err(InvalidText::Empty));
    }

    #[test]
    fn what_was_serialised_by_somebody_else_is_checked_as_well() {
        assert!(serde_json::from_str::<RoomName>("\"a b\"").is_err());
    }
}
