//! Messages that are edited, deleted and reacted to over HTTP, as over the WebSocket.

use hubbub_protocol::{
    MessageId, ServerFrame, StreamEvent,
    http::{EventPage, Posted},
};
use serde_json::{Value, json};

use crate::support::{Answer, Person, TestServer, config, read};

/// Asks for a change of a message, under this id.
async fn change(who: &Person, server: &TestServer, of: &Posted, id: MessageId, what: &Value) -> Answer {
    let path = format!("/rooms/{}/messages/{}", of.room, of.offset);
    let (method, path) = match what {
        Value::Null => ("DELETE", format!("{path}?id={id}&message={}", of.id)),
        what if what.get("text").is_some() => ("PATCH", path),
        _ => ("PUT", format!("{path}/reactions")),
    };
    let mut body = what.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("id".to_owned(), json!(id));
        fields.insert("message".to_owned(), json!(of.id));
    }
    who.asks(server, method, &path, &body).await
}

fn edit(text: &str) -> Value {
    json!({"text": text})
}

fn react(on: bool) -> Value {
    json!({"emoji": "\u{1f44d}", "on": on})
}

const DELETE: Value = Value::Null;

async fn page(who: &Person, server: &TestServer) -> Vec<StreamEvent> {
    let page: EventPage = who.gets(server, "/rooms/lobby/messages").await;
    page.messages
}

#[tokio::test]
async fn a_message_is_edited_reacted_to_and_deleted_over_http_and_everyone_hears_of_it() {
    let server = TestServer::default().await;
    let (ada, mut bob) = (Person::new(&server).await, Person::new(&server).await);
    bob.client.join("lobby").await;
    let said = ada.posts(&server, "lobby", "milk?").await;

    let edited: Posted = read(&change(&ada, &server, &said, MessageId::random(), &edit("tea?")).await);
    assert_eq!((edited.offset, edited.room), (2, said.room.clone()));
    let heard = bob.client.find(|frame| matches!(frame, ServerFrame::Edited(_))).await;
    let ServerFrame::Edited(heard) = heard else { panic!("{heard:?}") };
    assert_eq!((heard.of, heard.text.unwrap().as_str(), heard.user.id), (1, "tea?", ada.user.id));

    for (offset, on) in [(3, true), (4, false), (5, true)] {
        let reacted: Posted = read(&change(&bob, &server, &said, MessageId::random(), &react(on)).await);
        assert_eq!(reacted.offset, offset);
        let heard = bob.client.find(|frame| matches!(frame, ServerFrame::Reacted(_))).await;
        assert!(matches!(heard, ServerFrame::Reacted(heard) if heard.on == on && heard.of == 1));
    }
    let events = page(&bob, &server).await;
    let StreamEvent::Message(message) = &events[0] else { panic!("{events:?}") };
    assert_eq!((message.text.as_str(), message.reactions[0].users.as_slice()), ("tea?", &[bob.user.id][..]));

    let deleted: Posted = read(&change(&ada, &server, &said, MessageId::random(), &DELETE).await);
    assert_eq!(deleted.offset, 6);
    let heard = bob.client.find(|frame| matches!(frame, ServerFrame::Deleted(_))).await;
    assert!(matches!(heard, ServerFrame::Deleted(heard) if heard.of == 1));
    let events = page(&bob, &server).await;
    assert!(matches!(&events[0], StreamEvent::Erased(erased) if erased.id == said.id), "{events:?}");
}

#[tokio::test]
async fn a_message_of_somebody_else_is_neither_edited_nor_deleted_over_http() {
    let server = TestServer::default().await;
    let (ada, bob) = (Person::new(&server).await, Person::new(&server).await);
    let said = ada.posts(&server, "lobby", "mine").await;
    for what in [edit("yours"), DELETE] {
        let answer = change(&bob, &server, &said, MessageId::random(), &what).await;
        assert_eq!((answer.status, answer.problem().as_str()), (403, "notAllowed"), "{what}");
    }
    assert_eq!(page(&ada, &server).await.len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_not_changed_over_http() {
    let server = TestServer::default().await;
    let ada = Person::new(&server).await;
    let said = ada.posts(&server, "lobby", "soon gone").await;
    read::<Posted>(&change(&ada, &server, &said, MessageId::random(), &DELETE).await);
    let stays = ada.posts(&server, "lobby", "stays").await;
    let behind = Posted { offset: 99, ..stays.clone() };
    let another = Posted { id: MessageId::random(), ..stays.clone() };
    let an_event = Posted { offset: 2, ..said.clone() };
    for of in [&said, &behind, &another, &an_event] {
        for what in [edit("back"), DELETE, react(true)] {
            let answer = change(&ada, &server, of, MessageId::random(), &what).await;
            assert_eq!((answer.status, answer.problem().as_str()), (404, "noSuchMessage"), "{of:?}, {what}");
        }
    }
    for (what, code) in [(edit(" "), "emptyText"), (json!({"emoji": "lol", "on": true}), "badEmoji")] {
        let answer = change(&ada, &server, &stays, MessageId::random(), &what).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, code));
    }
    let answer = ada.asks(&server, "DELETE", "/rooms/lobby/messages/x?id=1&message=2", &DELETE).await;
    assert_eq!((answer.status, answer.problem().as_str()), (400, "badField"));
    assert_eq!(page(&ada, &server).await.len(), 3);
}

#[tokio::test]
async fn a_change_that_is_asked_for_twice_over_http_is_stored_once() {
    let server = TestServer::default().await;
    let ada = Person::new(&server).await;
    let said = ada.posts(&server, "lobby", "hello").await;
    for (offset, what) in [(2, edit("better")), (3, react(true)), (4, DELETE)] {
        let id = MessageId::random();
        let first: Posted = read(&change(&ada, &server, &said, id, &what).await);
        let again: Posted = read(&change(&ada, &server, &said, id, &what).await);
        assert_eq!((first.offset, &first), (offset, &again), "{what}");
    }
    // The same id for something else is what it was before.
    let body = json!({"id": said.id, "text": "another"});
    let again: Posted = read(&ada.asks(&server, "POST", "/rooms/lobby/messages", &body).await);
    assert_eq!(again, said);
    assert_eq!(page(&ada, &server).await.len(), 4);
}

#[tokio::test]
async fn who_makes_rooms_too_fast_is_told_when_to_come_again_and_others_are_not() {
    let rates = ["--rate", "user-rooms=1/min+2,address-rooms=off"];
    let server = TestServer::start(config(&rates)).await;
    let (ada, bob) = (Person::new(&server).await, Person::new(&server).await);
    let create = async |who: &Person, name: &str| {
        who.asks(&server, "POST", "/rooms", &json!({"kind": "public", "room": name})).await
    };
    for name in ["one", "two"] {
        assert_eq!(create(&ada, name).await.status, 201);
    }
    let refused = create(&ada, "three").await;
    assert_eq!((refused.status, refused.problem().as_str()), (429, "tooFast"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let direct = ada.asks(&server, "POST", "/direct", &json!({"user": bob.user.id})).await;
    assert_eq!((direct.status, direct.problem().as_str()), (429, "tooFast"));
    assert_eq!(create(&bob, "three").await.status, 201);
    // What was there before is as it was.
    ada.posts(&server, "three", "hello").await;
}
