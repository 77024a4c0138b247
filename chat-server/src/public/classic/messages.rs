//! `/message/`: what is said in the one room of the classic API.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::{Stream, stream};
use hubbub_protocol::{
    MessageId, MessageText, Offset, RoomName, StreamEvent,
    http::{CLASSIC_ROOM, KeptMessage, MESSAGE_PATH, NewMessage},
    limits::{HISTORY_MAX, Limited},
};

use super::super::caller::Caller;
use crate::{
    engine::{EngineError, Page, Range, StoredMessage, frame::decode},
    json,
    problem::HttpError,
    server::Server,
};

fn room() -> Result<RoomName, EngineError> {
    RoomName::parse(CLASSIC_ROOM).map_err(|invalid| EngineError::Corrupt(format!("room {invalid}")))
}

/// Says something
#[utoipa::path(
    post,
    path = MESSAGE_PATH,
    tag = "classic",
    request_body = NewMessage,
    responses((status = 201, description = "The message, with the time when the server took it.", body = KeptMessage))
)]
pub(crate) async fn post(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    json::Json(NewMessage { text, id }): json::Json<NewMessage>,
) -> Result<(StatusCode, Json<KeptMessage>), HttpError> {
    let text = MessageText::parse(&text).map_err(HttpError::bad_text)?;
    server.limits.check(Limited::UserChanges, who.user.id)?;
    let (id, user) = (id.unwrap_or_else(MessageId::random), who.user);
    let published = server.messages.post(user.clone(), room()?, id, text.clone()).await?;
    Ok((StatusCode::CREATED, Json(KeptMessage { id, user, text, time: published.time })))
}

/// Reads every message that is kept
///
/// The oldest first, each in its present state. Needs no login.
#[utoipa::path(
    get,
    path = MESSAGE_PATH,
    tag = "classic",
    responses((status = 200, description = "The messages.", body = [KeptMessage]))
)]
pub(crate) async fn list(State(server): State<Arc<Server>>) -> Result<Response, HttpError> {
    // An engine that does not answer is told of while there is still a status to do it with.
    let first = page_after(&server, 0).await?;
    let body = Body::from_stream(as_list(server, first));
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-cache")];
    Ok((headers, body).into_response())
}

async fn page_after(server: &Server, offset: Offset) -> Result<Page, EngineError> {
    server.engine.history(&room()?, Range::After { offset, limit: HISTORY_MAX }).await
}

/// Where the reading of the list has come to.
enum At {
    /// A page that was read.
    Page(Page),
    /// What follows an offset.
    After(Offset),
    /// The closing bracket was written.
    End,
}

/// The list from its `first` page to what was the latest message then, a page in memory at a time: the next one is
/// read when the client has taken the one before. An error breaks the answer off, so that the client sees that it is
/// not whole.
fn as_list(server: Arc<Server>, first: Page) -> impl Stream<Item = Result<Bytes, EngineError>> {
    let (epoch, latest) = (first.epoch.clone(), first.latest);
    stream::try_unfold((At::Page(first), "["), move |(at, before)| {
        let (server, epoch) = (Arc::clone(&server), epoch.clone());
        async move {
            let page = match at {
                At::Page(page) => page,
                At::After(offset) => page_after(&server, offset).await?,
                At::End => return Ok(None),
            };
            if page.epoch != epoch {
                return Err(EngineError::Unavailable("the room began anew meanwhile".to_owned()));
            }
            let (mut text, mut before) = (String::new(), before);
            for message in page.messages.iter().filter_map(|stored| kept(stored).transpose()) {
                text.push_str(before);
                text.push_str(&message?);
                before = ",\n";
            }
            let at = match page.messages.last() {
                Some(last) if last.offset < latest => At::After(last.offset),
                _ => {
                    text.push_str(if before == "[" { "[]" } else { "]" });
                    At::End
                }
            };
            Ok(Some((text.into(), (at, before))))
        }
    })
}

/// A message as this API shows it; `None` for any other event.
fn kept(stored: &StoredMessage) -> Result<Option<String>, EngineError> {
    let StreamEvent::Message(message) = decode(&stored.frame)? else { return Ok(None) };
    let kept = KeptMessage { id: message.id, user: message.user, text: message.text, time: message.time };
    serde_json::to_string(&kept).map(Some).map_err(|error| EngineError::Corrupt(error.to_string()))
}
