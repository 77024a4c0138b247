//! One that does not read, and the others.

use hubbub_protocol::{CloseCode, ServerFrame};

use crate::support::{Connect, PATIENCE, TestServer, config};

#[tokio::test]
async fn a_slow_consumer_is_closed_and_the_others_miss_nothing() {
    let mut config = config(&["--queue-bytes", "65536"]);
    // The slow one gets all the time it needs to find out why.
    config.timing.close = PATIENCE;
    let server = TestServer::start(config).await;
    let mut slow = Connect::with(server.ports.public, &[]).narrow().open().await.unwrap();
    slow.hello(None, vec![]).await;
    slow.join("lobby").await;
    let (mut one, mut two) = (server.guest().await, server.guest().await);
    one.join("lobby").await;
    two.join("lobby").await;
    // More than a socket's buffers (4 MiB at most) and the queue hold, as long as nobody reads.
    let text = "ü".repeat(4_000);
    for offset in 1..=800 {
        one.send("lobby", &text).await;
        assert_eq!(one.message().await.offset, offset);
        assert_eq!(two.message().await.offset, offset);
    }
    let mut next = 1;
    let code = loop {
        match slow.next_or_close().await {
            Ok(ServerFrame::Message(message)) => {
                assert_eq!(message.offset, next, "in order as far as it got");
                next += 1;
            }
            Ok(_) => {}
            Err(code) => break code,
        }
    };
    assert_eq!(code, CloseCode::SlowConsumer.code());
    assert!(next < 800, "something was left out");
    server.metric_is("hubbub_closed_total{code=\"4001\"}", 1.0).await;
    server.metric_is("hubbub_send_queue_bytes", 0.0).await;
}

#[tokio::test]
async fn one_that_reads_nothing_at_all_is_dropped_in_the_end() {
    let mut config = config(&["--queue-bytes", "65536"]);
    config.timing.close = std::time::Duration::from_millis(50);
    let server = TestServer::start(config).await;
    let mut slow = Connect::with(server.ports.public, &[]).narrow().open().await.unwrap();
    slow.hello(None, vec![]).await;
    slow.join("lobby").await;
    let mut one = server.guest().await;
    one.join("lobby").await;
    let text = "ü".repeat(4_000);
    for _ in 0..800 {
        one.send("lobby", &text).await;
        one.message().await;
    }
    server.metric_is("hubbub_connections", 1.0).await;
}
