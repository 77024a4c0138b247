//! What people log in with, checked at the edge.

use std::fmt;

use email_address::{EmailAddress, Options};

use crate::limits::{EMAIL_CHARS, PASSWORD_CHARS, PASSWORD_CHARS_MIN};

/// Text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no e-mail address of at most {EMAIL_CHARS} characters")]
pub struct InvalidEmail;

/// An e-mail address (RFC 5321, without display name), as it was written.
///
/// ```
/// use hubbub_protocol::Email;
/// let email = Email::parse(" Ada@Example.org ").unwrap();
/// assert_eq!(email.as_str(), "Ada@Example.org");
/// assert_eq!(email.key(), "ada@example.org");
/// assert!(Email::parse("Ada <ada@example.org>").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks `text`; white space around it is taken off.
    ///
    /// # Errors
    /// When it is no address, or longer than [`EMAIL_CHARS`].
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        let options = Options::default().without_display_text().without_domain_literal();
        match EmailAddress::parse_with_options(text, options) {
            Ok(_) if text.chars().count() <= EMAIL_CHARS => Ok(Self(text.to_owned())),
            _ => Err(InvalidEmail),
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two addresses have in common that differ in upper and lower case only.
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A password that is too short or too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("has {chars} characters; {PASSWORD_CHARS_MIN} to {PASSWORD_CHARS} are allowed")]
pub struct InvalidPassword {
    /// How many it has.
    pub chars: usize,
}

/// A password of [`PASSWORD_CHARS_MIN`] to [`PASSWORD_CHARS`] characters of any kind. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Checks `text`; nothing is taken off.
    ///
    /// # Errors
    /// When it is too short or too long.
    pub fn parse(text: &str) -> Result<Self, InvalidPassword> {
        let chars = text.chars().count();
        if (PASSWORD_CHARS_MIN..=PASSWORD_CHARS).contains(&chars) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidPassword { chars })
        }
    }

    /// The password itself, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_refused() {
        let long = format!("{}@example.org", "a".repeat(EMAIL_CHARS));
        for text in ["", "ada", "ada@", "@example.org", "a b@example.org", "ada@[127.0.0.1]", long.as_str()] {
            assert_eq!(Email::parse(text), Err(InvalidEmail), "{text:?}");
        }
    }

    #[test]
    fn a_password_is_counted_in_characters_and_never_shown() {
        assert_eq!(Password::parse("1234567"), Err(InvalidPassword { chars: 7 }));
        assert!(Password::parse(&"ü".repeat(PASSWORD_CHARS)).is_ok());
        assert_eq!(format!("{:?}", Password::parse("correct horse").unwrap()), "Password(..)");
    }
}
