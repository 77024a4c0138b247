use chat_client::{Client, Event, Identity, Loss};
use futures::{FutureExt, StreamExt, future::join};
use hubbub_protocol::{MessageText, RoomName, UserName, limits::HISTORY_DEFAULT};

use super::{
    faulty::{Fault, FaultyServer},
    proxy::Proxy,
    server::{NEVER, Server, endpoint},
};

fn room() -> RoomName {
    RoomName::parse("tea").unwrap()
}

fn text(text: &str) -> MessageText {
    MessageText::parse(text).unwrap()
}

fn client(address: std::net::SocketAddr, name: &str) -> Client {
    let mut client = Client::new(endpoint(address), Identity::guest_named(UserName::parse(name).unwrap()));
    client.join(room(), HISTORY_DEFAULT);
    client
}

/// Reads events until `wanted` recognises one; gives the others too.
async fn until<T>(client: &mut Client, wanted: impl Fn(&Event) -> Option<T>) -> (T, Vec<Event>) {
    let mut others = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(NEVER, client.next()).await {
        if let Some(found) = wanted(&event) {
            return (found, others);
        }
        others.push(event);
    }
    panic!("it never came: {others:#?}");
}

async fn joined(client: &mut Client) {
    until(client, |event| matches!(event, Event::Joined { .. }).then_some(())).await;
}

fn says(event: &Event, words: &str) -> Option<()> {
    matches!(event, Event::Message(message) if message.text.as_str() == words).then_some(())
}

fn texts(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| if let Event::Message(m) = event { Some(m.text.as_str()) } else { None })
        .collect()
}

#[tokio::test]
async fn a_client_whose_connection_is_cut_gets_all_that_was_said_meanwhile_once_and_in_order() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let (mut ada, mut bob) = (client(proxy.address, "Ada"), client(server.address(), "Bob"));
    joined(&mut ada).await;
    joined(&mut bob).await;
    bob.send(room(), text("one")).unwrap();
    until(&mut bob, |event| says(event, "one")).await;
    until(&mut ada, |event| says(event, "one")).await;

    proxy.shut();
    until(&mut ada, |event| matches!(event, Event::Disconnected { .. }).then_some(())).await;
    for words in ["two", "three"] {
        bob.send(room(), text(words)).unwrap();
        until(&mut bob, |event| says(event, words)).await;
    }
    proxy.open();
    let ((), before) = until(&mut ada, |event| matches!(event, Event::Resumed { .. }).then_some(())).await;
    assert_eq!(texts(&before), ["two", "three"]);
    assert!(
        !before.iter().any(|event| matches!(event, Event::Gap { .. } | Event::Stray { .. })),
        "{before:?}"
    );
}

#[tokio::test]
async fn a_message_that_was_sent_without_a_connection_is_stored_once_when_it_is_back() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let (mut ada, mut bob) = (client(proxy.address, "Ada"), client(server.address(), "Bob"));
    joined(&mut ada).await;
    joined(&mut bob).await;
    proxy.shut();
    until(&mut ada, |event| matches!(event, Event::Disconnected { .. }).then_some(())).await;
    let sent = ada.send(room(), text("from the dark")).unwrap();
    proxy.open();
    until(&mut ada, |event| matches!(event, Event::Acknowledged { id, .. } if *id == sent).then_some(()))
        .await;
    // Whether it came twice shows when the next one comes.
    ada.send(room(), text("the next one")).unwrap();
    let ada_reads = async { while ada.unacknowledged() > 0 && ada.next().await.is_some() {} };
    let ((), before) = join(until(&mut bob, |event| says(event, "the next one")), ada_reads).await.0;
    assert_eq!(texts(&before), ["from the dark"]);
}

#[tokio::test]
async fn a_message_whose_acknowledgement_was_cut_off_is_not_doubled() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let (mut ada, mut bob) = (client(proxy.address, "Ada"), client(server.address(), "Bob"));
    joined(&mut ada).await;
    joined(&mut bob).await;
    ada.send(room(), text("once")).unwrap();
    // Sent, and not read on: the acknowledgement is lost with the connection.
    while says_now(&mut ada).is_none()
        && bob.next().now_or_never().flatten().is_none_or(|it| says(&it, "once").is_none())
    {
        tokio::task::yield_now().await;
    }
    proxy.cut();
    until(&mut ada, |event| matches!(event, Event::Resumed { .. }).then_some(())).await;
    ada.send(room(), text("the end")).unwrap();
    let ((), heard) = until(&mut ada, |event| says(event, "the end")).await;
    assert!(texts(&heard).iter().filter(|words| **words == "once").count() <= 1, "{heard:?}");
    assert_eq!(bob_heard_once(&mut bob).await, 0);
}

/// Lets the client write, without keeping what it reads.
fn says_now(client: &mut Client) -> Option<()> {
    client.next().now_or_never().flatten().and_then(|event| says(&event, "once"))
}

/// How often "once" comes (again) until the end.
async fn bob_heard_once(bob: &mut Client) -> usize {
    let ((), before) = until(bob, |event| says(event, "the end")).await;
    texts(&before).iter().filter(|words| **words == "once").count()
}

#[tokio::test]
async fn a_client_that_is_sent_away_comes_back_without_leaving_the_list() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (client(server.address(), "Ada"), client(server.address(), "Bob"));
    joined(&mut ada).await;
    joined(&mut bob).await;
    server.shed(2).await;
    let resumed = |event: &Event| matches!(event, Event::Resumed { .. }).then_some(());
    let (((), ada_saw), ((), bob_saw)) = join(until(&mut ada, resumed), until(&mut bob, resumed)).await;
    assert!(ada_saw.iter().any(|event| matches!(event, Event::Moving { .. })), "{ada_saw:?}");
    ada.send(room(), text("still here")).unwrap();
    until(&mut ada, |event| says(event, "still here")).await;
    let ((), before) = until(&mut bob, |event| says(event, "still here")).await;
    let left = |event: &&Event| matches!(event, Event::Presence { left, .. } if !left.is_empty());
    assert_eq!(bob_saw.iter().chain(&before).filter(left).count(), 0, "{bob_saw:?} {before:?}");
}

#[tokio::test]
async fn a_client_that_is_sent_away_keeps_its_connection_until_the_next_one_is_there() {
    let server = FaultyServer::start(Fault::None).await;
    let mut ada = client(server.address, "Ada");
    joined(&mut ada).await;
    // This server takes it for a wish to go.
    ada.typing(room());
    let mut order = Vec::new();
    let resumed = |event: &Event| matches!(event, Event::Resumed { .. }).then_some(());
    let ((), before) = until(&mut ada, resumed).await;
    for event in before {
        match event {
            Event::Moving { .. } => order.push("moving"),
            Event::Disconnected { loss: Loss::Moved, .. } => order.push("moved"),
            Event::Connected { .. } => order.push("connected"),
            Event::Disconnected { loss, .. } => panic!("{loss}"),
            _ => {}
        }
    }
    assert_eq!(order, ["moving", "moved", "connected"]);
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_client_that_closes_leaves_the_list_at_once() {
    let server = Server::start().await;
    let (mut ada, mut bob) = (client(server.address(), "Ada"), client(server.address(), "Bob"));
    joined(&mut ada).await;
    joined(&mut bob).await;
    let id = ada.user().unwrap().id;
    ada.close().await;
    until(&mut bob, |event| {
        matches!(event, Event::Presence { left, .. } if left.contains(&id)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_full_server_refuses_in_words_and_says_when_to_come_back() {
    let server = Server::start_with(&["--max-connections=1"]).await;
    let mut ada = client(server.address(), "Ada");
    joined(&mut ada).await;
    let mut bob = client(server.address(), "Bob");
    let refused = |event: &Event| match event {
        Event::Disconnected { loss: Loss::Refused { status, retry_after, detail }, .. } => {
            Some((*status, *retry_after, detail.clone()))
        }
        _ => None,
    };
    let ((status, retry_after, detail), _) = until(&mut bob, refused).await;
    assert_eq!(status, 503);
    assert!(retry_after.is_some());
    assert!(!detail.is_empty());
}

#[tokio::test]
async fn a_token_makes_the_same_user_again() {
    let server = Server::start().await;
    let mut first = client(server.address(), "Ada");
    joined(&mut first).await;
    let (user, token) = (first.user().unwrap().id, first.token().map(str::to_owned));
    first.close().await;
    let mut second = Client::new(endpoint(server.address()), Identity { token, ..Identity::default() });
    let (again, _) =
        until(
            &mut second,
            |event| if let Event::Connected { user, .. } = event { Some(user.clone()) } else { None },
        )
        .await;
    assert_eq!((again.id, again.name.as_str()), (user, "Ada"));
}

#[tokio::test]
async fn a_token_that_is_worth_nothing_is_exchanged_for_a_new_guest() {
    let server = Server::start().await;
    let identity = Identity {
        token: Some("worthless".into()),
        name: Some(UserName::parse("Ada").unwrap()),
        account: false,
    };
    let mut client = Client::new(endpoint(server.address()), identity);
    client.join(room(), 0);
    joined(&mut client).await;
    assert_ne!(client.token(), Some("worthless"));
}
