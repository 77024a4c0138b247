//! Somebody who speaks WebSocket and HTTP.

use hubbub_protocol::{
    RoomName, User,
    http::{Posted, RoomInfo},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Answer, Client, TestServer, request};

/// A guest with a session.
pub(crate) struct Person {
    pub(crate) client: Client,
    pub(crate) user: User,
    pub(crate) token: String,
}

impl Person {
    pub(crate) async fn new(server: &TestServer) -> Self {
        let mut client = server.connect().await;
        let (user, token) = client.hello(None, vec![]).await;
        Self { client, user, token: token.unwrap() }
    }

    /// A call of the API; without a body when it is null.
    pub(crate) async fn asks(&self, server: &TestServer, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.token);
        let headers = [("authorization", authorization.as_str())];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        request(server.ports.public, method, &format!("/api/v1{path}"), &headers, &body).await
    }

    pub(crate) async fn gets<T: DeserializeOwned>(&self, server: &TestServer, path: &str) -> T {
        read(&self.asks(server, "GET", path, &json!(null)).await)
    }

    /// Says something over HTTP.
    pub(crate) async fn posts(&self, server: &TestServer, room: &str, text: &str) -> Posted {
        let body = json!({"id": hubbub_protocol::MessageId::random(), "text": text});
        read(&self.asks(server, "POST", &format!("/rooms/{room}/messages"), &body).await)
    }

    /// A private room.
    pub(crate) async fn founds(&self, server: &TestServer) -> RoomName {
        let body = json!({"kind": "private", "title": "Secret plans"});
        let info: RoomInfo = read(&self.asks(server, "POST", "/rooms", &body).await);
        info.room
    }

    pub(crate) async fn invites(&self, server: &TestServer, room: &RoomName, guest: &Self) {
        let path = format!("/rooms/{room}/members/{}", guest.user.id);
        assert_eq!(self.asks(server, "PUT", &path, &json!({"role": "member"})).await.status, 204);
    }
}

/// What an answer says that is no refusal.
pub(crate) fn read<T: DeserializeOwned>(answer: &Answer) -> T {
    assert!((200..300).contains(&answer.status), "{}: {}", answer.status, answer.body);
    serde_json::from_str(&answer.body).unwrap()
}
