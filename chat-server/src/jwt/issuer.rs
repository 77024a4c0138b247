//! Somebody else's login: keeps its keys, and says for whom a token of it vouches.
//!
//! One task asks for the keys, and nothing else does. Who meets an unknown key has it ask again, but never sooner than a
//! while after it asked last: tokens with invented keys are no way to have the issuer flooded.

use std::{sync::Arc, time::Duration};

use axum::http::Uri;
use hubbub_protocol::Timestamp;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    claims::{Expected, Vouched},
    fetch::{Fetched, Fetcher, PATIENCE},
    freshness::KEPT,
    keys::{Keys, Unverified},
};

/// Who waits for an answer waits a little longer than whoever asks the issuer.
const WAIT: Duration = PATIENCE.saturating_add(Duration::from_secs(1));

/// Where a login is, and what its tokens say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerOptions {
    /// What a token has to say.
    pub expected: Expected,
    /// Where the keys are.
    pub keys: Uri,
}

/// Whether a token is good can't be said: the issuer was not reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the login service can't be had")]
pub struct KeysUnavailable;

/// A login.
pub struct Issuer {
    expected: Expected,
    known: watch::Receiver<Known>,
    wanted: Arc<Notify>,
    pause: Duration,
    _asks: AbortOnDropHandle<()>,
}

/// What was found out.
#[derive(Debug, Clone, Default)]
struct Known {
    keys: Option<Arc<Keys>>,
    /// When the last question was answered, or was not.
    asked: Option<Instant>,
    /// Whether it was answered.
    answered: bool,
}

impl Issuer {
    /// Begins to ask for the keys. Between two questions there is at least `pause`.
    ///
    /// # Errors
    /// A defect: see [`Fetcher::new`].
    pub fn start(options: IssuerOptions, pause: Duration) -> Result<Self, rustls::Error> {
        let IssuerOptions { expected, keys } = options;
        let fetcher = Fetcher::new(keys)?;
        let (tell, known) = watch::channel(Known::default());
        let wanted = Arc::new(Notify::new());
        let asks = tokio::spawn(ask(fetcher, tell, Arc::clone(&wanted), pause));
        Ok(Self { expected, known, wanted, pause, _asks: AbortOnDropHandle::new(asks) })
    }

    /// For whom a token vouches; `None` for one that is no good at `now`.
    ///
    /// # Errors
    /// When its key is not known, and the issuer can't be asked.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Option<Vouched>, KeysUnavailable> {
        let known = self.asked_at_all().await;
        let verified = match verify(&known, token) {
            Err(Unverified::UnknownKey) => verify(&self.asked_again(&known).await, token),
            verified => verified,
        };
        let refusal: String = match verified {
            Ok(claims) => match claims.check(&self.expected, now) {
                Ok(vouched) => return Ok(Some(vouched)),
                Err(refusal) => refusal.to_string(),
            },
            Err(Unverified::UnknownKey) if !self.known.borrow().answered => return Err(KeysUnavailable),
            Err(unverified) => unverified.to_string(),
        };
        tracing::debug!(refusal, "a signed token is refused");
        Ok(None)
    }

    /// What is known after the first question.
    async fn asked_at_all(&self) -> Known {
        let mut known = self.known.clone();
        let asked = timeout(WAIT, known.wait_for(|known| known.asked.is_some())).await;
        asked.ok().and_then(Result::ok).map(|known| known.clone()).unwrap_or_default()
    }

    /// What is known after another question; the same as before when it is too soon for one.
    async fn asked_again(&self, before: &Known) -> Known {
        // Whether it is too soon now or not: the next question is asked as soon as it may be.
        self.wanted.notify_one();
        if before.asked.is_some_and(|asked| asked.elapsed() < self.pause) {
            return before.clone();
        }
        let mut known = self.known.clone();
        let asked = timeout(WAIT, known.wait_for(|known| known.asked != before.asked)).await;
        asked.ok().and_then(Result::ok).map_or_else(|| before.clone(), |known| known.clone())
    }
}

fn verify(known: &Known, token: &str) -> Result<super::claims::Claims, Unverified> {
    known.keys.as_ref().map_or(Err(Unverified::UnknownKey), |keys| keys.verify(token))
}

/// Asks for the keys when they are no longer fresh, and when somebody wants it; for ever.
async fn ask(fetcher: Fetcher, tell: watch::Sender<Known>, wanted: Arc<Notify>, pause: Duration) {
    let mut kept_until = Instant::now();
    loop {
        let answer = fetcher.fetch().await;
        let (now, answered) = (Instant::now(), answer.is_ok());
        let (keys, again) = match answer {
            Ok(Fetched { keys, fresh }) => {
                tracing::debug!(keys = keys.count(), ?fresh, "the login service told its keys");
                kept_until = now + fresh + KEPT;
                (Some(Arc::new(keys)), fresh)
            }
            Err(error) => {
                tracing::warn!(address = %fetcher.address(), %error, "the login service does not tell its keys");
                (tell.borrow().keys.clone().filter(|_| now < kept_until), pause)
            }
        };
        tell.send_replace(Known { keys, asked: Some(now), answered });
        sleep(pause).await;
        tokio::select! {
            () = sleep_until(now + again) => {}
            () = wanted.notified() => {}
        }
    }
}
