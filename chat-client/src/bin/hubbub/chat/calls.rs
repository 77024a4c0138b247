//! What is typed and done over HTTP: accounts, rooms, pages of history.

use std::sync::Arc;

use chat_client::{Api, ApiError, Client, Identity, api::Page};
use hubbub_protocol::{
    StreamEvent, UserName,
    http::{EventPage, LoginRequest, RegisterRequest, Role, SessionCreated},
    limits::HISTORY_DEFAULT,
};

use super::{Chat, input::Credentials};
use crate::failure::Failure;

/// How many older messages `/history` shows.
const OLDER: usize = 20;

impl Chat {
    /// The guest becomes an account.
    pub(super) async fn register(&mut self, credentials: Credentials) -> Result<(), Failure> {
        let Credentials { email, password } = credentials;
        let request = RegisterRequest { email, password, name: None, device: Some(device()) };
        let result = self.as_user().register(&request).await;
        self.go_on_as(result).await
    }

    /// Goes on as an account.
    pub(super) async fn log_in(&mut self, credentials: Credentials) -> Result<(), Failure> {
        let Credentials { email, password } = credentials;
        let request = LoginRequest { email, password, device: Some(device()) };
        let result = self.api.log_in(&request).await;
        self.go_on_as(result).await
    }

    /// With another client in the same rooms. Their messages were shown already.
    async fn go_on_as(&mut self, result: Result<SessionCreated, ApiError>) -> Result<(), Failure> {
        let Some(session) = self.answered(result)? else { return Ok(()) };
        let mut client = Client::new(Arc::clone(&self.endpoint), Identity::account(session.token));
        for room in self.roster.rooms() {
            client.join(room.clone(), 0);
        }
        let before = std::mem::replace(&mut self.client, client);
        before.close().await;
        self.say(&format!("logged in as {}", session.user.name))
    }

    /// The rooms of the user, then the public ones.
    pub(super) async fn rooms(&mut self) -> Result<(), Failure> {
        let result = self.as_user().my_rooms().await;
        let Some(own) = self.answered(result)? else { return Ok(()) };
        for room in own.rooms {
            self.say(&format!("{}: {} unread", room.info.title, room.unread))?;
        }
        let result = self.as_user().public_rooms(None).await;
        let Some(public) = self.answered(result)? else { return Ok(()) };
        for info in public.rooms {
            self.say(&format!("{}: {} there {}", info.room, info.present, info.topic))?;
        }
        Ok(())
    }

    /// Into the room of the user and somebody who is in sight.
    pub(super) async fn direct(&mut self, name: &UserName) -> Result<(), Failure> {
        let Some(user) = self.roster.find(name) else { return self.say(&format!("nobody here is {name}")) };
        let result = self.as_user().direct_room(user).await;
        let Some(info) = self.answered(result)? else { return Ok(()) };
        self.titles.insert(info.room.clone(), info.title);
        self.client.join(info.room.clone(), HISTORY_DEFAULT);
        self.talk_in(info.room);
        Ok(())
    }

    /// Somebody who is in sight into this room.
    pub(super) async fn invite(&mut self, name: &UserName) -> Result<(), Failure> {
        let Some(user) = self.roster.find(name) else { return self.say(&format!("nobody here is {name}")) };
        let result = self.as_user().set_member(&self.room, user, Role::Member).await;
        match self.answered(result)? {
            Some(()) => self.say(&format!("{name} may come in")),
            None => Ok(()),
        }
    }

    /// Messages of this room from before the first that was shown.
    pub(super) async fn history(&mut self) -> Result<(), Failure> {
        let mut page = self.shown.oldest(&self.room).map_or(Page::Latest, Page::Before);
        loop {
            let result = self.as_user().events(&self.room, page, OLDER).await;
            let Some(EventPage { messages: events, .. }) = self.answered(result)? else { return Ok(()) };
            let Some(first) = events.first().map(StreamEvent::offset) else {
                return self.say("nothing older is kept");
            };
            let messages = events.iter().filter_map(|event| match event {
                StreamEvent::Message(message) => Some(message),
                _ => None,
            });
            let messages: Vec<_> = messages.collect();
            if !messages.is_empty() {
                return messages.into_iter().try_for_each(|message| self.message(message));
            }
            // A page of what else happened, such as that others read.
            page = Page::Before(first);
        }
    }

    /// The API as who talks: the token is that of the client, which may have got another one since.
    fn as_user(&self) -> Api {
        self.client.token().map_or_else(|| self.api.clone(), |token| self.api.with_token(token.to_owned()))
    }

    /// What a call answered; a refusal is told in words.
    fn answered<T>(&mut self, result: Result<T, ApiError>) -> Result<Option<T>, Failure> {
        match result {
            Ok(answer) => Ok(Some(answer)),
            Err(ApiError::Refused { detail, .. }) => self.say(&detail).map(|()| None),
            Err(error) => self.say(&error.to_string()).map(|()| None),
        }
    }
}

/// What this device is called in the list of devices.
fn device() -> String {
    "hubbub chat".to_owned()
}
