//! What is said in rooms, and what becomes of it.

use std::io::Write;

use chat_client::{ApiError, Event, OutboxFull, api::Page};
use hubbub_protocol::{Emoji, MessageId, MessageText, Offset, RoomName, StreamEvent};
use tokio::time::Instant;

use super::{super::words, Stage, Stop, Unread, note, unanswered};

impl<W: Write> Stage<W> {
    pub(super) async fn send(&mut self, room: RoomName, text: &MessageText) -> Result<(), Stop> {
        let sent = self.speaker_mut().client.send(room.clone(), text.clone());
        if let Some((id, offset)) = self.stored(sent).await? {
            self.messages.insert((room, offset), id);
        }
        Ok(())
    }

    pub(super) async fn post(&mut self, room: &RoomName, text: &MessageText) -> Result<(), Stop> {
        let result = self.speaker().api.post(room, MessageId::random(), text).await;
        let Some(posted) = self.answered(result)? else { return Ok(()) };
        self.messages.insert((room.clone(), posted.offset), posted.id);
        self.say(format!("stored at {}", posted.offset))
    }

    pub(super) async fn edit(
        &mut self,
        room: RoomName,
        offset: Offset,
        text: &MessageText,
    ) -> Result<(), Stop> {
        let message = self.message_at(&room, offset).await?;
        let sent = self.speaker_mut().client.edit(room, offset, message, text.clone());
        self.stored(sent).await.map(drop)
    }

    pub(super) async fn delete(&mut self, room: RoomName, offset: Offset) -> Result<(), Stop> {
        let message = self.message_at(&room, offset).await?;
        let sent = self.speaker_mut().client.delete(room, offset, message);
        self.stored(sent).await.map(drop)
    }

    pub(super) async fn react(
        &mut self,
        room: RoomName,
        offset: Offset,
        emoji: &Emoji,
        on: bool,
    ) -> Result<(), Stop> {
        let message = self.message_at(&room, offset).await?;
        let sent = self.speaker_mut().client.react(room, offset, message, emoji.clone(), on);
        self.stored(sent).await.map(drop)
    }

    /// The id of the message that is, or was, at this offset. Where there is none, one that the server does not know
    /// either: the refusal is for it to say.
    async fn message_at(&mut self, room: &RoomName, offset: Offset) -> Result<MessageId, Stop> {
        let place = (room.clone(), offset);
        if !self.messages.contains_key(&place) {
            let page = Page::After(offset.saturating_sub(1));
            match self.speaker().api.events(room, page, 1).await {
                Ok(page) => page.messages.iter().for_each(|event| note(&mut self.messages, event)),
                Err(ApiError::Refused { .. }) => {}
                Err(error) => return Err(unanswered(&error)),
            }
        }
        Ok(self.messages.get(&place).copied().unwrap_or_else(MessageId::random))
    }

    /// Waits until what was sent is stored or refused, and prints which. Answers the id and the place of what is stored.
    async fn stored(
        &mut self,
        sent: Result<MessageId, OutboxFull>,
    ) -> Result<Option<(MessageId, Offset)>, Stop> {
        let sent = sent.map_err(|full| Stop::Unmet(full.to_string()))?;
        let answer = self
            .answer("an acknowledgement", |event, _| match event {
                Event::Acknowledged { id, offset, .. } if *id == sent => Some(Ok(*offset)),
                Event::NotSent { id, error } if *id == sent => Some(Err(error.code)),
                _ => None,
            })
            .await?;
        match answer {
            Ok(offset) => self.say(format!("stored at {offset}")).map(|()| Some((sent, offset))),
            Err(code) => self.say(format!("error {code}")).map(|()| None),
        }
    }

    pub(super) async fn expect(&mut self, room: &RoomName, text: &MessageText) -> Result<(), Stop> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let Some(unread) = self.speaker_mut().rooms.get_mut(room) else {
                return Err(Stop::Unmet(format!("{} is not in {}", self.speaker().name, self.shown(room))));
            };
            match unread.pop_front() {
                Some(Unread::Gap) => self.say("gap")?,
                Some(Unread::Out(reason)) => {
                    self.speaker_mut().rooms.remove(room);
                    self.say(words::out(reason))?;
                    if text.as_str() == words::out(reason) {
                        return Ok(());
                    }
                }
                Some(Unread::Event(event)) => {
                    let told = words::told(&event, &self.called());
                    let line = words::line(&event, &self.called());
                    self.say(line)?;
                    let said = matches!(&event, StreamEvent::Message(message) if message.text == *text);
                    if said || told == text.as_str() {
                        return Ok(());
                    }
                }
                None => {
                    let event = tokio::time::timeout_at(deadline, self.listen()).await;
                    let what = format!("message {:?} in {}", text.as_str(), self.shown(room));
                    event.map_err(|_| self.late(&what))??;
                }
            }
        }
    }

    pub(super) async fn history(&mut self, room: &RoomName, page: Page, limit: usize) -> Result<(), Stop> {
        let result = self.speaker().api.events(room, page, limit).await;
        let Some(page) = self.answered(result)? else { return Ok(()) };
        if page.messages.is_empty() {
            return self.say("nothing");
        }
        page.messages.iter().for_each(|event| note(&mut self.messages, event));
        let lines: Vec<_> = page.messages.iter().map(|event| words::line(event, &self.called())).collect();
        lines.into_iter().try_for_each(|line| self.say(line))
    }

    pub(super) async fn read(&mut self, room: &RoomName, offset: Offset) -> Result<(), Stop> {
        let result = self.speaker().api.read(room, offset).await;
        match self.answered(result)? {
            Some(state) => self.say(format!("read to {}, {} unread", state.offset, state.unread)),
            None => Ok(()),
        }
    }
}
