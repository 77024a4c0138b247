//! Whose token it is, remembered for a short while, so that the engine is not asked at each request.
//!
//! What is remembered is forgotten when a user is logged out, renamed or deleted anywhere ([`Tokens::forget`], by the
//! engine's message), and when messages may have been missed ([`Tokens::forget_all`]).

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use hubbub_protocol::{DeviceId, Timestamp, UserId};
use moka::sync::Cache;
use sha2::{Digest, Sha256};
use uuid::Builder;

use crate::{
    engine::{
        Authenticated, Engine, EngineError, UserEvent,
        accounts::{Acknowledged, Standing},
    },
    jwt::{self, claims::Vouched, issuer::KeysUnavailable},
    login::Login,
};

/// How many tokens are remembered: five for each of the sessions of a large server, about 15 MB.
const REMEMBERED: u64 = 50_000;

/// For how long a good token is remembered at most: so late it is refused after a logout whose message was lost
/// without anybody noticing.
pub const REMEMBERED_FOR: Duration = Duration::from_mins(1);

/// For how long it is known that something about a user was forgotten: longer than anything is remembered that was being read
/// then.
const FORGOTTEN_FOR: Duration = REMEMBERED_FOR.saturating_mul(2);

/// For how long it is remembered that a token is nobody's: long enough for who tries one over and over, and short
/// enough for nobody to notice.
pub const REFUSED_FOR: Duration = Duration::from_secs(1);

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Why it can't be said whose a token is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The login service does not tell its keys.
    #[error(transparent)]
    Keys(#[from] KeysUnavailable),
}

/// Whose tokens are.
pub struct Tokens {
    engine: Arc<dyn Engine>,
    login: Arc<Login>,
    /// By the hash of the token: the token itself is nowhere in memory.
    remembered: Cache<[u8; 32], Remembered>,
    /// How often something was forgotten.
    forgettings: AtomicU64,
    /// The last of them that was about all users,
    all_forgotten: AtomicU64,
    /// and about each of those it was about lately. A cache whose entries are looked for by what they say would keep each
    /// search until somebody shows a token, and make all of them then.
    forgotten: Cache<UserId, u64>,
    clock: Clock,
}

#[derive(Debug, Clone)]
struct Remembered {
    found: Option<Authenticated>,
    until: Timestamp,
    /// The last forgetting before it was read from the engine.
    since: u64,
}

impl Tokens {
    /// Those that `engine` knows, or those of another login.
    pub fn new(engine: Arc<dyn Engine>, login: Arc<Login>) -> Self {
        Self::by_clock(engine, login, Arc::new(|| Timestamp::from(SystemTime::now())))
    }

    /// The same, with a clock of one's own.
    pub fn by_clock(engine: Arc<dyn Engine>, login: Arc<Login>, clock: Clock) -> Self {
        let remembered = Cache::builder().max_capacity(REMEMBERED).time_to_live(REMEMBERED_FOR).build();
        let forgotten = Cache::builder().time_to_live(FORGOTTEN_FOR).build();
        let (forgettings, all_forgotten) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { engine, login, remembered, forgettings, all_forgotten, forgotten, clock }
    }

    /// Whose token it is; `None` for one that is unknown, expired or logged out.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn authenticate(&self, token: &str) -> Result<Option<Authenticated>, TokenError> {
        let (key, now): ([u8; 32], _) = (Sha256::digest(token.as_bytes()).into(), (self.clock)());
        if let Some(remembered) = self.remembered.get(&key)
            && now < remembered.until
            && !self.is_forgotten(&remembered)
        {
            return Ok(remembered.found);
        }
        let since = self.forgettings();
        let found = self.find(token, &key, now).await?;
        let until = match &found {
            Some(who) => who.expires.min(now + REMEMBERED_FOR),
            None => now + REFUSED_FOR,
        };
        self.remembered.insert(key, Remembered { found: found.clone(), until, since });
        Ok(found)
    }

    /// Whether it was read from the engine before something changed, be that while it was read.
    fn is_forgotten(&self, Remembered { found, since, .. }: &Remembered) -> bool {
        let of_user = || self.forgotten.get(&found.as_ref()?.user.id);
        self.all_forgotten.load(Ordering::SeqCst) > *since || of_user().is_some_and(|last| last > *since)
    }

    /// Asks whoever knows.
    async fn find(
        &self,
        token: &str,
        key: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<Authenticated>, TokenError> {
        match &*self.login {
            Login::Own { .. } => Ok(self.engine.authenticate(token).await?),
            Login::Foreign { issuer, .. } if jwt::is_signed(token) => {
                let Some(vouched) = issuer.verify(token, now).await? else { return Ok(None) };
                Ok(self.acknowledge(vouched, key).await?)
            }
            Login::Foreign { guests: false, .. } => Ok(None),
            Login::Foreign { guests: true, .. } => {
                let guest = |who: &Authenticated| who.standing == Standing::Guest;
                Ok(self.engine.authenticate(token).await?.filter(guest))
            }
        }
    }

    /// Another login vouches for somebody, who is known here from now on.
    async fn acknowledge(
        &self,
        vouched: Vouched,
        key: &[u8; 32],
    ) -> Result<Option<Authenticated>, EngineError> {
        let Vouched { user, signed, expires } = vouched;
        let Some(here) = self.engine.acknowledge(&user, signed).await? else { return Ok(None) };
        let Acknowledged { user, renamed, logged_out } = here;
        if !logged_out.is_empty() {
            self.engine.tell(user.id, UserEvent::LoggedOut { devices: logged_out }).await?;
        }
        if renamed {
            self.engine.tell(user.id, UserEvent::Renamed { name: user.name.clone() }).await?;
        }
        // Each token is a device: so one of them can be closed.
        let mut half = [0; 16];
        half.copy_from_slice(&key[..16]);
        let device = DeviceId(Builder::from_custom_bytes(half).into_uuid());
        Ok(Some(Authenticated { user, device, standing: Standing::Foreign, expires }))
    }

    /// Whether the token of somebody who was let in is good for nothing any more. That of a user whom the engine lost
    /// is not: nobody logged it out, and chat goes on.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn is_revoked(&self, user: UserId, token: &str) -> Result<bool, TokenError> {
        let is_good = self.authenticate(token).await?.is_some();
        // What another login signed does not depend on what the engine knows.
        Ok(!is_good && (jwt::is_signed(token) || self.engine.knows(user).await?))
    }

    /// How often something was forgotten. Who let somebody in, and finds another number than before it asked, asks
    /// again: the answer may be older than a logout.
    pub fn forgettings(&self) -> u64 {
        self.forgettings.load(Ordering::SeqCst)
    }

    /// Something about a user has changed.
    pub fn forget(&self, user: UserId) {
        let this = self.forgettings.fetch_add(1, Ordering::SeqCst) + 1;
        // Of two at the same time the later one counts.
        self.forgotten
            .entry(user)
            .and_upsert_with(|last| last.map_or(this, |last| last.into_value().max(this)));
    }

    /// Anything may have changed.
    pub fn forget_all(&self) {
        let this = self.forgettings.fetch_add(1, Ordering::SeqCst) + 1;
        self.all_forgotten.fetch_max(this, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{DeviceName, Email, User, UserName};
    use tokio::time::{Instant, advance};

    use super::*;
    use crate::engine::{
        Accounts, GuestOutcome, HistoryLimits,
        accounts::{LogOut, RegisterOutcome, Registration},
        memory::{MemoryEngine, MemoryOptions},
    };

    /// An engine, tokens on the clock of the test, and the token of a guest.
    async fn world() -> (Arc<MemoryEngine>, Tokens, User, String) {
        let (engine, _events) = MemoryEngine::start(MemoryOptions { history: HistoryLimits::events(1) });
        let (start, began) = (Timestamp::from(SystemTime::now()), Instant::now());
        let login = Arc::new(Login::Own { signer: None });
        let tokens = Tokens::by_clock(engine.clone(), login, Arc::new(move || start + began.elapsed()));
        let user = User { id: UserId::random(), name: UserName::parse("Ada").unwrap() };
        let Ok(GuestOutcome::Created(guest)) = engine.create_guest(&user).await else { panic!("no guest") };
        (engine, tokens, user, guest.token)
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_remembered_for_its_time_to_the_second_and_no_longer() {
        let (engine, tokens, ada, token) = world().await;
        assert_eq!(tokens.authenticate(&token).await.unwrap().unwrap().user, ada);
        engine.log_out(ada.id, LogOut::All).await.unwrap();
        advance(REMEMBERED_FOR.saturating_sub(Duration::from_secs(1))).await;
        assert!(tokens.authenticate(&token).await.unwrap().is_some(), "nobody told of the logout");
        advance(Duration::from_secs(1)).await;
        assert_eq!(tokens.authenticate(&token).await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_of_a_user_empties_the_memory_of_that_user_alone() {
        let (engine, tokens, ada, token) = world().await;
        let grace = User { id: UserId::random(), name: UserName::parse("Grace").unwrap() };
        let Ok(GuestOutcome::Created(graces)) = engine.create_guest(&grace).await else { panic!("no guest") };
        for token in [&token, &graces.token] {
            assert!(tokens.authenticate(token).await.unwrap().is_some());
        }
        for user in [&ada, &grace] {
            engine.log_out(user.id, LogOut::All).await.unwrap();
        }
        tokens.forget(ada.id);
        assert_eq!(tokens.authenticate(&token).await.unwrap(), None);
        assert!(tokens.authenticate(&graces.token).await.unwrap().is_some(), "nobody told of this one");
        tokens.forget_all();
        assert_eq!(tokens.authenticate(&graces.token).await.unwrap(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_read_after_a_forgetting_is_remembered_again() {
        let (engine, tokens, ada, token) = world().await;
        for forget in [|tokens: &Tokens, ada| tokens.forget(ada), |tokens: &Tokens, _| tokens.forget_all()] {
            forget(&tokens, ada.id);
            assert!(tokens.authenticate(&token).await.unwrap().is_some());
        }
        engine.log_out(ada.id, LogOut::All).await.unwrap();
        assert!(tokens.authenticate(&token).await.unwrap().is_some(), "nobody told of the logout");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_not_remembered_for_long() {
        let (_engine, tokens, _, token) = world().await;
        for _ in 0..3 {
            assert_eq!(tokens.authenticate(&token[1..]).await.unwrap(), None);
            advance(REFUSED_FOR).await;
        }
        assert!(tokens.authenticate(&token).await.unwrap().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_of_an_account_is_one() {
        let (engine, tokens, ada, _) = world().await;
        let email = Email::parse("ada@example.org").unwrap();
        let registration =
            Registration { user: ada.id, name: ada.name.clone(), email, password_hash: "hash".to_owned() };
        let registered = engine.register(&registration).await.unwrap();
        let RegisterOutcome::Registered(credentials) = registered else { panic!("{registered:?}") };
        let device = DeviceName::parse("phone").unwrap();
        let login = engine.log_in(&credentials, &device).await.unwrap().unwrap();
        let found = tokens.authenticate(&login.token).await.unwrap().unwrap();
        assert_eq!(found, login.who);
        assert_eq!(found.standing, Standing::Account);
    }
}
