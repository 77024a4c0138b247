//! Who is let in.

use crate::support::{Connect, TestServer, config};

#[tokio::test]
async fn a_full_server_refuses_and_says_when_to_come_back() {
    let server = TestServer::start(config(&["--max-connections", "2"])).await;
    let one = server.guest().await;
    let _two = server.guest().await;
    server.metric_is("hubbub_connections", 2.0).await;
    assert!(Connect::to(server.ports.public).await.is_err());
    let answer = server.ask_for_socket(None).await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "full"));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("2 connections"));
    server.metric_is("hubbub_refused_total{reason=\"full\"}", 2.0).await;
    one.leave_page().await;
    server.metric_is("hubbub_connections", 1.0).await;
    server.guest().await;
}

#[tokio::test]
async fn a_server_says_how_busy_it_is() {
    let server = TestServer::default().await;
    server.guest().await;
    server.metric_is("hubbub_accepted_total", 1.0).await;
    assert!(server.metric("hubbub_accept_rate").await > 0.0);
    // No timer fires early, and none of the first ten seconds later than the test waits.
    assert!((0.0..60.0).contains(&server.metric("hubbub_event_loop_lag_seconds").await));
    for reason in ["full", "draining", "greeting", "address", "rate", "engine"] {
        server.metric_is(&format!("hubbub_refused_total{{reason=\"{reason}\"}}"), 0.0).await;
    }
}

#[tokio::test]
async fn a_page_of_another_site_may_not_connect() {
    let server = TestServer::default().await;
    let answer = server.ask_for_socket(Some("https://evil.example.org")).await;
    assert_eq!((answer.status, answer.problem().as_str()), (403, "badOrigin"));
    let own = format!("http://{}", server.ports.public);
    assert!(Connect::with(server.ports.public, &[("origin", &own)]).open().await.is_ok());
    assert!(Connect::with(server.ports.public, &[("origin", "null")]).open().await.is_err());
}

#[tokio::test]
async fn the_sites_that_are_allowed_may() {
    let server = TestServer::start(config(&["--allowed-origin", "https://a.org,https://b.org"])).await;
    assert!(Connect::with(server.ports.public, &[("origin", "https://b.org")]).open().await.is_ok());
    assert!(Connect::with(server.ports.public, &[("origin", "https://c.org")]).open().await.is_err());
}

#[tokio::test]
async fn what_is_no_websocket_is_told_so() {
    let server = TestServer::default().await;
    let answer = server.get("/ws").await;
    assert_eq!(answer.problem(), "badField");
    assert!((400..500).contains(&answer.status), "{}", answer.status);
}
