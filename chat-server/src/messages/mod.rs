//! What users do with messages, over WebSocket and HTTP alike.

pub mod amend;
pub mod mention;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use hubbub_protocol::{
    MessageId, MessageText, RoomKind, RoomName, StreamEvent, Target, Timestamp, User, UserId,
    limits::MEMBERS_PER_ROOM,
};
use tokio::time::timeout;

use self::{
    amend::{Amended, Change, Refusal, Replacement},
    mention::{may_mention, mentions},
};
use crate::{
    engine::{
        Amendment, Content, Draft, Engine, EngineError, Found, FrameTemplate, Present, Published,
        frame::{decode, encode},
    },
    key_locks::KeyLocks,
    metrics::Metrics,
};

/// How often a change is tried anew when others change the same message meanwhile. Changes of this server wait for
/// each other, so it is about how many other servers come first: each try is a chance like theirs.
const ATTEMPTS: usize = 100;

/// Among how many of those who are in a public room a mention is looked for: as many as a private one has members. 100
/// bytes each; only texts with an `@` ask.
const CANDIDATES: usize = MEMBERS_PER_ROOM;

/// Why a message was not stored or not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It may not be done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It could not be done.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What is to become of which message, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The client's GUID for the change.
    pub id: MessageId,
    /// Which message.
    pub target: Target,
    /// What.
    pub wish: Wish,
}

/// What is asked for of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Another text.
    Edit(MessageText),
    /// Its end.
    Delete,
    /// A reaction, or the end of one.
    React {
        /// With what.
        emoji: hubbub_protocol::Emoji,
        /// Whether it is to be there.
        on: bool,
    },
}

/// Stores and changes messages.
pub struct Messages {
    engine: Arc<dyn Engine>,
    metrics: Arc<Metrics>,
    /// For how long a change waits for others of the same message.
    patience: Duration,
    changing: KeyLocks,
}

impl Messages {
    /// On an engine.
    pub fn new(engine: Arc<dyn Engine>, metrics: Arc<Metrics>, patience: Duration) -> Self {
        Self { engine, metrics, patience, changing: KeyLocks::default() }
    }

    /// Stores a message of `user`.
    ///
    /// # Errors
    /// When the engine did not store it, as far as is known; the same id may be sent again.
    pub async fn post(
        &self,
        user: User,
        room: RoomName,
        id: MessageId,
        text: MessageText,
    ) -> Result<Published, EngineError> {
        let mentions = self.mentions(&room, &text, user.id).await?;
        let draft = Draft { room, id, user, content: Content::Message { text, mentions }, time: now() };
        let published = self.engine.publish(draft).await?;
        self.count(&published);
        Ok(published)
    }

    /// Changes a message for `by`. The answer tells of the event of the change.
    ///
    /// # Errors
    /// See [`MessageError`].
    pub async fn change(&self, by: &User, request: Request) -> Result<Published, MessageError> {
        let Request { id, target: Target { room, offset, message }, wish } = request;
        let change = match wish {
            Wish::Edit(text) => Change::Edit { mentions: self.mentions(&room, &text, by.id).await?, text },
            Wish::Delete => Change::Delete,
            Wish::React { emoji, on } => Change::React { emoji, on },
        };
        let place = (&room, offset);
        let Ok(_alone) = timeout(self.patience, self.changing.lock(&place)).await else {
            return Err(EngineError::Unavailable("waiting for an earlier change".to_owned()).into());
        };
        let mut found = self.engine.look_up(&room, offset, id).await?;
        for _ in 0..ATTEMPTS {
            let present = match found {
                Found::Done(published) => {
                    self.count(&published);
                    return Ok(published);
                }
                Found::Nothing => return Err(Refusal::NoSuchMessage.into()),
                Found::Present(present) => present,
            };
            let amendment = amendment(present, &room, id, message, by, change.clone())?;
            found = self.engine.amend(amendment).await?;
        }
        Err(EngineError::Unavailable("others keep changing the message".to_owned()).into())
    }

    /// Whom a text names of those who are in a public room, or have a part in another, there or away.
    async fn mentions(
        &self,
        room: &RoomName,
        text: &MessageText,
        by: UserId,
    ) -> Result<Vec<UserId>, EngineError> {
        if !may_mention(text.as_str()) {
            return Ok(Vec::new());
        }
        let candidates = match room.kind() {
            RoomKind::Public => self.engine.roster(room, CANDIDATES).await?.members,
            RoomKind::Private | RoomKind::Direct => {
                self.engine.members(room, by).await?.into_iter().map(|member| member.user).collect()
            }
        };
        Ok(mentions(text.as_str(), &candidates))
    }

    fn count(&self, published: &Published) {
        if !published.duplicate {
            self.metrics.published();
        }
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

/// What the engine is told to do about a message that is `present`.
fn amendment(
    present: Present,
    room: &RoomName,
    id: MessageId,
    message: MessageId,
    by: &User,
    change: Change,
) -> Result<Amendment, MessageError> {
    let time = now();
    let Amended { event, replacement, supersedes_text } =
        amend::amend(decode(&present.event.frame)?, message, by, change, time)?;
    let superseded = match &present.edit {
        Some(edit) if supersedes_text => Some(encode(&amend::without_text(decode(&edit.frame)?))?),
        _ => None,
    };
    Ok(Amendment {
        room: room.clone(),
        id,
        by: by.id,
        time,
        event_has_text: matches!(event, StreamEvent::Edited(_)),
        event: FrameTemplate::at_offset(&event)?,
        replacement: match replacement {
            Replacement::Message(message) => FrameTemplate::amended(message)?,
            Replacement::Erased(erased) => FrameTemplate::erased(erased)?,
        },
        superseded,
        present,
    })
}
