//! What a signed token says, and whether it holds here and now. Pure: time is an argument.

use std::time::Duration;

use hubbub_protocol::{Timestamp, User, UserId, UserName, limits::NAME_CHARS};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// For how long a token is good after its `exp`, and before its `nbf`: the clocks of two machines that are set by NTP
/// differ by less than a second, badly set ones by a few.
pub const LEEWAY: Duration = Duration::from_secs(10);

/// What a token has to say to hold here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Who signed it: `iss`.
    pub issuer: String,
    /// Whom it is for: among `aud`.
    pub audience: String,
}

/// The claims that are looked at (RFC 7519, 4.1; `OpenID` Connect Core, 5.1).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<Audience>,
    /// Whom it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// When it ends, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<f64>,
    /// When it begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<f64>,
    /// When it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<f64>,
    /// What they are called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What they call themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
}

/// One, or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Audience {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Audience {
    fn has(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(several) => several.iter().any(|one| one == name),
        }
    }
}

/// Someone for whom another login vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Who, by the name of the token.
    pub user: User,
    /// When the token was signed: a name of a later one counts.
    pub signed: Timestamp,
    /// When it ends here.
    pub expires: Timestamp,
}

/// Why a token with a good signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not the expected issuer's.
    #[error("it is another issuer's")]
    Issuer,
    /// It is not for here.
    #[error("it is for another audience")]
    Audience,
    /// It says nobody.
    #[error("it has no sub")]
    Nobody,
    /// It has no end, and would be good for ever.
    #[error("it has no exp")]
    Endless,
    /// It has ended.
    #[error("it has ended")]
    Ended,
    /// It has not begun.
    #[error("it has not begun")]
    NotYet,
}

impl Claims {
    /// Who it is about, if it holds at `now`.
    ///
    /// ```
    /// use chat_server::jwt::claims::{Audience, Claims, Expected, Refusal};
    /// use hubbub_protocol::Timestamp;
    /// let claims = Claims {
    ///     iss: Some("https://login.example.org".into()),
    ///     aud: Some(Audience::One("chat".into())),
    ///     sub: Some("ada".into()),
    ///     exp: Some(1_000.0),
    ///     ..Claims::default()
    /// };
    /// let expected = Expected { issuer: "https://login.example.org".into(), audience: "chat".into() };
    /// let at = |seconds: i64| claims.check(&expected, Timestamp::from_unix_millis(seconds * 1_000));
    /// // Until `exp` and 10 s more, since clocks differ.
    /// assert!(at(1_009).is_ok());
    /// assert_eq!(at(1_010), Err(Refusal::Ended));
    /// ```
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn check(&self, expected: &Expected, now: Timestamp) -> Result<Vouched, Refusal> {
        if self.iss.as_ref() != Some(&expected.issuer) {
            return Err(Refusal::Issuer);
        }
        if !self.aud.as_ref().is_some_and(|audience| audience.has(&expected.audience)) {
            return Err(Refusal::Audience);
        }
        let sub = self.sub.as_deref().filter(|sub| !sub.is_empty()).ok_or(Refusal::Nobody)?;
        let expires = time(self.exp.ok_or(Refusal::Endless)?) + LEEWAY;
        if expires <= now {
            return Err(Refusal::Ended);
        }
        if self.nbf.is_some_and(|nbf| time(nbf) > now + LEEWAY) {
            return Err(Refusal::NotYet);
        }
        let id = user_id(&expected.issuer, sub);
        // A name signed in the future would stay for ever.
        let signed = self.iat.or(self.nbf).map_or(Timestamp::from_unix_millis(0), time).min(now);
        Ok(Vouched { user: User { id, name: self.user_name(id) }, signed, expires })
    }

    /// The first that is a name here, cut to the length that names have.
    fn user_name(&self, id: UserId) -> UserName {
        let told = [&self.name, &self.preferred_username].into_iter().flatten();
        let short = |name: &String| name.trim().chars().take(NAME_CHARS).collect::<String>();
        let first = told.map(short).find_map(|name| UserName::parse(&name).ok());
        first.unwrap_or_else(|| {
            let digits = id.0.simple().to_string();
            // Letters and digits are a name.
            UserName::parse(&format!("User {}", &digits[..4])).unwrap_or_else(|_| unreachable!("a name"))
        })
    }
}

/// A `NumericDate` (RFC 7519, 2).
fn time(seconds: f64) -> Timestamp {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is beyond all time is cut to its end, and no number to 0"
    )]
    Timestamp::from_unix_millis((seconds * 1_000.0) as i64)
}

/// The id here of whom an issuer calls `sub`: that itself if it is a GUID as it is usually written; else the `UUIDv5`
/// (RFC 9562, 5.5) of `sub` in a namespace, which is the `UUIDv5` of the issuer as a URL. So it is the same on every
/// server, and two issuers' users are never the same by chance.
///
/// ```
/// use chat_server::jwt::claims::user_id;
/// let id = user_id("https://login.example.org", "ada");
/// assert_eq!(id.to_string(), "59e7a87b-7a4c-58bb-8047-355ed63be0c3");
/// assert_eq!(user_id("https://any.example.org", &id.to_string()), id);
/// ```
pub fn user_id(issuer: &str, sub: &str) -> UserId {
    match Uuid::try_parse(sub) {
        Ok(id) if id.to_string() == sub => UserId(id),
        _ => UserId(Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_URL, issuer.as_bytes()), sub.as_bytes())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected { issuer: "https://login.example.org".to_owned(), audience: "chat".to_owned() }
    }

    fn claims() -> Claims {
        Claims {
            iss: Some(expected().issuer),
            aud: Some(Audience::Several(vec!["mail".to_owned(), "chat".to_owned()])),
            sub: Some("ada".to_owned()),
            exp: Some(1_000.5),
            ..Claims::default()
        }
    }

    fn at(claims: &Claims, millis: i64) -> Result<Vouched, Refusal> {
        claims.check(&expected(), Timestamp::from_unix_millis(millis))
    }

    #[test]
    fn a_token_holds_for_its_audience_and_its_time_only() {
        let good = at(&claims(), 0).unwrap();
        assert_eq!(good.expires, Timestamp::from_unix_millis(1_010_500));
        assert_eq!(at(&claims(), 1_010_500), Err(Refusal::Ended));
        let one = |text: &str| Some(text.to_owned());
        for (claims, refusal) in [
            (Claims { iss: None, ..claims() }, Refusal::Issuer),
            (Claims { iss: one("https://login.example.org/"), ..claims() }, Refusal::Issuer),
            (Claims { aud: None, ..claims() }, Refusal::Audience),
            (Claims { aud: Some(Audience::One("chats".to_owned())), ..claims() }, Refusal::Audience),
            (Claims { sub: None, ..claims() }, Refusal::Nobody),
            (Claims { sub: one(""), ..claims() }, Refusal::Nobody),
            (Claims { exp: None, ..claims() }, Refusal::Endless),
            (Claims { exp: Some(f64::NAN), ..claims() }, Refusal::Ended),
            (Claims { exp: Some(-1e300), ..claims() }, Refusal::Ended),
            (Claims { nbf: Some(110.001), ..claims() }, Refusal::NotYet),
        ] {
            assert_eq!(at(&claims, 100_000), Err(refusal), "{claims:?}");
        }
        assert!(at(&Claims { nbf: Some(110.0), exp: Some(1e300), ..claims() }, 100_000).is_ok());
    }

    #[test]
    fn a_user_is_called_as_the_token_says_as_far_as_that_is_a_name() {
        let named = |name: Option<&str>, preferred: Option<&str>| {
            let (name, preferred) = (name.map(str::to_owned), preferred.map(str::to_owned));
            let claims = Claims { name, preferred_username: preferred, ..claims() };
            at(&claims, 0).unwrap().user.name.to_string()
        };
        assert_eq!(named(Some(" Ada Lovelace "), Some("ada")), "Ada Lovelace");
        assert_eq!(named(Some("\u{7}"), Some("ada")), "ada");
        assert_eq!(named(None, None), "User 59e7");
        assert_eq!(named(Some(&"x".repeat(100)), None), "x".repeat(NAME_CHARS));
    }

    #[test]
    fn only_a_guid_as_it_is_usually_written_is_taken_as_it_is() {
        let id = UserId::random();
        assert_eq!(user_id("i", &id.to_string()), id);
        for other in [id.to_string().to_uppercase(), format!("{{{id}}}"), id.0.simple().to_string()] {
            // All letters may be digits by chance.
            assert!(other == id.to_string() || user_id("i", &other) != id, "{other}");
        }
        assert_ne!(user_id("i", "ada"), user_id("j", "ada"));
        // RFC 9562, A.4.
        let example = Uuid::new_v5(&Uuid::NAMESPACE_DNS, b"www.example.com");
        assert_eq!(example.to_string(), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
    }

    #[test]
    fn a_name_that_was_signed_in_the_future_counts_from_now() {
        let signed = |claims: Claims| at(&claims, 100_000).unwrap().signed.as_unix_millis();
        assert_eq!(signed(Claims { iat: Some(50.0), ..claims() }), 50_000);
        assert_eq!(signed(Claims { iat: Some(1e9), ..claims() }), 100_000);
        assert_eq!(signed(claims()), 0);
    }
}
