//! Messages over the HTTP API, one after the other on connections that stay.

use std::{io, net::SocketAddr, time::Duration};

use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::Instant,
};

use super::link::OpenError;

/// Says as many messages as go by `POST /api/v1/rooms/{room}/messages`, for a while, as so many guests, each with a
/// connection and a room of its own. Gives how many were stored.
pub async fn post_messages(address: SocketAddr, guests: usize, length: Duration) -> Result<u64, OpenError> {
    let end = Instant::now() + length;
    let mut tasks = JoinSet::new();
    for guest in 0..guests {
        tasks.spawn_local(async move {
            let mut caller = Caller { stream: TcpStream::connect(address).await?, read: Vec::new() };
            caller.stream.set_nodelay(true)?;
            let id = format!("00000000-0000-4000-9000-{guest:012x}");
            let body = format!(r#"{{"id":"{id}","name":"Guest {guest}"}}"#);
            let answer = caller.post("/api/v1/guests", "", &body).await?;
            let token = token(&answer).ok_or_else(|| broken("there is no token in the answer"))?;
            let path = format!("/api/v1/rooms/requests-{guest}/messages");
            let mut number: u64 = 0;
            while Instant::now() < end {
                let body = format!(
                    r#"{{"id":"00000000-0000-4000-a{:03x}-{number:012x}","text":"{:.<128}"}}"#,
                    guest % 0x1000,
                    ""
                );
                caller.post(&path, &token, &body).await?;
                number += 1;
            }
            Ok::<_, OpenError>(number)
        });
    }
    tasks.join_all().await.into_iter().sum()
}

struct Caller {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Caller {
    /// One call. Gives the body of an answer of 201; any other is an error.
    async fn post(&mut self, path: &str, token: &str, body: &str) -> io::Result<Vec<u8>> {
        let bearer =
            if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{bearer}Content-Length: \
             {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        loop {
            if let Some((created, body, used)) = answer(&self.read) {
                let body = self.read[body..used].to_vec();
                self.read.drain(..used);
                return if created { Ok(body) } else { Err(broken(&String::from_utf8_lossy(&body))) };
            }
            if self.stream.read_buf(&mut self.read).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn broken(why: &str) -> io::Error {
    io::Error::other(why.to_owned())
}

/// Whether an answer is 201, where its body begins and where it ends; none while it is not complete. Chat-server says
/// how long its answers are.
fn answer(read: &[u8]) -> Option<(bool, usize, usize)> {
    let begin = memmem::find(read, b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&read[..begin]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim();
    let end = begin + length.parse::<usize>().ok()?;
    (read.len() >= end).then(|| (head.split(' ').nth(1) == Some("201"), begin, end))
}

/// The token of a guest.
fn token(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(value.get("token")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_where_its_length_says() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 429 ";
        assert_eq!(answer(text), Some((true, 43, 45)));
        assert_eq!(answer(&text[..44]), None);
        assert_eq!(answer(b"HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n"), Some((false, 44, 44)));
    }
}
