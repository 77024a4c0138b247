//! The client for servers against real sockets that behave in all the ways that they should not.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::net::{IpAddr, Ipv4Addr};

use hubbub_operator::servers::{Servers, Silence};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server that sends this to whoever connects, and then waits for the other side to hang up. The task gives back what
/// it was sent.
async fn answering(answer: Vec<u8>) -> (Servers, JoinHandle<String>) {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4_096];
        let length = stream.read(&mut request).await.unwrap();
        // The other side may hang up in the middle of it.
        let _ = stream.write_all(&answer).await;
        let _ = stream.read(&mut [0; 1_024]).await;
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (Servers::new(port), task)
}

fn http(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn figures_come_from_the_metrics_path() {
    let (servers, task) = answering(http("200 OK", "hubbub_connections 12\nhubbub_engine_up 1\n")).await;
    assert_eq!(servers.figures(HERE).await.unwrap().connections, 12);
    drop(servers);
    assert!(task.await.unwrap().starts_with("GET /metrics HTTP/1.1"));
}

#[tokio::test]
async fn a_drain_is_a_post_with_the_token() {
    let (servers, task) = answering(http("200 OK", r#"{"draining":true,"connections":5}"#)).await;
    assert_eq!(servers.drain(HERE, "t0ken", 30).await.unwrap().connections, 5);
    drop(servers);
    let request = task.await.unwrap();
    assert!(request.starts_with("POST /admin/drain HTTP/1.1"), "{request}");
    assert!(request.contains("authorization: Bearer t0ken"), "{request}");
    assert!(request.ends_with(r#"{"overSeconds":30}"#), "{request}");
}

#[tokio::test]
async fn a_server_is_told_how_many_sessions_to_shed_and_over_what_time() {
    let (servers, task) = answering(http("200 OK", r#"{"draining":false,"connections":640}"#)).await;
    assert!(!servers.shed(HERE, "t0ken", 240, 10).await.unwrap().draining);
    drop(servers);
    let request = task.await.unwrap();
    assert!(request.starts_with("POST /admin/shed HTTP/1.1"), "{request}");
    assert!(request.contains("authorization: Bearer t0ken"), "{request}");
    assert!(request.ends_with(r#"{"sessions":240,"overSeconds":10}"#), "{request}");
}

#[tokio::test]
async fn a_server_that_is_silent_costs_no_more_than_the_timeout() {
    let (servers, task) = answering(Vec::new()).await;
    assert!(matches!(servers.figures(HERE).await, Err(Silence::Late(_))));
    task.abort();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_away() {
    let listener = TcpListener::bind((HERE, 0)).await.unwrap();
    let servers = Servers::new(listener.local_addr().unwrap().port());
    drop(listener);
    assert!(matches!(servers.figures(HERE).await, Err(Silence::Away(_))));
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut() {
    let endless =
        [b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n".to_vec(), vec![b'#'; 1_000_000]].concat();
    let (servers, task) = answering(endless).await;
    assert!(matches!(servers.figures(HERE).await, Err(Silence::Broken(_))));
    task.abort();
}

#[tokio::test]
async fn refusals_and_nonsense_have_their_names() {
    let (servers, task) = answering(http("401 Unauthorized", "")).await;
    assert!(matches!(servers.resume(HERE, "old").await, Err(Silence::Status(status)) if status == 401));
    task.abort();
    let (servers, task) = answering(http("200 OK", "\u{0}\u{fffd}hubbub_connections NaN")).await;
    assert!(matches!(servers.figures(HERE).await, Err(Silence::Figures(_))));
    task.abort();
    let (servers, task) = answering(http("200 OK", "[]")).await;
    assert!(matches!(servers.resume(HERE, "t").await, Err(Silence::Json(_))));
    task.abort();
    let (servers, task) = answering(b"SSH-2.0-OpenSSH\r\n\r\n".to_vec()).await;
    assert!(matches!(servers.figures(HERE).await, Err(Silence::Away(_))));
    task.abort();
}
