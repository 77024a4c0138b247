//! `/api/v1/rooms`, `/api/v1/direct` and `/api/v1/me/rooms`: which rooms there are.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use hubbub_protocol::{
    ErrorCode, RoomKind, RoomName,
    http::{CreateRoom, DIRECT_PATH, DirectRequest, MY_ROOMS_PATH, MyRooms, ROOMS_PATH, RoomInfo, RoomList},
    limits::ROOMS_LISTED,
};
use serde::Deserialize;

use super::{
    super::{ClientAddress, caller::Caller},
    bad, bad_query, limit, room_name, title, topic,
};
use crate::{
    engine::{EngineError, RoomRefusal, rooms::NewRole},
    json,
    problem::HttpError,
    rooms,
    server::Server,
};

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    after: Option<String>,
    limit: Option<usize>,
}

/// Lists the public rooms
#[utoipa::path(
    get,
    path = ROOMS_PATH,
    params(
        ("after" = Option<String>, Query, description = "`next` of the page before."),
        ("limit" = Option<usize>, Query, description = "How many at most: 1 to 100, else 100."),
    ),
    responses((status = 200, description = "A page, by name.", body = RoomList))
)]
pub(crate) async fn list(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<RoomList>, HttpError> {
    let Query(query) = query.map_err(|rejection| bad_query(&rejection))?;
    let after = query.after.as_deref().map(room_name).transpose()?;
    let limit = limit(query.limit, ROOMS_LISTED, ROOMS_LISTED)?;
    Ok(Json(rooms::public(&*server.engine, who.user.id, after, limit).await?))
}

/// Makes a room
///
/// Who asks is its owner.
#[utoipa::path(
    post,
    path = ROOMS_PATH,
    request_body = CreateRoom,
    responses((status = 201, description = "The room.", body = RoomInfo))
)]
pub(crate) async fn create(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    address: ClientAddress,
    json::Json(request): json::Json<CreateRoom>,
) -> Result<(StatusCode, Json<RoomInfo>), HttpError> {
    let (title, topic) = (title(request.title.as_deref())?, topic(request.topic.as_deref())?);
    let room = match (request.kind, request.room) {
        (RoomKind::Public, Some(room)) => room_name(&room)?,
        (RoomKind::Public, None) => return Err(bad(ErrorCode::MissingField, "room is missing")),
        (RoomKind::Private, _) if title.is_none() => {
            return Err(bad(ErrorCode::BadTitle, "title is missing: a private room is shown by it"));
        }
        (RoomKind::Private, _) => RoomName::private(),
        (RoomKind::Direct, _) => {
            return Err(bad(ErrorCode::BadField, format!("kind: direct rooms are made at {DIRECT_PATH}")));
        }
    };
    if room.kind() != request.kind {
        return Err(bad(ErrorCode::BadRoom, "room is the name of another kind of room"));
    }
    server.limits.check_new_room(who.user.id, address)?;
    let made = rooms::create(&*server.engine, who.user, room, title, topic).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// The direct room with somebody
///
/// Made, if there is none yet.
#[utoipa::path(
    post,
    path = DIRECT_PATH,
    request_body = DirectRequest,
    responses((status = 200, description = "The room.", body = RoomInfo))
)]
pub(crate) async fn direct(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    address: ClientAddress,
    json::Json(DirectRequest { user }): json::Json<DirectRequest>,
) -> Result<Json<RoomInfo>, HttpError> {
    let other = server.engine.user(user).await?.filter(|other| other.id != who.user.id);
    let other = other.ok_or_else(HttpError::no_such_user)?;
    server.limits.check_new_room(who.user.id, address)?;
    Ok(Json(rooms::direct(&*server.engine, who.user, other).await?))
}

/// One's own rooms
///
/// Private and direct ones, and public ones in which one has read, with how many messages are unread.
#[utoipa::path(get, path = MY_ROOMS_PATH, responses((status = 200, description = "The rooms.", body = MyRooms)))]
pub(crate) async fn mine(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
) -> Result<Json<MyRooms>, HttpError> {
    Ok(Json(rooms::mine(&*server.engine, who.user.id).await?))
}

/// Takes a room off one's own list
///
/// A private one is left for good.
#[utoipa::path(
    delete,
    path = "/api/v1/me/rooms/{room}",
    params(("room" = String, Path, description = "Its address.")),
    responses((status = 204, description = "It is off the list."))
)]
pub(crate) async fn forget(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
) -> Result<StatusCode, HttpError> {
    let (room, user) = (room_name(&room)?, who.user);
    server.engine.forget(user.id, &room).await?;
    if room.kind() == RoomKind::Private {
        let left = rooms::set_role(&*server.engine, user.clone(), room, user, NewRole::Left).await;
        // Who has no part in it has nothing to leave.
        let nothing = EngineError::from(RoomRefusal::NoSuchRoom);
        left.or_else(|error| if error == nothing { Ok(()) } else { Err(error) })?;
    }
    Ok(StatusCode::NO_CONTENT)
}
