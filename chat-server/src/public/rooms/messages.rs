//! `/api/v1/rooms/{room}/messages`: what is said in a room.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use hubbub_protocol::{
    Emoji, ErrorCode, InvalidText, MessageId, MessageText, Offset, RoomName, Target, UserId,
    http::{EditRequest, EventPage, PostRequest, Posted, ReactRequest},
    limits::{HISTORY_DEFAULT, HISTORY_MAX, Limited},
};
use serde::Deserialize;

use super::{super::caller::Caller, bad, bad_query, limit, room_name};
use crate::{
    engine::{EngineError, Published, Range, RoomRefusal, frame::decode},
    json,
    messages::{MessageError, Request, Wish},
    problem::HttpError,
    server::Server,
};

#[derive(Debug, Deserialize)]
pub(crate) struct PageQuery {
    before: Option<Offset>,
    after: Option<Offset>,
    limit: Option<usize>,
}

/// Reads what was said
///
/// Messages are as they are now; events that changed them are in their place as well.
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/messages",
    params(
        ("room" = String, Path, description = "Its address."),
        ("before" = Option<u64>, Query, description = "The latest with a smaller offset."),
        ("after" = Option<u64>, Query, description = "The first with a larger offset. With neither: the latest."),
        ("limit" = Option<usize>, Query, description = "How many at most: 1 to 500, else 50."),
    ),
    responses((status = 200, description = "In the order of their offsets.", body = EventPage))
)]
pub(crate) async fn page(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<Json<EventPage>, HttpError> {
    let room = room_name(&room)?;
    let Query(query) = query.map_err(|rejection| bad_query(&rejection))?;
    let limit = limit(query.limit, HISTORY_DEFAULT, HISTORY_MAX)?;
    let range = match (query.before, query.after) {
        (None, None) => Range::Latest(limit),
        (Some(offset), None) => Range::Before { offset, limit },
        (None, Some(offset)) => Range::After { offset, limit },
        (Some(_), Some(_)) => return Err(bad(ErrorCode::BadField, "before and after exclude each other")),
    };
    admit(&server, &room, who.user.id).await?;
    let page = server.engine.history(&room, range).await?;
    let messages = page.messages.iter().map(|stored| decode(&stored.frame)).collect::<Result<_, _>>()?;
    Ok(Json(EventPage { epoch: page.epoch, latest: page.latest, oldest: page.oldest, messages }))
}

/// Says something
///
/// The same id is stored once.
#[utoipa::path(
    post,
    path = "/api/v1/rooms/{room}/messages",
    params(("room" = String, Path, description = "Its address.")),
    request_body = PostRequest,
    responses((status = 201, description = "It is stored.", body = Posted))
)]
pub(crate) async fn post(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
    json::Json(PostRequest { id, text }): json::Json<PostRequest>,
) -> Result<(StatusCode, Json<Posted>), HttpError> {
    let (room, text) = (room_name(&room)?, MessageText::parse(&text).map_err(HttpError::bad_text)?);
    server.limits.check(Limited::UserChanges, who.user.id)?;
    let published = server.messages.post(who.user, room.clone(), id, text).await?;
    Ok((StatusCode::CREATED, posted(id, room, &published)))
}

/// Gives a message of one's own another text
#[utoipa::path(
    patch,
    path = "/api/v1/rooms/{room}/messages/{offset}",
    params(
        ("room" = String, Path, description = "Its address."),
        ("offset" = u64, Path, description = "The place of the message."),
    ),
    request_body = EditRequest,
    responses((status = 200, description = "The change is stored.", body = Posted))
)]
pub(crate) async fn edit(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path((room, offset)): Path<(String, String)>,
    json::Json(EditRequest { id, message, text }): json::Json<EditRequest>,
) -> Result<Json<Posted>, HttpError> {
    let target = target(&room, &offset, message)?;
    let wish = Wish::Edit(MessageText::parse(&text).map_err(HttpError::bad_text)?);
    changed(&server, Request { id, target, wish }, who.user).await
}

#[derive(Debug, Deserialize)]
pub(crate) struct DeleteQuery {
    id: MessageId,
    message: MessageId,
}

/// Takes a message of one's own away
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/messages/{offset}",
    params(
        ("room" = String, Path, description = "Its address."),
        ("offset" = u64, Path, description = "The place of the message."),
        ("id" = MessageId, Query, description = "The client's GUID for the change."),
        ("message" = MessageId, Query, description = "The id of the message."),
    ),
    responses((status = 200, description = "The change is stored.", body = Posted))
)]
pub(crate) async fn delete(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path((room, offset)): Path<(String, String)>,
    query: Result<Query<DeleteQuery>, QueryRejection>,
) -> Result<Json<Posted>, HttpError> {
    let Query(DeleteQuery { id, message }) = query.map_err(|rejection| bad_query(&rejection))?;
    let target = target(&room, &offset, message)?;
    changed(&server, Request { id, target, wish: Wish::Delete }, who.user).await
}

/// Reacts to a message, or takes the reaction back
#[utoipa::path(
    put,
    path = "/api/v1/rooms/{room}/messages/{offset}/reactions",
    params(
        ("room" = String, Path, description = "Its address."),
        ("offset" = u64, Path, description = "The place of the message."),
    ),
    request_body = ReactRequest,
    responses((status = 200, description = "The change is stored.", body = Posted))
)]
pub(crate) async fn react(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path((room, offset)): Path<(String, String)>,
    json::Json(ReactRequest { id, message, emoji, on }): json::Json<ReactRequest>,
) -> Result<Json<Posted>, HttpError> {
    let target = target(&room, &offset, message)?;
    let wrong = |invalid: InvalidText| bad(ErrorCode::BadEmoji, format!("emoji {invalid}"));
    let emoji = Emoji::parse(&emoji).map_err(wrong)?;
    changed(&server, Request { id, target, wish: Wish::React { emoji, on } }, who.user).await
}

/// Whether somebody may read a room, and whether there is one: asked before anything else about it.
async fn admit(server: &Server, room: &RoomName, user: UserId) -> Result<(), EngineError> {
    let admitted = server.engine.admitted(room, &[user]).await?;
    if admitted.is_empty() { Err(RoomRefusal::NoSuchRoom.into()) } else { Ok(()) }
}

async fn changed(
    server: &Server,
    request: Request,
    by: hubbub_protocol::User,
) -> Result<Json<Posted>, HttpError> {
    server.limits.check(Limited::UserChanges, by.id)?;
    let (id, room) = (request.id, request.target.room.clone());
    admit(server, &room, by.id).await?;
    match server.messages.change(&by, request).await {
        Ok(published) => Ok(posted(id, room, &published)),
        Err(MessageError::Engine(error)) => Err(error.into()),
        Err(MessageError::Refused(refusal)) => {
            let status = match refusal.code() {
                ErrorCode::NoSuchMessage => StatusCode::NOT_FOUND,
                ErrorCode::NotAllowed => StatusCode::FORBIDDEN,
                _ => StatusCode::CONFLICT,
            };
            Err(HttpError::new(status, refusal.code(), refusal.to_string()))
        }
    }
}

fn posted(id: MessageId, room: RoomName, &Published { offset, time, .. }: &Published) -> Json<Posted> {
    Json(Posted { id, room, offset, time })
}

fn target(room: &str, offset: &str, message: MessageId) -> Result<Target, HttpError> {
    let room = room_name(room)?;
    let offset = offset.parse().map_err(|_| bad(ErrorCode::BadField, "the offset is no number"))?;
    Ok(Target { room, offset, message })
}
