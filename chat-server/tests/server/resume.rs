//! A client that was away gets what it missed.

use hubbub_protocol::{Epoch, Message, Offset, ResumeFrom, ServerFrame, limits::HISTORY_MAX};

use crate::support::{Client, TestServer, config, room, said};

struct Joined {
    epoch: Epoch,
    offset: Offset,
    recovered: bool,
    messages: Vec<Message>,
}

fn joined(frame: ServerFrame) -> Joined {
    match frame {
        ServerFrame::Joined { epoch, offset, recovered, messages, .. } => {
            Joined { epoch, offset, recovered, messages: said(messages) }
        }
        other => panic!("{other:?}"),
    }
}

/// Says hello with a place in the lobby, and returns what the server makes of it.
async fn resumed(client: &mut Client, token: Option<String>, epoch: Epoch, offset: Offset) -> Joined {
    client.hello(token, vec![ResumeFrom { room: room("lobby"), epoch, offset }]).await;
    joined(client.next().await)
}

async fn say_all(client: &mut Client, count: usize) {
    for number in 0..count {
        client.send("lobby", &number.to_string()).await;
    }
    for _ in 0..count {
        client.message().await;
    }
}

#[tokio::test]
async fn resume_brings_what_was_missed_and_what_comes_then() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    let mut two = server.connect().await;
    let (_, token) = two.hello(None, vec![]).await;
    one.join("lobby").await;
    let epoch = joined(two.join("lobby").await).epoch;
    one.send("lobby", "seen").await;
    assert_eq!(two.message().await.offset, 1);
    drop(two);
    one.send("lobby", "missed").await;
    one.send("lobby", "missed too").await;
    one.message().await;
    one.message().await;
    one.message().await;
    let mut two = server.connect().await;
    let resumed = resumed(&mut two, token, epoch, 1).await;
    assert!(resumed.recovered);
    assert_eq!(resumed.offset, 3);
    let texts: Vec<_> = resumed.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["missed", "missed too"]);
    one.send("lobby", "live").await;
    assert_eq!(two.message().await.offset, 4);
}

#[tokio::test]
async fn resume_of_nothing_missed_brings_nothing() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    let Joined { epoch, offset, .. } = joined(one.join("lobby").await);
    let resumed = resumed(&mut server.connect().await, None, epoch, offset).await;
    assert!(resumed.recovered && resumed.messages.is_empty());
}

#[tokio::test]
async fn resume_in_another_epoch_or_from_the_future_is_told_as_a_loss() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    let epoch = joined(one.join("lobby").await).epoch;
    say_all(&mut one, 3).await;
    for (epoch, offset) in [(Epoch("of old".into()), 1), (epoch, 9)] {
        let resumed = resumed(&mut server.connect().await, None, epoch, offset).await;
        assert!(!resumed.recovered);
        assert_eq!((resumed.messages.len(), resumed.offset), (3, 3));
    }
}

#[tokio::test]
async fn resume_of_more_than_is_kept_is_told_as_a_loss() {
    let server = TestServer::start(config(&["--history", "5"])).await;
    let mut one = server.guest().await;
    let epoch = joined(one.join("lobby").await).epoch;
    say_all(&mut one, 10).await;
    let trimmed = resumed(&mut server.connect().await, None, epoch.clone(), 2).await;
    assert!(!trimmed.recovered);
    assert_eq!(trimmed.messages.first().map(|message| message.offset), Some(6));
    let kept = resumed(&mut server.connect().await, None, epoch, 5).await;
    assert!(kept.recovered);
    assert_eq!(kept.messages.len(), 5);
}

#[tokio::test]
async fn resume_of_more_than_a_page_brings_all_of_it_in_order() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    let epoch = joined(one.join("lobby").await).epoch;
    let said = HISTORY_MAX + 100;
    say_all(&mut one, said).await;
    let mut two = server.connect().await;
    two.hello(None, vec![ResumeFrom { room: room("lobby"), epoch, offset: 50 }]).await;
    let mut offsets = Vec::new();
    let joined = loop {
        match two.next().await {
            ServerFrame::Message(message) => offsets.push(message.offset),
            frame => break joined(frame),
        }
    };
    assert!(joined.recovered);
    offsets.extend(joined.messages.iter().map(|message| message.offset));
    assert_eq!(offsets, (51..=said as u64).collect::<Vec<_>>());
    one.send("lobby", "live").await;
    assert_eq!(two.message().await.offset, said as u64 + 1);
}

#[tokio::test]
async fn a_page_has_no_more_bytes_than_half_of_the_queue() {
    let server = TestServer::start(config(&["--queue-bytes", "65536"])).await;
    let mut one = server.guest().await;
    let epoch = joined(one.join("lobby").await).epoch;
    for _ in 0..20 {
        one.send("lobby", &"x".repeat(4_000)).await;
        one.message().await;
    }
    let mut two = server.guest().await;
    let page = joined(two.join("lobby").await);
    assert_eq!(page.messages.last().map(|message| message.offset), Some(20));
    assert!(page.messages.len() < 10, "{}", page.messages.len());
    let mut three = server.connect().await;
    three.hello(None, vec![ResumeFrom { room: room("lobby"), epoch, offset: 0 }]).await;
    for offset in 1..=8 {
        assert_eq!(three.message().await.offset, offset, "what does not fit a page comes before it");
    }
}

#[tokio::test]
async fn joining_while_others_speak_neither_loses_nor_doubles() {
    let server = TestServer::default().await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    let speaking = async {
        for number in 0..300 {
            one.send("lobby", &number.to_string()).await;
            one.message().await;
        }
    };
    let joining = async {
        for _ in 0..20 {
            let mut two = server.guest().await;
            let mut next = joined(two.join("lobby").await).offset + 1;
            while next < 300 && !next.is_multiple_of(15) {
                assert_eq!(two.message().await.offset, next);
                next += 1;
            }
        }
    };
    tokio::join!(speaking, joining);
}
