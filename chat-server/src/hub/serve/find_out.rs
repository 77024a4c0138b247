//! What a room has to find out from the engine: what it missed, and who is there.

use std::sync::Arc;

use hubbub_protocol::{
    LeftReason,
    limits::{HISTORY_DEFAULT, HISTORY_MAX, MEMBERS_LISTED},
};
use tokio::time::Instant;

use super::{Doubt, Task};
use crate::{
    engine::{EngineError, Page, Range},
    hub::{
        Answer, RETRY, Want,
        fan_out::write_out,
        run::Run,
        tail::{Catchup, Tail},
    },
    session::encode,
};

enum CaughtUp {
    Wholly,
    /// There is more than one page.
    Partly,
    Lost,
}

impl Task {
    /// Asks the engine what was missed; later again when it does not answer.
    pub(super) async fn resolve(&mut self) {
        let Some((doubt, _)) = self.doubt else { return };
        match self.ask(doubt).await {
            Ok(()) => {
                self.doubt = None;
                self.room.was_checked();
            }
            Err(error) => {
                tracing::debug!(room = %self.room.name(), %error, "could not ask what was missed");
                self.doubt = Some((doubt, Instant::now() + RETRY));
            }
        }
    }

    async fn ask(&mut self, doubt: Doubt) -> Result<(), EngineError> {
        let (hub, room) = (Arc::clone(&self.hub), Arc::clone(&self.room));
        loop {
            let Some(offset) = room.state().tail.as_ref().map(Tail::read_after) else { return Ok(()) };
            let page = hub.engine.history(room.name(), Range::After { offset, limit: HISTORY_MAX }).await?;
            let caught_up = self.catch_up(&page);
            // Page after page would fill the queues.
            write_out(&mut self.unwritten).await;
            match caught_up {
                CaughtUp::Partly => {}
                CaughtUp::Wholly => break,
                CaughtUp::Lost => {
                    self.check_admission().await?;
                    return self.restart().await;
                }
            }
        }
        if doubt == Doubt::Messages {
            return Ok(());
        }
        self.check_admission().await?;
        self.refresh().await
    }

    /// Delivers what a page brings of what was missed.
    fn catch_up(&mut self, page: &Page) -> CaughtUp {
        let room = Arc::clone(&self.room);
        let mut state = room.state();
        let Some(tail) = &mut state.tail else { return CaughtUp::Wholly };
        let Catchup::Missed(messages) = tail.catch_up(page) else { return CaughtUp::Lost };
        let wholly = tail.offset() == page.latest;
        state.latest_page = None;
        let delivered =
            Run::all_of(&messages).map(|run| state.members.messages(&run, &mut self.unwritten)).sum();
        drop(state);
        self.hub.metrics.delivered(delivered);
        for message in &messages {
            self.obey(&message.frame);
        }
        if wholly { CaughtUp::Wholly } else { CaughtUp::Partly }
    }

    /// Takes those out who may not be in the room any more, after events that said so may have been lost.
    async fn check_admission(&mut self) -> Result<(), EngineError> {
        let users = self.room.state().members.users();
        let admitted = self.hub.engine.admitted(self.room.name(), &users).await?;
        let left = |user| users.contains(&user) && !admitted.contains(&user);
        self.evicted.extend(self.room.evict(left, Some(LeftReason::Removed)));
        Ok(())
    }

    /// The stream does not go on from where the room is: everyone is told so, with the latest page.
    async fn restart(&self) -> Result<(), EngineError> {
        let Self { hub, room, .. } = self;
        // Another message may have the offset of one that was lost.
        room.state().latest_page = None;
        let (answer, roster) = tokio::try_join!(
            hub.read(room, &Want::Page(HISTORY_DEFAULT)),
            hub.engine.roster(room.name(), MEMBERS_LISTED)
        )?;
        let joined = answer.encode(room.name(), &roster)?;
        let Answer { epoch, latest, .. } = answer;
        tracing::warn!(room = %room.name(), %epoch, offset = latest, "messages were lost");
        let mut state = room.state();
        state.restarts += 1;
        let delivered = state.members.restart(latest, &joined);
        state.tail = Some(Tail::new(epoch, latest));
        drop(state);
        hub.metrics.delivered(delivered);
        Ok(())
    }

    /// Tells everyone who is there, after events about it may have been lost.
    async fn refresh(&self) -> Result<(), EngineError> {
        let Self { hub, room, .. } = self;
        let roster = hub.engine.roster(room.name(), MEMBERS_LISTED).await?;
        let mut state = room.state();
        let Some(tail) = &state.tail else { return Ok(()) };
        let offset = tail.offset();
        let epoch = tail.epoch().clone();
        let messages = encode::messages(&[]);
        let joined =
            Answer { epoch, latest: offset, recovered: true, messages }.encode(room.name(), &roster)?;
        let delivered = state.members.refresh(offset, &joined);
        drop(state);
        hub.metrics.delivered(delivered);
        Ok(())
    }
}
