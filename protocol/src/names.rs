//! Names and texts that were checked once, at the edge, and need no check after it.

use std::{fmt, sync::Arc};

use serde::Deserialize;

use crate::limits::{DEVICE_CHARS, EMOJI_CHARS, NAME_CHARS, TEXT_CHARS, TITLE_CHARS, TOPIC_CHARS};

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
    /// Not one emoji.
    #[error("is no emoji")]
    NoEmoji,
}

/// Characters that show nothing and change how their neighbours are shown: a name that has one can pass for
/// another's (Unicode Technical Report 36, "Bidirectional Text Spoofing").
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

pub(crate) fn at_most(text: &str, limit: usize) -> Result<(), InvalidText> {
    let chars = text.chars().count();
    if chars > limit { Err(InvalidText::TooLong { chars, limit }) } else { Ok(()) }
}

/// A type for a text that was checked by `$parse`, which answers what is kept of it.
macro_rules! checked_text {
    ($(#[$doc:meta])* $name:ident, $limit:expr, $parse:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text`; see the type for its rules.
            pub fn parse(text: &str) -> Result<Self, InvalidText> {
                let parse: fn(&str) -> Result<&str, InvalidText> = $parse;
                parse(text).map(|text| Self(text.into()))
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
                let shortest = usize::from(Self::parse("").is_err());
                Object::builder()
                    .schema_type(Type::String)
                    .min_length(Some(shortest))
                    .max_length(Some($limit))
                    .into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        // By hand: serde's `into` would clone the text for each frame that quotes it.
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;

            fn try_from(text: String) -> Result<Self, InvalidText> {
                Self::parse(&text)
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
    |text| not_empty(line(text, NAME_CHARS)?)
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

/// A line that people write and others see: nothing around it, nothing in it that can't be seen.
fn line(text: &str, limit: usize) -> Result<&str, InvalidText> {
    let text = text.trim();
    at_most(text, limit)?;
    if text.chars().any(|c| c.is_control() || turns_direction(c)) {
        return Err(InvalidText::ControlCharacter);
    }
    Ok(text)
}

fn not_empty(text: &str) -> Result<&str, InvalidText> {
    if text.is_empty() { Err(InvalidText::Empty) } else { Ok(text) }
}

checked_text! {
    /// What a room is shown as: 1 to [`TITLE_CHARS`] characters, by the rules of a [`UserName`].
    RoomTitle,
    TITLE_CHARS,
    |text| not_empty(line(text, TITLE_CHARS)?)
}

checked_text! {
    /// What a room is about: at most [`TOPIC_CHARS`] characters in one line; may be empty.
    Topic,
    TOPIC_CHARS,
    |text| line(text, TOPIC_CHARS)
}

impl Default for Topic {
    /// None.
    fn default() -> Self {
        Self("".into())
    }
}

checked_text! {
    /// What a device is called in the list of devices: 1 to [`DEVICE_CHARS`] characters in one line.
    DeviceName,
    DEVICE_CHARS,
    |text| not_empty(line(text, DEVICE_CHARS)?)
}

checked_text! {
    /// A reaction: one emoji of at most [`EMOJI_CHARS`] code points. What is an emoji changes with each Unicode, so
    /// this takes what has no white space, control character, letter or digit of a script, and is not all ASCII.
    ///
    /// ```
    /// use hubbub_protocol::{Emoji, InvalidText};
    /// assert!(Emoji::parse("👍🏽").is_ok());
    /// assert!(Emoji::parse("1\u{fe0f}\u{20e3}").is_ok(), "a keycap");
    /// assert_eq!(Emoji::parse("lol"), Err(InvalidText::NoEmoji));
    /// ```
    Emoji,
    EMOJI_CHARS,
    |text| {
        not_empty(text)?;
        at_most(text, EMOJI_CHARS)?;
        let not_of_one = |c: char| c.is_whitespace() || c.is_control() || c.is_alphabetic();
        if text.is_ascii() || text.chars().any(not_of_one) { Err(InvalidText::NoEmoji) } else { Ok(text) }
    }
}

pub(crate) use checked_text;

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
    fn a_text_may_have_lines_but_not_only_white_space() {
        assert_eq!(MessageText::parse("one\ntwo ").unwrap().as_str(), "one\ntwo ");
        assert_eq!(MessageText::parse(" \n "), Err(InvalidText::Empty));
    }

    #[test]
    fn what_was_serialised_by_somebody_else_is_checked_as_well() {
        assert!(serde_json::from_str::<UserName>("\" \"").is_err());
    }
}
