//! Whether a session goes too fast, by what its frames ask for.

use std::num::NonZeroU32;

use hubbub_protocol::{ClientFrame, MessageId, Rejection, RoomName, ServerFrame, UserId, limits::Limited};

use super::encode;
use crate::{
    limits::{ConnectionLimits, Limits, TooFast},
    public::ClientAddress,
};

/// What counts a session's frames.
pub(super) struct Pace {
    connection: ConnectionLimits,
    address: ClientAddress,
}

/// A frame that came too fast.
pub(super) struct Refusal {
    pub(super) error: Box<ServerFrame>,
    /// It went on long after it was told: there is no use in telling.
    pub(super) hopeless: bool,
}

impl Pace {
    /// Of a session that begins, from this address.
    pub(super) fn new(limits: &Limits, address: ClientAddress) -> Self {
        Self { connection: limits.of_connection(), address }
    }

    /// A frame came, of so many bytes.
    ///
    /// # Errors
    /// What it is answered with when it came too fast. Nothing of it is to be done then.
    pub(super) fn frame(
        &self,
        limits: &Limits,
        user: UserId,
        frame: &Result<ClientFrame, Rejection>,
        bytes: usize,
    ) -> Result<(), Refusal> {
        let asked = frame.as_ref().map_or(Asked::NOTHING, Asked::of);
        let bytes = u32::try_from(bytes).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let checked = (|| {
            self.connection.check(Limited::Frames)?;
            self.connection.check_many(Limited::Bytes, bytes)?;
            asked.limited.map_or(Ok(()), |limited| self.connection.check(limited))?;
            if asked.limited == Some(Limited::Changes) {
                limits.check(Limited::UserChanges, user)
            } else {
                Ok(())
            }
        })();
        checked.map_err(|too_fast| self.refusal(too_fast, asked))
    }

    /// A room is about to get its first message, by which it is kept.
    ///
    /// # Errors
    /// When too many did. `reference` is what the message is called.
    pub(super) fn new_room(
        &self,
        limits: &Limits,
        user: UserId,
        reference: Option<String>,
    ) -> Result<(), Refusal> {
        limits
            .check_new_room(user, self.address)
            .map_err(|too_fast| self.refusal(too_fast, Asked { limited: None, reference, again: true }))
    }

    fn refusal(&self, too_fast: TooFast, Asked { reference, again, .. }: Asked) -> Refusal {
        let mut error = encode::too_fast(&too_fast, reference);
        if let (false, ServerFrame::Error(error)) = (again, &mut error) {
            error.retry_after_ms = None;
        }
        Refusal { error: Box::new(error), hopeless: self.connection.check(Limited::Refusals).is_err() }
    }
}

/// What a frame asks for.
struct Asked {
    limited: Option<Limited>,
    reference: Option<String>,
    /// Whether it is worth asking for again later.
    again: bool,
}

impl Asked {
    const NOTHING: Self = Self { limited: None, reference: None, again: false };

    fn of(frame: &ClientFrame) -> Self {
        let change = |id: &MessageId| Self {
            limited: Some(Limited::Changes),
            reference: Some(id.to_string()),
            again: true,
        };
        let about = |room: &RoomName| Some(room.to_string());
        match frame {
            ClientFrame::Send { id, .. }
            | ClientFrame::Edit { id, .. }
            | ClientFrame::Delete { id, .. }
            | ClientFrame::React { id, .. } => change(id),
            ClientFrame::Join { room, .. } => {
                Self { limited: Some(Limited::Joins), reference: about(room), again: true }
            }
            ClientFrame::Rename { .. } => {
                Self { limited: Some(Limited::Renames), reference: None, again: true }
            }
            // The next one says the same, and more.
            ClientFrame::Typing { .. } => Self { limited: Some(Limited::Typing), ..Self::NOTHING },
            ClientFrame::Read { .. } => Self { limited: Some(Limited::Reads), ..Self::NOTHING },
            ClientFrame::Leave { .. } | ClientFrame::Hello { .. } | ClientFrame::Ping => Self::NOTHING,
        }
    }
}
