//! What happened in a room, in words without times and ids. Pure.

use hubbub_protocol::{LeftReason, MemberChange, Message, Reaction, StreamEvent, UserId};

use crate::printable::printable;

/// An event as a line: its offset, and what happened. `name` says who somebody is.
pub(crate) fn line(event: &StreamEvent, name: &impl Fn(UserId) -> String) -> String {
    format!("{} {}", event.offset(), told(event, name))
}

/// What happened; `expect` can wait for it.
pub(crate) fn told(event: &StreamEvent, name: &impl Fn(UserId) -> String) -> String {
    match event {
        StreamEvent::Message(message) => said(message, name),
        StreamEvent::Edited(event) => match &event.text {
            Some(text) => format!("{} edited {}: {}", event.user.name, event.of, printable(text.as_str())),
            None => format!("{} edited {}", event.user.name, event.of),
        },
        StreamEvent::Deleted(event) => format!("{} deleted {}", event.user.name, event.of),
        StreamEvent::Reacted(event) if event.on => {
            format!("{} put {} to {}", event.user.name, event.emoji, event.of)
        }
        StreamEvent::Reacted(event) => format!("{} took {} from {}", event.user.name, event.emoji, event.of),
        StreamEvent::Erased(event) => format!("{}: (deleted)", event.user.name),
        StreamEvent::Changed(event) => {
            let title = event.title.as_ref().map(|title| format!("changed the title to {title}"));
            let topic = event.topic.as_ref().map(|topic| match topic.as_str() {
                "" => "took the topic away".to_owned(),
                topic => format!("changed the topic to {topic}"),
            });
            let changes: Vec<_> = title.into_iter().chain(topic).collect();
            format!("{} {}", event.user.name, changes.join(" and "))
        }
        StreamEvent::Member(event) => {
            let (user, member) = (&event.user.name, &event.member.name);
            match event.change {
                MemberChange::Invited => format!("{user} invited {member}"),
                MemberChange::Left => format!("{member} left for good"),
                MemberChange::Removed => format!("{user} removed {member}"),
                MemberChange::Owner => format!("{user} made {member} an owner"),
                MemberChange::Member => format!("{user} made {member} a member"),
            }
        }
        StreamEvent::Seen(event) => format!("{} has read to {}", event.user.name, event.of),
    }
}

/// Why somebody is out of a room without having asked.
pub(crate) fn out(reason: LeftReason) -> &'static str {
    match reason {
        LeftReason::Removed => "removed",
        LeftReason::Deleted => "deleted",
    }
}

fn said(message: &Message, name: &impl Fn(UserId) -> String) -> String {
    let text = format!("{}: {}", message.user.name, printable(message.text.as_str()));
    let edited = message.edited.map(|_| "(edited)".to_owned());
    let mentions = (!message.mentions.is_empty()).then(|| format!("(to {})", names(&message.mentions, name)));
    let reactions = message.reactions.iter();
    let reactions = reactions.map(|Reaction { emoji, users }| format!("[{emoji} {}]", names(users, name)));
    let words: Vec<_> = [Some(text), edited, mentions].into_iter().flatten().chain(reactions).collect();
    words.join(" ")
}

fn names(users: &[UserId], name: &impl Fn(UserId) -> String) -> String {
    users.iter().map(|user| name(*user)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{Edited, Emoji, MessageId, MessageText, RoomName, Timestamp, User, UserName};

    use super::*;

    #[test]
    fn a_message_is_told_with_what_became_of_it() {
        let ada = User { id: UserId::random(), name: UserName::parse("Ada").unwrap() };
        let room = RoomName::parse("tea").unwrap();
        let text = MessageText::parse("hi @Ada").unwrap();
        let (id, time) = (MessageId::random(), Timestamp::from_unix_millis(1));
        let reactions = vec![Reaction { emoji: Emoji::parse("👍").unwrap(), users: vec![ada.id] }];
        let message = Message {
            room: room.clone(),
            offset: 3,
            id,
            user: ada.clone(),
            text: text.clone(),
            time,
            mentions: vec![ada.id],
            edited: Some(time),
            reactions,
            amended: 5,
        };
        let name = |id| if id == ada.id { "Ada".to_owned() } else { "?".to_owned() };
        assert_eq!(line(&StreamEvent::Message(message), &name), "3 Ada: hi @Ada (edited) (to Ada) [👍 Ada]");
        let edited = Edited {
            room,
            offset: 4,
            of: 3,
            id,
            user: ada.clone(),
            text: Some(text),
            mentions: vec![],
            time,
        };
        assert_eq!(line(&StreamEvent::Edited(edited.clone()), &name), "4 Ada edited 3: hi @Ada");
        let superseded = Edited { text: None, ..edited };
        assert_eq!(told(&StreamEvent::Edited(superseded), &name), "Ada edited 3");
    }
}
