//! For how long an answer of an issuer counts. Pure.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, header};

/// For so long keys are fresh of which nothing is said.
const UNSAID: Duration = Duration::from_mins(10);

/// Keys are fresh for so long at least, whatever the issuer says: what changes is noticed by a token that names a new
/// key, so there is nothing to gain by asking more often.
const LEAST: Duration = Duration::from_mins(1);

/// And for so long at most: a key that the issuer withdrew is good here for a day and no longer.
const MOST: Duration = Duration::from_hours(24);

/// While the issuer does not answer its old keys go on for so long after they were fresh. Then they are no good: who
/// keeps us from the issuer must not keep a withdrawn key alive.
pub const KEPT: Duration = Duration::from_hours(24);

/// For how long an answer is fresh (RFC 9111, 4.2.1): `max-age` less `Age`, else until `Expires`; within bounds.
///
/// ```
/// use axum::http::{HeaderMap, HeaderValue, header};
/// use chat_server::jwt::freshness::fresh_for;
/// use std::time::{Duration, SystemTime};
/// let said = |name, value| HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
/// let fresh = |headers| fresh_for(&headers, SystemTime::UNIX_EPOCH).as_secs();
/// assert_eq!(fresh(said(header::CACHE_CONTROL, "public, max-age=3600")), 3_600);
/// assert_eq!(fresh(said(header::EXPIRES, "Thu, 01 Jan 1970 00:05:00 GMT")), 300);
/// // At least a minute, at most a day, and ten minutes when nothing is said.
/// assert_eq!(fresh(said(header::CACHE_CONTROL, "no-store")), 60);
/// assert_eq!(fresh(said(header::CACHE_CONTROL, "max-age=31536000")), 86_400);
/// assert_eq!(fresh(HeaderMap::new()), 600);
/// ```
pub fn fresh_for(headers: &HeaderMap, now: SystemTime) -> Duration {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let said = text(header::CACHE_CONTROL).and_then(|control| max_age(control, text(header::AGE)));
    let until = || {
        let expires = httpdate::parse_http_date(text(header::EXPIRES)?).ok()?;
        Some(expires.duration_since(now).unwrap_or_default())
    };
    said.or_else(until).unwrap_or(UNSAID).clamp(LEAST, MOST)
}

fn max_age(control: &str, age: Option<&str>) -> Option<Duration> {
    let mut directives = control.split(',').map(|directive| directive.trim().to_ascii_lowercase());
    directives.find_map(|directive| match directive.as_str() {
        "no-store" | "no-cache" => Some(Duration::ZERO),
        _ => {
            let seconds: u64 = directive.strip_prefix("max-age=")?.trim_matches('"').parse().ok()?;
            let age = age.and_then(|age| age.trim().parse().ok()).unwrap_or(0);
            Some(Duration::from_secs(seconds.saturating_sub(age)))
        }
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn fresh(said: &[(header::HeaderName, &'static str)]) -> u64 {
        let headers = said.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        fresh_for(&headers.collect(), SystemTime::UNIX_EPOCH).as_secs()
    }

    #[test]
    fn what_was_kept_on_the_way_is_as_much_older() {
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "max-age=600"), (header::AGE, "500")]), 100);
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "max-age=600"), (header::AGE, "900")]), 60);
    }

    #[test]
    fn what_makes_no_sense_is_as_if_nothing_were_said() {
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "max-age=soon"), (header::EXPIRES, "0")]), 600);
        assert_eq!(fresh(&[(header::CACHE_CONTROL, "public"), (header::EXPIRES, "-1")]), 600);
    }

    #[test]
    fn max_age_beats_expires() {
        let expires = (header::EXPIRES, "Thu, 01 Jan 1970 00:05:00 GMT");
        assert_eq!(fresh(&[expires, (header::CACHE_CONTROL, "Max-Age=900")]), 900);
    }
}
