//! A session: one WebSocket from its upgrade to its end.
//!
//! ```text
//! socket --> reader --> conversation --> engine, hub
//! socket <-- outbox <-- conversation, rooms
//! ```
//! Reader and writer run side by side in one task. The conversation handles one frame after the other, so what a
//! session sends is stored in the order in which it was sent. Rooms write to the sockets of their members themselves; the
//! writer does where a socket has to be waited for ([`outbox`]).

mod conversation;
pub mod encode;
mod hello;
pub mod identity;
pub mod inbox;
mod incoming;
pub mod outbox;
mod pace;
mod queue;
mod reader;
mod registered;
mod wire;
mod writer;

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{Arc, atomic::AtomicU32},
};

use axum::body::Bytes;
use hubbub_protocol::CloseCode;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::tungstenite::protocol::frame::coding;

use self::{
    conversation::Conversation,
    hello::Greeted,
    incoming::Incoming,
    outbox::{Closing, Outbox, SocketLost},
    reader::{Ended, Reader},
};
use crate::{places::Place, public::ClientAddress, reception::Turn, server::Server, sessions::Ticket};

/// Whose socket it is, before hello tells.
pub struct Visitor {
    /// Where it comes from.
    pub address: ClientAddress,
    /// Its place among those that have not said hello yet.
    pub greeting: Place,
    /// The token that came with the request: a browser's cookie, or what a proxy in front put there.
    pub token: Option<String>,
}

/// Runs a session on a socket that is a WebSocket by now to its end, and cleans up behind it. What came behind the request is
/// `ahead`.
pub fn run(
    server: Arc<Server>,
    socket: TcpStream,
    ahead: Bytes,
    ticket: Ticket,
    visitor: Visitor,
) -> impl Future<Output = ()> {
    // Here, since a task keeps the room for what it began with.
    let socket = Arc::new(socket);
    let incoming = Incoming::new(Arc::clone(&socket), &ahead);
    // The request's whole buffer hangs on it.
    drop(ahead);
    converse(server, incoming, socket, ticket, visitor)
}

async fn converse(
    server: Arc<Server>,
    incoming: Incoming,
    socket: Arc<TcpStream>,
    ticket: Ticket,
    visitor: Visitor,
) {
    let line = Arc::clone(ticket.line());
    let outbox = &*line.outbox;
    outbox.attach(Arc::clone(&socket));
    let unanswered = AtomicU32::new(0);
    let mut conversation = None;

    let ended = {
        let mut reader = Reader { incoming, outbox, unanswered: &unanswered, code: None, broken: false };
        let talk = talk(&server, &ticket, visitor, &mut reader, &mut conversation);
        let patience = async {
            outbox.closed().await;
            sleep(server.timing.close).await;
        };
        tokio::select! {
            ended = flushing(talk, outbox) => ended,
            SocketLost = writer::attend(&socket, outbox, &unanswered, &server.timing) => Ended { code: None },
            () = patience => Ended { code: None },
        }
    };

    let closing = outbox.closing();
    if ended.code.is_some() {
        // The peer waits for the answer to its close. If it takes nothing any more, it does not.
        let _ = timeout(server.timing.close, Box::pin(writer::finish(&socket, outbox))).await;
    }
    // Nothing can be delivered any more.
    outbox.detach();
    outbox.close(Closing::Code(CloseCode::ServerGoing));
    if let Some(closing) = closing {
        server.metrics.closed(closing);
    }
    if let Some(conversation) = conversation {
        let stays = line.is_moving() || comes_back(closing, ended);
        conversation.depart(stays.then_some(server.timing.linger));
    }
    tracing::debug!(session = %line.session, ?closing, ?ended, "session ended");
}

/// Everything that the peer says, until it says no more.
async fn talk(
    server: &Arc<Server>,
    ticket: &Ticket,
    Visitor { address, greeting, token }: Visitor,
    reader: &mut Reader<'_>,
    conversation: &mut Option<Box<Conversation>>,
) -> Ended {
    // What is boxed here is over in a moment. A task has room for the largest of all that it ever waits for, as long as it
    // lives: it would be twice as large.
    match Box::pin(hello::greet(server, ticket, address, token, reader)).await {
        Ok(Greeted { conversation: begun, resume, turn }) => {
            drop(greeting);
            let conversation = conversation.insert(begun);
            in_turn(Box::pin(conversation.resume(resume)), turn, &ticket.line().outbox).await;
            let inbox = &ticket.line().inbox;
            loop {
                tokio::select! {
                    read = reader.next() => match read {
                        Ok(text) => Box::pin(conversation.handle(text.as_str())).await,
                        Err(ended) => return ended,
                    },
                    event = inbox.next() => conversation.hear(event).await,
                }
            }
        }
        Err(Some(ended)) => ended,
        // Refused: what still comes is dropped until the peer has read why.
        Err(None) => loop {
            if let Err(ended) = reader.next().await {
                return ended;
            }
        },
    }
}

/// What was said is written as soon as the work has to wait for something: all at once, and without waking the session.
async fn flushing<T>(work: impl Future<Output = T>, outbox: &Outbox) -> T {
    let mut work = pin!(work);
    poll_fn(|context| {
        let done = work.as_mut().poll(context);
        if done.is_pending() {
            outbox.flush();
        }
        done
    })
    .await
}

/// Does what belongs to a turn. While the client is what it waits for, since it has not read yet what it got, it is
/// the next one's turn.
async fn in_turn(mut work: Pin<Box<impl Future<Output = ()>>>, turn: Turn<'_>, outbox: &Outbox) {
    let mut turn = Some(turn);
    poll_fn(|context| {
        let done = work.as_mut().poll(context);
        if done.is_pending() && !outbox.is_low() {
            turn = None;
        }
        done
    })
    .await;
}

/// Whether the client is likely to be back in a moment, so that its user should not be told as gone meanwhile.
fn comes_back(closing: Option<Closing>, ended: Ended) -> bool {
    match closing {
        Some(Closing::Code(CloseCode::Drain | CloseCode::SlowConsumer | CloseCode::ServerGoing)) => true,
        Some(_) => false,
        None => {
            let said = ended.code.map(coding::CloseCode::from);
            !matches!(
                said,
                Some(coding::CloseCode::Normal | coding::CloseCode::Away | coding::CloseCode::Status)
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_said_goodbye_or_was_told_not_to_come_is_gone_at_once() {
        let lost = Ended { code: None };
        assert!(comes_back(None, lost));
        assert!(comes_back(None, Ended { code: Some(1006) }));
        assert!(!comes_back(None, Ended { code: Some(1000) }));
        assert!(!comes_back(None, Ended { code: Some(1001) }));
        assert!(!comes_back(None, Ended { code: Some(1005) }), "closed without a code");
        assert!(comes_back(Some(Closing::Code(CloseCode::Drain)), lost));
        assert!(comes_back(Some(Closing::Code(CloseCode::SlowConsumer)), Ended { code: Some(1000) }));
        assert!(!comes_back(Some(Closing::Code(CloseCode::Silent)), lost));
        assert!(!comes_back(Some(Closing::Code(CloseCode::Protocol)), lost));
    }
}
