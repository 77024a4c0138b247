//! Finds sessions whose tokens are good for nothing any more where nobody told of it: after messages may have been
//! missed, and when tokens end by themselves.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use hubbub_protocol::{CloseCode, Timestamp};
use tokio::{sync::Notify, time::sleep};

use crate::{
    dispatch::Audience,
    session::outbox::Closing,
    sessions::{Line, Owner},
};

/// How many sessions are looked at at once: a Redis that has just come back answers 10,000 a second in this way.
const AT_ONCE: usize = 32;

/// After this time an engine that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(1);

/// For ever: all sessions whenever `interrupted` is notified, those whose tokens have ended each `look`.
pub(crate) async fn watch(audience: Audience, interrupted: Arc<Notify>, look: Duration) {
    loop {
        let everyone = tokio::select! {
            biased;
            () = interrupted.notified() => true,
            () = sleep(look) => false,
        };
        let now = Timestamp::from(std::time::SystemTime::now());
        let due = |line: &Arc<Line>| line.owner().is_some_and(|owner| everyone || owner.expires <= now);
        let mut lines: Vec<_> = audience.sessions.all().into_iter().filter(due).collect();
        while !lines.is_empty() {
            lines = check(&audience, lines).await;
            if !lines.is_empty() {
                sleep(RETRY).await;
            }
        }
    }
}

/// Closes those whose tokens are no good. Answers those of which the engine did not tell.
async fn check(audience: &Audience, lines: Vec<Arc<Line>>) -> Vec<Arc<Line>> {
    let check = |line: Arc<Line>| async move {
        let Owner { user, token, .. } = line.owner()?;
        match audience.tokens.is_revoked(*user, token).await {
            Ok(false) => None,
            Ok(true) => {
                line.outbox.close(Closing::Code(CloseCode::BadToken));
                None
            }
            Err(_) => Some(line),
        }
    };
    stream::iter(lines).map(check).buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await
}
