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

use hubbub_protocol::{Timestamp, UserId};
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::engine::{Authenticated, Engine, EngineError};

/// How many tokens are remembered: five for each of the sessions of a large server, about 15 MB.
const REMEMBERED: u64 = 50_000;

/// For how long a good token is remembered at most: so late it is refused after a logout whose message was lost
/// without anybody noticing.
pub const REMEMBERED_FOR: Duration = Duration::from_mins(1);

/// For how long it is remembered that a token is nobody's: long enough for who tries one over and over, and short
/// enough for nobody to notice.
pub const REFUSED_FOR: Duration = Duration::from_secs(1);

/// What tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Whose tokens are.
pub struct Tokens {
    engine: Arc<dyn Engine>,
    /// By the hash of the token: the token itself is nowhere in memory.
    remembered: Cache<[u8; 32], Remembered>,
    /// How often something was forgotten: what was read from the engine before is not remembered after.
    forgotten: AtomicU64,
    clock: Clock,
}

#[derive(Debug, Clone)]
struct Remembered {
    found: Option<Authenticated>,
    until: Timestamp,
}

impl Tokens {
    /// Those that `engine` knows.
    pub fn new(engine: Arc<dyn Engine>) -> Self {
        Self::by_clock(engine, Arc::new(|| Timestamp::from(SystemTime::now())))
    }

    /// Those that `engine` knows, with a clock of one's own.
    pub fn by_clock(engine: Arc<dyn Engine>, clock: Clock) -> Self {
        let remembered = Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(REMEMBERED_FOR)
            .support_invalidation_closures()
            .build();
        Self { engine, remembered, forgotten: AtomicU64::new(0), clock }
    }

    /// Whose token it is; `None` for one that is unknown, expired or logged out.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Authenticated>, EngineError> {
        let (key, now): ([u8; 32], _) = (Sha256::digest(token.as_bytes()).into(), (self.clock)());
        if let Some(Remembered { found, until }) = self.remembered.get(&key)
            && now < until
        {
            return Ok(found);
        }
        let before = self.forgettings();
        let found = self.engine.authenticate(token).await?;
        let until = match &found {
            Some(who) => who.expires.min(now + REMEMBERED_FOR),
            None => now + REFUSED_FOR,
        };
        self.remembered.insert(key, Remembered { found: found.clone(), until });
        // Whoever forgets counts first and removes then: so one of the two of us removes it.
        if self.forgettings() != before {
            self.remembered.invalidate(&key);
        }
        Ok(found)
    }

    /// Whether the token of somebody who was let in is good for nothing any more. That of a user whom the engine lost
    /// is not: nobody logged it out, and chat goes on.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn is_revoked(&self, user: UserId, token: &str) -> Result<bool, EngineError> {
        Ok(self.authenticate(token).await?.is_none() && self.engine.knows(user).await?)
    }

    /// How often something was forgotten. Who let somebody in, and finds another number than before it asked, asks
    /// again: the answer may be older than a logout.
    pub fn forgettings(&self) -> u64 {
        self.forgotten.load(Ordering::SeqCst)
    }

    /// Something about a user has changed.
    pub fn forget(&self, user: UserId) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        let theirs = move |_: &[u8; 32], remembered: &Remembered| {
            remembered.found.as_ref().is_some_and(|who| who.user.id == user)
        };
        if self.remembered.invalidate_entries_if(theirs).is_err() {
            // Only a cache without predicates can't, and this one has them.
            self.remembered.invalidate_all();
        }
    }

    /// Anything may have changed.
    pub fn forget_all(&self) {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.remembered.invalidate_all();
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
        let tokens = Tokens::by_clock(engine.clone(), Arc::new(move || start + began.elapsed()));
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
        assert!(found.account);
    }
}
