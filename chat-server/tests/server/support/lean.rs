//! A WebSocket client that looks at as little of what it gets as it can: there may be thousands in one test.

use std::{net::SocketAddr, time::Duration};

use hubbub_protocol::SUBPROTOCOL;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::PATIENCE;

/// The final bit and the opcode of a text frame.
const TEXT: u8 = 0x81;
/// In place of a length: two bytes of it follow.
const TWO_BYTES_OF_LENGTH: u8 = 126;
/// The bit before the length that says that a mask follows it.
const MASKED: u8 = 0x80;
/// Those of a close frame, of a ping and of its answer.
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

pub(crate) struct Lean {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Lean {
    /// Comes back when it is told to: more may come at once than are let in.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        loop {
            match Self::on(TcpSocket::new_v4().unwrap(), address).await {
                Ok(client) => return client,
                Err(later) => sleep(later).await,
            }
        }
    }

    /// With a small buffer in the kernel, so that the server soon feels it when this client does not read.
    pub(crate) async fn narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4_096).unwrap();
        Self::on(socket, address).await.expect("nobody else comes")
    }

    /// Fails with the `Retry-After` of a server that lets nobody else in now.
    async fn on(socket: TcpSocket, address: SocketAddr) -> Result<Self, Duration> {
        let stream = timeout(PATIENCE, socket.connect(address)).await.unwrap().unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = Self { stream, received: Vec::new() };
        let upgrade = format!(
            "GET /ws HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: {SUBPROTOCOL}\r\n\r\n"
        );
        client.stream.write_all(upgrade.as_bytes()).await.unwrap();
        let end = loop {
            match client.received.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => assert!(client.read().await, "closed instead of an answer"),
            }
        };
        let head = String::from_utf8_lossy(&client.received[..end]);
        let later = head.lines().find_map(|line| line.strip_prefix("retry-after: "));
        if let (true, Some(later)) = (head.starts_with("HTTP/1.1 503"), later) {
            return Err(Duration::from_secs(later.parse().unwrap()));
        }
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        client.received.drain(..end);
        Ok(client)
    }

    /// Says hello, and returns the token: the one given, or that of a new guest. Or the code of the close.
    pub(crate) async fn hello(&mut self, token: Option<&str>) -> Result<String, u16> {
        let Some(token) = token else {
            self.say(r#"{"type":"hello"}"#).await;
            return Ok(value(&self.until(r#""type":"welcome""#).await?, "token").to_owned());
        };
        self.say(&format!(r#"{{"type":"hello","token":"{token}"}}"#)).await;
        self.until(r#""type":"welcome""#).await?;
        Ok(token.to_owned())
    }

    /// Joins a room, without its history, and returns its `joined`. Asks again when the engine has no time.
    pub(crate) async fn join(&mut self, room: &str) -> Result<String, u16> {
        loop {
            self.say(&format!(r#"{{"type":"join","room":"{room}","history":0}}"#)).await;
            let answer = self.until(r#"{"type":""#).await?;
            if answer.starts_with(r#"{"type":"joined""#) {
                return Ok(answer);
            }
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.write(TEXT, text.as_bytes()).await;
    }

    async fn write(&mut self, first: u8, payload: &[u8]) {
        let mut frame = vec![first];
        if let Ok(short @ ..126) = u8::try_from(payload.len()) {
            frame.push(MASKED | short);
        } else {
            frame.push(MASKED | TWO_BYTES_OF_LENGTH);
            frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
        // The mask of zeros leaves the payload as it is.
        frame.extend([0; 4]);
        frame.extend(payload);
        timeout(PATIENCE, self.stream.write_all(&frame)).await.unwrap().unwrap();
    }

    /// The next text frame, of one or more lines; or the code of the close, 1006 when there was none.
    pub(crate) async fn text(&mut self) -> Result<String, u16> {
        loop {
            if let Some((first, payload)) = self.frame() {
                match first {
                    TEXT => return Ok(String::from_utf8(payload).unwrap()),
                    PING => {
                        self.write(PONG, &payload).await;
                        continue;
                    }
                    CLOSE => {
                        return Err(payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code)));
                    }
                    _ => continue,
                }
            }
            if !self.read().await {
                return Err(1006);
            }
        }
    }

    /// The next line that has this in it, or the code of the close.
    pub(crate) async fn until(&mut self, part: &str) -> Result<String, u16> {
        loop {
            let text = timeout(PATIENCE, self.text()).await.expect("nothing comes")?;
            if let Some(line) = text.lines().find(|line| line.contains(part)) {
                return Ok(line.to_owned());
            }
        }
    }

    /// Reads on, and answers pings: who is silent is closed, and a thousand may take longer to come than that. Aborted, the
    /// connection is lost without a word.
    pub(crate) fn idle(mut self) -> JoinHandle<()> {
        tokio::spawn(async move { while self.text().await.is_ok() {} })
    }

    /// Takes a whole frame out of what was received.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let [first, length, rest @ ..] = self.received.as_slice() else { return None };
        let (head, length) = match length {
            126 => (4, usize::from(u16::from_be_bytes(*rest.first_chunk()?))),
            127 => (10, usize::try_from(u64::from_be_bytes(*rest.first_chunk()?)).unwrap()),
            short => (2, usize::from(*short)),
        };
        let first = *first;
        let payload = self.received.get(head..head + length)?.to_vec();
        self.received.drain(..head + length);
        Some((first, payload))
    }

    async fn read(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.received).await, Ok(1..))
    }
}

/// The value of a text field.
pub(crate) fn value<'a>(line: &'a str, field: &str) -> &'a str {
    let begin = format!("\"{field}\":\"");
    let at = line.find(&begin).unwrap_or_else(|| panic!("no {field} in {line}")) + begin.len();
    line[at..].split('"').next().unwrap()
}

/// The value of a number.
pub(crate) fn number(line: &str, field: &str) -> u64 {
    let begin = format!("\"{field}\":");
    let at = line.find(&begin).unwrap_or_else(|| panic!("no {field} in {line}")) + begin.len();
    line[at..].split([',', '}']).next().unwrap().parse().unwrap()
}
