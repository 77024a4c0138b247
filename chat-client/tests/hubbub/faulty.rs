//! A server that breaks its promises, so that it is seen whether `hubbub load` notices.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use futures::{SinkExt, StreamExt};
use hubbub_protocol::{ClientFrame, MessageId};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_tungstenite::{
    accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{ErrorResponse, Request, Response},
    },
};

/// What is wrong with it: something happens to each tenth message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It is acknowledged and reaches nobody.
    Loses,
    /// It is acknowledged, reaches nobody, and its place is given to the next one.
    LosesAndRenumbers,
    /// It comes a second time at its place.
    Repeats,
    /// It is stored, and comes, at a second place.
    StoresTwice,
    /// It comes behind the next one.
    Swaps,
    /// It gets the place before the one that was sent before it.
    Reorders,
}

#[derive(Default)]
struct Room {
    offset: u64,
    count: u64,
    sockets: Vec<mpsc::UnboundedSender<String>>,
    held: Option<(MessageId, String)>,
}

impl Room {
    fn tell(&self, id: MessageId, offset: u64, text: &str) {
        let frame = json!({"type": "message", "room": "tea", "offset": offset, "id": id, "user": user(),
            "text": text, "time": "2026-01-31T08:05:09.042Z"});
        for socket in &self.sockets {
            let _ = socket.send(frame.to_string());
        }
    }

    fn next(&mut self) -> u64 {
        self.offset += 1;
        self.offset
    }

    /// Stores and tells a message. Gives the acknowledgements: message and place.
    fn take(&mut self, fault: Fault, id: MessageId, text: String) -> Vec<(MessageId, u64)> {
        self.count += 1;
        let special = self.count.is_multiple_of(10);
        if fault == Fault::Reorders {
            if special {
                self.held = Some((id, text));
                return Vec::new();
            }
            let mut stored = vec![(id, text)];
            stored.extend(self.held.take());
            let acknowledge = |(id, text): (MessageId, String)| {
                let offset = self.next();
                self.tell(id, offset, &text);
                (id, offset)
            };
            return stored.into_iter().map(acknowledge).collect();
        }
        let offset = self.next();
        match fault {
            Fault::Loses if special => {}
            Fault::LosesAndRenumbers if special => self.offset -= 1,
            Fault::Swaps if special => self.held = Some((id, text)),
            Fault::Repeats if special => {
                self.tell(id, offset, &text);
                self.tell(id, offset, &text);
            }
            Fault::StoresTwice if special => {
                self.tell(id, offset, &text);
                let again = self.next();
                self.tell(id, again, &text);
            }
            _ => {
                self.tell(id, offset, &text);
                if let Some((id, text)) = self.held.take() {
                    self.tell(id, offset - 1, &text);
                }
            }
        }
        vec![(id, offset)]
    }
}

fn user() -> Value {
    json!({"id": "00000000-0000-4000-8000-000000000001", "name": "Somebody"})
}

/// Runs until it is dropped.
pub(crate) struct FaultyServer {
    pub(crate) address: SocketAddr,
    room: Arc<Mutex<Room>>,
    _tasks: JoinSet<()>,
}

impl FaultyServer {
    pub(crate) async fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let room = Arc::new(Mutex::new(Room::default()));
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&room);
        tasks.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                sessions.spawn(serve(stream, fault, Arc::clone(&shared)));
            }
        });
        Self { address, room, _tasks: tasks }
    }

    /// How many connections came into the room so far.
    pub(crate) fn connections(&self) -> usize {
        self.room.lock().unwrap().sockets.len()
    }
}

#[expect(clippy::result_large_err, clippy::unnecessary_wraps, reason = "the signature is tungstenite's")]
fn agree(_: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
    response.headers_mut().insert("sec-websocket-protocol", hubbub_protocol::SUBPROTOCOL.parse().unwrap());
    Ok(response)
}

async fn serve(stream: TcpStream, fault: Fault, room: Arc<Mutex<Room>>) {
    // The command looks first whether somebody listens, and says nothing.
    let Ok(socket) = accept_hdr_async(stream, agree).await else { return };
    let (mut write, mut read) = socket.split();
    let (sender, mut queue) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            frame = queue.recv() => {
                let Some(frame) = frame else { return };
                if write.send(Message::text(frame)).await.is_err() {
                    return;
                }
            }
            message = read.next() => match message {
                Some(Ok(Message::Text(text))) => answer(&text, fault, &room, &sender),
                Some(Ok(_)) => {}
                _ => return,
            }
        }
    }
}

fn answer(text: &str, fault: Fault, room: &Mutex<Room>, own: &mpsc::UnboundedSender<String>) {
    let reply = |frame: Value| own.send(frame.to_string()).unwrap();
    let enter = |recovered: bool| {
        let mut room = room.lock().unwrap();
        room.sockets.push(own.clone());
        reply(json!({"type": "joined", "room": "tea", "epoch": "e", "offset": room.offset,
            "recovered": recovered, "messages": [], "members": [], "count": room.sockets.len()}));
    };
    match ClientFrame::parse(text).unwrap() {
        ClientFrame::Hello { resume, .. } => {
            reply(json!({"type": "welcome", "user": user(), "server": "faulty",
            "session": "00000000-0000-4000-8000-0000000000ff", "limits": hubbub_protocol::Limits::CURRENT,
            "token": "t"}));
            if !resume.is_empty() {
                enter(true);
            }
        }
        ClientFrame::Join { .. } => enter(false),
        ClientFrame::Typing { .. } => reply(json!({"type": "reconnect", "delayMs": 0, "reason": "go"})),
        ClientFrame::Send { id, text, .. } => {
            for (id, offset) in room.lock().unwrap().take(fault, id, text.to_string()) {
                reply(json!({"type": "ack", "id": id, "room": "tea", "offset": offset,
                    "time": "2026-01-31T08:05:09.042Z"}));
            }
        }
        _ => {}
    }
}
