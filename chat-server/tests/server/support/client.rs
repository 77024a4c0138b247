//! A WebSocket client that knows the frames, and nothing of what a good client does with them.

use std::{collections::VecDeque, net::SocketAddr};

use futures::{SinkExt, StreamExt};
use hubbub_protocol::{
    ClientFrame, ErrorCode, ErrorFrame, Message as ChatMessage, MessageId, MessageText, Offset, ResumeFrom,
    SUBPROTOCOL, ServerFrame, User,
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{PATIENCE, room};

/// How to open a WebSocket.
#[derive(Clone)]
pub(crate) struct Connect {
    address: SocketAddr,
    headers: Vec<(&'static str, String)>,
    receive_buffer: Option<u32>,
}

impl Connect {
    pub(crate) fn with(address: SocketAddr, headers: &[(&'static str, &str)]) -> Self {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { address, headers, receive_buffer: None }
    }

    pub(crate) async fn to(address: SocketAddr) -> Result<Client, Box<tungstenite::Error>> {
        Self::with(address, &[("sec-websocket-protocol", SUBPROTOCOL)]).open().await
    }

    /// With a small buffer in the kernel, so that a client that does not read is soon felt by the server.
    pub(crate) fn narrow(mut self) -> Self {
        self.receive_buffer = Some(4_096);
        self
    }

    pub(crate) async fn open(self) -> Result<Client, Box<tungstenite::Error>> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request()?;
        for (name, value) in &self.headers {
            request.headers_mut().insert(*name, HeaderValue::try_from(value).unwrap());
        }
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let socket = socket.connect(self.address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let (socket, _) = client_async(request, socket).await?;
        Ok(Client { how: self, socket, waiting: VecDeque::new() })
    }
}

pub(crate) struct Client {
    how: Connect,
    pub(crate) socket: WebSocketStream<TcpStream>,
    waiting: VecDeque<ServerFrame>,
}

impl Client {
    /// Opens, says hello, and gets in as a new guest.
    pub(crate) async fn guest(address: SocketAddr) -> Self {
        let mut client = Connect::to(address).await.unwrap();
        client.hello(None, vec![]).await;
        client
    }

    /// Says hello, and returns who it is and its token. Connects again while the engine has no time: the machine may
    /// have stood still.
    pub(crate) async fn hello(
        &mut self,
        token: Option<String>,
        resume: Vec<ResumeFrom>,
    ) -> (User, Option<String>) {
        let hello = ClientFrame::Hello { token, resume };
        loop {
            self.say(&hello).await;
            match self.next().await {
                ServerFrame::Welcome { user, token, .. } => return (user, token),
                ServerFrame::Error(error) if error.code == ErrorCode::EngineUnavailable => {
                    *self = self.how.clone().open().await.unwrap();
                }
                other => panic!("no welcome but {other:?}"),
            }
        }
    }

    pub(crate) async fn say(&mut self, frame: &ClientFrame) {
        self.say_text(&serde_json::to_string(frame).unwrap()).await;
    }

    pub(crate) async fn say_text(&mut self, text: &str) {
        self.say_message(Message::text(text)).await;
    }

    pub(crate) async fn say_message(&mut self, message: Message) {
        timeout(PATIENCE, self.socket.send(message)).await.unwrap().unwrap();
    }

    /// Joins a room and returns its `joined`. Asks again while the engine has no time.
    pub(crate) async fn join(&mut self, name: &str) -> ServerFrame {
        loop {
            self.say(&ClientFrame::Join { room: room(name), history: 50 }).await;
            let no_time = |frame: &ServerFrame| match frame {
                ServerFrame::Error(error) => {
                    error.code == ErrorCode::EngineUnavailable && error.reference.as_deref() == Some(name)
                }
                _ => false,
            };
            let answer = |frame: &ServerFrame| matches!(frame, ServerFrame::Joined { .. }) || no_time(frame);
            let answer = self.find(answer).await;
            if !no_time(&answer) {
                return answer;
            }
        }
    }

    /// Sends a message without waiting for anything.
    pub(crate) async fn send(&mut self, name: &str, text: &str) -> MessageId {
        let id = MessageId::random();
        self.send_as(id, name, text).await;
        id
    }

    pub(crate) async fn send_as(&mut self, id: MessageId, name: &str, text: &str) {
        let text = MessageText::parse(text).unwrap();
        self.say(&ClientFrame::Send { id, room: room(name), text }).await;
    }

    /// Asks for something about a message, and returns the offset of what was stored, or the code of the error.
    pub(crate) async fn change(&mut self, frame: &ClientFrame) -> Result<Offset, ErrorCode> {
        let (ClientFrame::Edit { id, .. } | ClientFrame::Delete { id, .. } | ClientFrame::React { id, .. }) =
            frame
        else {
            panic!("not about a message: {frame:?}")
        };
        self.say(frame).await;
        let about = id.to_string();
        let answer = self.find(|answer| match answer {
            ServerFrame::Ack { id: acknowledged, .. } => acknowledged == id,
            ServerFrame::Error(error) => error.reference.as_ref() == Some(&about),
            _ => false,
        });
        match answer.await {
            ServerFrame::Ack { offset, .. } => Ok(offset),
            ServerFrame::Error(error) => Err(error.code),
            other => panic!("{other:?}"),
        }
    }

    /// The next frame, whatever it is.
    pub(crate) async fn next(&mut self) -> ServerFrame {
        match self.next_or_close().await {
            Ok(frame) => frame,
            Err(code) => panic!("closed with {code} instead of a frame"),
        }
    }

    /// The next frame that is asked for; others before it are dropped.
    pub(crate) async fn find(&mut self, wanted: impl Fn(&ServerFrame) -> bool) -> ServerFrame {
        loop {
            let frame = self.next().await;
            if wanted(&frame) {
                return frame;
            }
        }
    }

    /// The next message of a room.
    pub(crate) async fn message(&mut self) -> ChatMessage {
        match self.find(|frame| matches!(frame, ServerFrame::Message(_))).await {
            ServerFrame::Message(message) => message,
            other => panic!("{other:?}"),
        }
    }

    /// The next error.
    pub(crate) async fn error(&mut self) -> ErrorFrame {
        match self.find(|frame| matches!(frame, ServerFrame::Error(_))).await {
            ServerFrame::Error(error) => error,
            other => panic!("{other:?}"),
        }
    }

    /// Everything up to the answer to a ping: what the server had to say until now.
    pub(crate) async fn until_pong(&mut self) -> Vec<ServerFrame> {
        self.say(&ClientFrame::Ping).await;
        let mut frames = Vec::new();
        loop {
            match self.next().await {
                ServerFrame::Pong => return frames,
                frame => frames.push(frame),
            }
        }
    }

    /// The code that the server closes with; frames before it are dropped.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next_or_close().await {
                return code;
            }
        }
    }

    /// An error with this code, and then a close with that one.
    pub(crate) async fn refused(&mut self, code: ErrorCode, close: u16) {
        assert_eq!(self.error().await.code, code);
        assert_eq!(self.closed().await, close);
    }

    /// Closes as a browser does that leaves the page.
    pub(crate) async fn leave_page(mut self) {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// The next frame, or the code of the close; 1006 when there was none.
    pub(crate) async fn next_or_close(&mut self) -> Result<ServerFrame, u16> {
        loop {
            if let Some(frame) = self.waiting.pop_front() {
                return Ok(frame);
            }
            match timeout(PATIENCE, self.socket.next()).await.expect("nothing comes") {
                Some(Ok(Message::Text(text))) => {
                    for line in text.as_str().lines() {
                        self.waiting.push_back(serde_json::from_str(line).unwrap());
                    }
                }
                Some(Ok(Message::Close(frame))) => {
                    // Reading on answers the close.
                    while let Some(Ok(_)) = self.socket.next().await {}
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }
}
