//! Connections that say little, or nothing.

use std::time::Duration;

use hubbub_protocol::limits::HEAD_BYTES;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{PATIENCE, TestServer, config};

/// Says this, waits for the server to end the connection, and returns what it answered.
async fn ended(server: &TestServer, said: &str) -> String {
    let mut socket = TcpStream::connect(server.ports.public).await.unwrap();
    let mut answer = Vec::new();
    // A server that ends the connection before it read everything resets it; what it answered came before.
    let exchange = async {
        let _ = socket.write_all(said.as_bytes()).await;
        let _ = socket.read_to_end(&mut answer).await;
    };
    timeout(PATIENCE, exchange).await.expect("it is kept for ever");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_request_that_does_not_come_to_its_end_is_not_waited_for() {
    let mut config = config(&[]);
    assert_eq!(
        (config.timing.head, config.timing.request),
        (Duration::from_secs(30), Duration::from_secs(30))
    );
    config.timing.head = Duration::from_millis(100);
    config.timing.request = Duration::from_millis(100);
    let server = TestServer::start(config).await;
    for head in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: chat\r\n"] {
        let answer = ended(&server, head).await;
        assert!(!answer.contains(" 200 "), "{head:?}: {answer}");
    }
    let body =
        "POST /api/v1/guests HTTP/1.1\r\nhost: chat\r\nconnection: close\r\ncontent-length: 50\r\n\r\n{";
    let answer = ended(&server, body).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("/problems/tooSlow"), "{answer}");
    // Nor is the next request on a connection.
    let answer = ended(&server, "GET /config.json HTTP/1.1\r\nhost: chat\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_session_outlives_the_time_that_a_request_has() {
    let mut config = config(&[]);
    config.timing.head = Duration::from_millis(50);
    config.timing.request = Duration::from_millis(50);
    config.timing.ping = Duration::from_millis(60);
    let server = TestServer::start(config).await;
    let mut one = server.guest().await;
    // Two pings of the server are longer than either.
    let mut pings = 0;
    while pings < 2 {
        let message = futures::StreamExt::next(&mut one.socket).await.unwrap().unwrap();
        pings += u32::from(message.is_ping());
    }
    assert_eq!(one.until_pong().await, []);
}

#[tokio::test]
async fn a_head_of_an_absurd_size_is_refused() {
    let server = TestServer::default().await;
    let answer =
        ended(&server, &format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "x".repeat(2 * HEAD_BYTES))).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}
