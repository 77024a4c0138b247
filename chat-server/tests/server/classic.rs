//! The classic API: a user with a key, and one room that everyone reads.

use hubbub_protocol::{
    ClientFrame, MessageId, ServerFrame, User, UserId,
    http::{CLASSIC_ROOM, KeptMessage, MESSAGE_PATH, USER_PATH, UserKey},
};
use serde_json::{Value, json};

use crate::support::{Answer, RedisServer, TestServer, config, request};

const EMAIL: &str = "Ada@Example.org";

async fn call(server: &TestServer, method: &str, path: &str, cookie: Option<&str>, body: &Value) -> Answer {
    let headers: Vec<_> = cookie.iter().map(|cookie| ("cookie", *cookie)).collect();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request(server.ports.public, method, path, &headers, &body).await
}

async fn create(server: &TestServer, email: &str) -> UserKey {
    let answer = call(server, "POST", USER_PATH, None, &json!({"email": email})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    serde_json::from_str(&answer.body).unwrap()
}

async fn log_in(server: &TestServer, email: &str, key: &str) -> Answer {
    call(server, "PUT", USER_PATH, None, &json!({"email": email, "key": key})).await
}

/// What a browser sends back.
fn cookie(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let set = answer.header("set-cookie").unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Lax; "), "{set}");
    set.split(';').next().unwrap().to_owned()
}

async fn post(server: &TestServer, cookie: &str, body: &Value) -> KeptMessage {
    let answer = call(server, "POST", MESSAGE_PATH, Some(cookie), body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

async fn all(server: &TestServer) -> Vec<KeptMessage> {
    let answer = server.get(MESSAGE_PATH).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
}

#[tokio::test]
async fn a_user_is_created_logs_in_says_something_and_everyone_reads_it_on_every_server() {
    let redis = RedisServer::start();
    let url = redis.url();
    let flags = ["--engine", "redis", "--redis-url", &url];
    let servers = [TestServer::start(config(&flags)).await, TestServer::start(config(&flags)).await];
    let UserKey { id, key } = create(&servers[0], EMAIL).await;
    assert_eq!(key.len(), 64, "256 bits");
    let login = log_in(&servers[1], "ada@example.org", &key).await;
    let user: User = serde_json::from_str(&login.body).unwrap();
    assert_eq!((user.id, user.name.as_str()), (id, "Ada"), "as the address says");
    let cookie = cookie(&login);

    assert_eq!(all(&servers[0]).await, []);
    let first = post(&servers[0], &cookie, &json!({"text": "first"})).await;
    let second = post(&servers[1], &cookie, &json!({"text": "second"})).await;
    assert_eq!((&first.user, first.text.as_str()), (&user, "first"));
    assert!(first.time <= second.time);
    for server in &servers {
        assert_eq!(all(server).await, [first.clone(), second.clone()], "the oldest first");
    }
}

#[tokio::test]
async fn an_address_is_for_one_user_and_a_wrong_key_is_refused() {
    let server = TestServer::default().await;
    let key = create(&server, EMAIL).await.key;
    let again = call(&server, "POST", USER_PATH, None, &json!({"email": "ADA@example.org"})).await;
    assert_eq!((again.status, again.problem().as_str()), (409, "emailTaken"));
    let wrong = log_in(&server, EMAIL, &key.replace(['0', '1'], "2")).await;
    assert_eq!((wrong.status, wrong.problem().as_str()), (401, "wrongPassword"));
    assert_eq!(wrong.header("set-cookie"), None);
    let unknown = log_in(&server, "nobody@example.org", &key).await;
    assert_eq!((unknown.status, &unknown.body), (wrong.status, &wrong.body));
    for (body, code) in
        [(json!({"email": "ada"}), "badEmail"), (json!({"email": EMAIL, "name": " "}), "emptyName")]
    {
        let answer = call(&server, "POST", USER_PATH, None, &body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, code));
    }
}

#[tokio::test]
async fn who_is_not_logged_in_says_nothing_and_neither_does_a_page_of_another_site() {
    let server = TestServer::default().await;
    let body = json!({"text": "hello"});
    for cookie in [None, Some("hubbub=nobodys")] {
        let answer = call(&server, "POST", MESSAGE_PATH, cookie, &body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (401, "notLoggedIn"));
    }
    let key = create(&server, EMAIL).await.key;
    let cookie = cookie(&log_in(&server, EMAIL, &key).await);
    let headers = [("cookie", cookie.as_str()), ("origin", "https://evil.example.org")];
    let foreign = request(server.ports.public, "POST", MESSAGE_PATH, &headers, &body.to_string()).await;
    assert_eq!((foreign.status, foreign.problem().as_str()), (403, "badOrigin"));
    for (text, code) in [(String::new(), "emptyText"), ("x".repeat(4_001), "textTooLong")] {
        let answer = call(&server, "POST", MESSAGE_PATH, Some(&cookie), &json!({"text": text})).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, code));
    }
    assert_eq!(all(&server).await, []);
}

#[tokio::test]
async fn more_than_a_page_is_read_whole_without_what_is_no_message() {
    let server = TestServer::default().await;
    let key = create(&server, EMAIL).await.key;
    let cookie = cookie(&log_in(&server, EMAIL, &key).await);
    let mut said = Vec::new();
    for number in 0..510 {
        said.push(post(&server, &cookie, &json!({"text": format!("\"{number}\"")})).await);
    }
    // Somebody in the room edits and deletes; the list has messages as they are now.
    let mut client = server.connect().await;
    client.hello(Some(cookie.strip_prefix("hubbub=").unwrap().to_owned()), vec![]).await;
    let ServerFrame::Joined { offset: 510, room, .. } = client.join(CLASSIC_ROOM).await else { panic!() };
    let of = |index: usize| hubbub_protocol::Target {
        room: room.clone(),
        offset: index as u64 + 1,
        message: said[index].id,
    };
    let text = hubbub_protocol::MessageText::parse("edited").unwrap();
    let edit = ClientFrame::Edit { id: MessageId::random(), target: of(0), text: text.clone() };
    assert_eq!(client.change(&edit).await, Ok(511));
    let delete = ClientFrame::Delete { id: MessageId::random(), target: of(509) };
    assert_eq!(client.change(&delete).await, Ok(512));

    said[0].text = text;
    said.pop();
    assert_eq!(all(&server).await, said);
}

#[tokio::test]
async fn a_message_that_is_sent_again_is_kept_once() {
    let server = TestServer::default().await;
    let key = create(&server, EMAIL).await.key;
    let cookie = cookie(&log_in(&server, EMAIL, &key).await);
    let body = json!({"text": "once", "id": UserId::random()});
    let first = post(&server, &cookie, &body).await;
    assert_eq!(post(&server, &cookie, &body).await, first);
    assert_eq!(all(&server).await, [first]);
}

#[tokio::test]
async fn what_is_done_too_often_is_refused_and_an_engine_that_is_away_is_told_of() {
    let (server, engine) = TestServer::start_on(config(&["--rate", "user-changes=1/min+2"]), |_| true).await;
    let key = create(&server, EMAIL).await.key;
    let cookie = cookie(&log_in(&server, EMAIL, &key).await);
    let body = json!({"text": "hello"});
    for _ in 0..2 {
        post(&server, &cookie, &body).await;
    }
    let refused = call(&server, "POST", MESSAGE_PATH, Some(&cookie), &body).await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "tooFast"));
    engine.set_away(true);
    let away = server.get(MESSAGE_PATH).await;
    assert_eq!((away.status, away.problem().as_str()), (503, "engineUnavailable"));
}

#[tokio::test]
async fn nobody_owns_the_classic_room() {
    let server = TestServer::default().await;
    let key = create(&server, EMAIL).await.key;
    let cookie = cookie(&log_in(&server, EMAIL, &key).await);
    let body = json!({"kind": "public", "room": CLASSIC_ROOM});
    let answer = call(&server, "POST", "/api/v1/rooms", Some(&cookie), &body).await;
    assert_eq!((answer.status, answer.problem().as_str()), (409, "roomTaken"));
}
