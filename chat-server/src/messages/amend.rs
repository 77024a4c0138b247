//! What a change makes of a message: who may do it, what stands in its place, and what is told of it. Pure.

use hubbub_protocol::{
    Deleted, Edited, Emoji, Erased, ErrorCode, Message, MessageId, MessageText, Offset, Reacted, Reaction,
    RoomName, StreamEvent, Timestamp, User, UserId, limits::REACTIONS_PER_MESSAGE,
};

/// What is to become of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Another text.
    Edit {
        /// What it says from now on.
        text: MessageText,
        /// Whom that names.
        mentions: Vec<UserId>,
    },
    /// Its end.
    Delete,
    /// A reaction, or the end of one.
    React {
        /// With what.
        emoji: Emoji,
        /// Whether it is to be there.
        on: bool,
    },
}

/// Why a message is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no message at that offset, or another one.
    #[error("there is no such message, or not any more")]
    NoSuchMessage,
    /// It is somebody else's.
    #[error("only who sent a message may change it")]
    NotAllowed,
    /// It has [`REACTIONS_PER_MESSAGE`].
    #[error("the message has {REACTIONS_PER_MESSAGE} reactions; no more are allowed")]
    TooManyReactions,
}

impl Refusal {
    /// Its code on the wire.
    pub fn code(self) -> ErrorCode {
        match self {
            Self::NoSuchMessage => ErrorCode::NoSuchMessage,
            Self::NotAllowed => ErrorCode::NotAllowed,
            Self::TooManyReactions => ErrorCode::TooManyReactions,
        }
    }
}

/// What stands in the place of a message that was changed. The offset of the change, `amended`, is for the engine
/// to fill in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replacement {
    /// It goes on.
    Message(Message),
    /// It was deleted.
    Erased(Erased),
}

/// What a change makes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amended {
    /// What is told; its offset is for the engine to fill in.
    pub event: StreamEvent,
    /// What stands in its place.
    pub replacement: Replacement,
    /// Whether what told of the text before is to be told without it from now on.
    pub supersedes_text: bool,
}

/// Applies a change that `by` makes to the message with the id `message`, which is now `present`.
///
/// # Errors
/// See [`Refusal`]. A reaction that is there already, or not there, is told again and changes nothing.
pub fn amend(
    present: StreamEvent,
    message: MessageId,
    by: &User,
    change: Change,
    time: Timestamp,
) -> Result<Amended, Refusal> {
    let StreamEvent::Message(present) = present else { return Err(Refusal::NoSuchMessage) };
    if present.id != message {
        return Err(Refusal::NoSuchMessage);
    }
    let told = Told { room: present.room.clone(), of: present.offset, id: message, user: by.clone(), time };
    match change {
        Change::Edit { .. } | Change::Delete if present.user.id != by.id => Err(Refusal::NotAllowed),
        Change::Edit { text, mentions } => Ok(edit(present, told, text, mentions)),
        Change::Delete => Ok(delete(present, told)),
        Change::React { emoji, on } => react(present, told, emoji, on),
    }
}

/// The same event, without the text that a later change took the place of.
pub fn without_text(event: StreamEvent) -> StreamEvent {
    match event {
        StreamEvent::Edited(edited) => {
            StreamEvent::Edited(Edited { text: None, mentions: Vec::new(), ..edited })
        }
        other => other,
    }
}

/// What every event of a change says.
struct Told {
    room: RoomName,
    of: Offset,
    id: MessageId,
    user: User,
    time: Timestamp,
}

/// For the engine to fill in.
const UNKNOWN: Offset = 0;

fn edit(present: Message, told: Told, text: MessageText, mentions: Vec<UserId>) -> Amended {
    let Told { room, of, id, user, time } = told;
    let edited = Edited {
        room,
        offset: UNKNOWN,
        of,
        id,
        user,
        text: Some(text.clone()),
        mentions: mentions.clone(),
        time,
    };
    Amended {
        event: StreamEvent::Edited(edited),
        replacement: Replacement::Message(Message { text, mentions, edited: Some(time), ..present }),
        supersedes_text: true,
    }
}

fn delete(present: Message, told: Told) -> Amended {
    let Told { room, of, id, user, time } = told;
    let erased = Erased {
        room: present.room,
        offset: present.offset,
        id: present.id,
        user: present.user,
        time: present.time,
        amended: UNKNOWN,
    };
    Amended {
        event: StreamEvent::Deleted(Deleted { room, offset: UNKNOWN, of, id, user, time }),
        replacement: Replacement::Erased(erased),
        supersedes_text: true,
    }
}

fn react(mut present: Message, told: Told, emoji: Emoji, on: bool) -> Result<Amended, Refusal> {
    let Told { room, of, id, user, time } = told;
    let reactions = &mut present.reactions;
    let count: usize = reactions.iter().map(|reaction| reaction.users.len()).sum();
    let place = reactions.iter().position(|reaction| reaction.emoji == emoji);
    let is_there = place.is_some_and(|place| reactions[place].users.contains(&user.id));
    match place {
        Some(place) if is_there && !on => {
            reactions[place].users.retain(|other| *other != user.id);
            reactions.retain(|reaction| !reaction.users.is_empty());
        }
        _ if is_there == on => {}
        _ if count >= REACTIONS_PER_MESSAGE => return Err(Refusal::TooManyReactions),
        Some(place) => reactions[place].users.push(user.id),
        None => reactions.push(Reaction { emoji: emoji.clone(), users: vec![user.id] }),
    }
    Ok(Amended {
        event: StreamEvent::Reacted(Reacted { room, offset: UNKNOWN, of, id, user, emoji, on, time }),
        replacement: Replacement::Message(present),
        supersedes_text: false,
    })
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::UserName;

    use super::*;

    fn user(name: &str) -> User {
        User { id: UserId::random(), name: UserName::parse(name).unwrap() }
    }

    fn text(text: &str) -> MessageText {
        MessageText::parse(text).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_millis(seconds * 1_000)
    }

    fn message(user: &User) -> Message {
        Message {
            room: RoomName::parse("lobby").unwrap(),
            offset: 7,
            id: MessageId::random(),
            user: user.clone(),
            text: text("hello"),
            time: at(1),
            mentions: vec![],
            edited: None,
            reactions: vec![],
            amended: 0,
        }
    }

    fn change(message: &Message, by: &User, change: Change) -> Result<Amended, Refusal> {
        amend(StreamEvent::Message(message.clone()), message.id, by, change, at(9))
    }

    fn reacted(message: &Message, by: &User, emoji: &str, on: bool) -> Result<Message, Refusal> {
        let emoji = Emoji::parse(emoji).unwrap();
        match change(message, by, Change::React { emoji, on })?.replacement {
            Replacement::Message(message) => Ok(message),
            Replacement::Erased(_) => panic!("a reaction deletes nothing"),
        }
    }

    #[test]
    fn an_edit_keeps_place_time_and_reactions_and_says_when() {
        let (ada, named) = (user("Ada"), vec![UserId::random()]);
        let before = reacted(&message(&ada), &ada, "\u{1f44d}", true).unwrap();
        let edit = Change::Edit { text: text("better"), mentions: named.clone() };
        let Amended { event, replacement, supersedes_text } = change(&before, &ada, edit).unwrap();
        let edited = Some(at(9));
        let expected = Message { text: text("better"), mentions: named, edited, ..before.clone() };
        assert_eq!(replacement, Replacement::Message(expected));
        assert!(supersedes_text);
        let StreamEvent::Edited(edited) = event else { panic!("{event:?}") };
        assert_eq!((edited.of, edited.id, edited.time), (7, before.id, at(9)));
        let StreamEvent::Edited(bare) = without_text(StreamEvent::Edited(edited)) else {
            panic!("still one")
        };
        assert_eq!((bare.text, bare.mentions), (None, vec![]));
    }

    #[test]
    fn what_stands_for_a_deleted_message_has_nothing_of_what_it_said() {
        let ada = user("Ada");
        let before = message(&ada);
        let Amended { event, replacement, .. } = change(&before, &ada, Change::Delete).unwrap();
        assert!(matches!(event, StreamEvent::Deleted(Deleted { of: 7, .. })));
        let Message { room, offset, id, user, time, .. } = before;
        assert_eq!(replacement, Replacement::Erased(Erased { room, offset, id, user, time, amended: 0 }));
    }

    #[test]
    fn only_its_sender_edits_or_deletes_a_message_and_everyone_reacts() {
        let (ada, bob) = (user("Ada"), user("Bob"));
        let hers = message(&ada);
        let edit = Change::Edit { text: text("his"), mentions: vec![] };
        assert_eq!(change(&hers, &bob, edit), Err(Refusal::NotAllowed));
        assert_eq!(change(&hers, &bob, Change::Delete), Err(Refusal::NotAllowed));
        assert!(reacted(&hers, &bob, "\u{1f389}", true).is_ok());
    }

    #[test]
    fn another_id_and_what_is_no_message_are_no_such_message() {
        let ada = user("Ada");
        let hers = message(&ada);
        let other = MessageId::random();
        let answer = amend(StreamEvent::Message(hers.clone()), other, &ada, Change::Delete, at(9));
        assert_eq!(answer, Err(Refusal::NoSuchMessage));
        let Message { room, offset, id, user, time, .. } = hers;
        let erased = StreamEvent::Erased(Erased { room, offset, id, user, time, amended: 8 });
        assert_eq!(amend(erased, id, &ada, Change::Delete, at(9)), Err(Refusal::NoSuchMessage));
    }

    #[test]
    fn a_reaction_counts_once_for_each_user_and_goes_with_the_last() {
        let (ada, bob) = (user("Ada"), user("Bob"));
        let mut message = message(&ada);
        for (by, on, expected) in [
            (&ada, true, vec![ada.id]),
            (&ada, true, vec![ada.id]),
            (&bob, true, vec![ada.id, bob.id]),
            (&ada, false, vec![bob.id]),
            (&ada, false, vec![bob.id]),
        ] {
            message = reacted(&message, by, "\u{1f44d}", on).unwrap();
            assert_eq!(message.reactions[0].users, expected);
        }
        assert_eq!(reacted(&message, &bob, "\u{1f44d}", false).unwrap().reactions, []);
    }

    #[test]
    fn a_message_takes_no_more_reactions_than_allowed_and_lets_go_of_them() {
        let ada = user("Ada");
        let full = |count| {
            let users = (0..count).map(|_| UserId::random()).chain([ada.id]).collect();
            let emoji = Emoji::parse("\u{1f44d}").unwrap();
            Message { reactions: vec![Reaction { emoji, users }], ..message(&ada) }
        };
        let bob = user("Bob");
        assert!(reacted(&full(REACTIONS_PER_MESSAGE - 2), &bob, "\u{1f389}", true).is_ok());
        let message = full(REACTIONS_PER_MESSAGE - 1);
        assert_eq!(reacted(&message, &bob, "\u{1f389}", true), Err(Refusal::TooManyReactions));
        assert_eq!(reacted(&message, &bob, "\u{1f44d}", true), Err(Refusal::TooManyReactions));
        assert!(reacted(&message, &ada, "\u{1f44d}", true).is_ok(), "it is there already");
        assert!(reacted(&message, &ada, "\u{1f44d}", false).is_ok());
    }
}
