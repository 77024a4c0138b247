//! The HTTP request that makes a WebSocket of a connection, and its answer (RFC 6455, 4).

use memchr::memmem;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Of the form that is asked for. It protects against proxies that cache; there is none here.
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

/// A head that is longer is not one of these servers.
const LONGEST_HEAD: usize = 16 * 1024;

/// Asks for a WebSocket at a path.
pub fn request(path: &str, subprotocol: Option<&str>) -> Vec<u8> {
    let protocol = subprotocol.map(|name| format!("Sec-WebSocket-Protocol: {name}\r\n")).unwrap_or_default();
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// What is known of the answer so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Its end has not come yet.
    Incomplete,
    /// It is a WebSocket; the answer has so many bytes, and behind them are frames.
    Open(usize),
}

/// The server made no WebSocket of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the server answered {0:?} where a WebSocket was asked for")]
pub struct Refused(String);

impl Refused {
    /// Whether it has no time now (RFC 9110, 15.6.4).
    pub fn is_unavailable(&self) -> bool {
        self.0.starts_with("HTTP/1.1 503 ")
    }
}

/// Reads the answer to [`request`].
pub fn read_answer(bytes: &[u8]) -> Result<Answer, Refused> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() < LONGEST_HEAD { Ok(Answer::Incomplete) } else { Err(refused(bytes)) };
    };
    let head = &bytes[..end];
    let accepted = derive_accept_key(KEY.as_bytes());
    if !head.starts_with(b"HTTP/1.1 101 ") || memmem::find(head, accepted.as_bytes()).is_none() {
        return Err(refused(bytes));
    }
    Ok(Answer::Open(end + 4))
}

fn refused(bytes: &[u8]) -> Refused {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    Refused(String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_accepts_the_key_opens_and_what_follows_it_is_frames() {
        let accept = derive_accept_key(KEY.as_bytes());
        let head = format!("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: {accept}\r\n\r\n");
        let bytes = format!("{head}\u{1}");
        assert_eq!(read_answer(bytes.as_bytes()), Ok(Answer::Open(head.len())));
        assert_eq!(read_answer(&bytes.as_bytes()[..40]), Ok(Answer::Incomplete));
    }

    #[test]
    fn any_other_answer_is_told() {
        let error = read_answer(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").unwrap_err();
        assert!(error.is_unavailable());
        assert!(error.to_string().contains("503 Service Unavailable"));
        assert!(read_answer(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").is_err(), "another key");
    }
}
