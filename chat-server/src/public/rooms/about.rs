//! `/api/v1/rooms/{room}`: one room.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use hubbub_protocol::http::{ReadRequest, ReadState, RoomChange, RoomInfo};

use super::{super::caller::Caller, room_name, title, topic};
use crate::{json, problem::HttpError, reading, rooms, server::Server};

/// What a room is
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}",
    params(("room" = String, Path, description = "Its address.")),
    responses((status = 200, description = "The room.", body = RoomInfo))
)]
pub(crate) async fn look(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
) -> Result<Json<RoomInfo>, HttpError> {
    Ok(Json(rooms::look(&*server.engine, who.user.id, room_name(&room)?).await?))
}

/// Changes title or topic
///
/// For an owner.
#[utoipa::path(
    patch,
    path = "/api/v1/rooms/{room}",
    params(("room" = String, Path, description = "Its address.")),
    request_body = RoomChange,
    responses((status = 200, description = "The room as it is now.", body = RoomInfo))
)]
pub(crate) async fn change(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
    json::Json(change): json::Json<RoomChange>,
) -> Result<Json<RoomInfo>, HttpError> {
    let room = room_name(&room)?;
    let (title, topic) = (title(change.title.as_deref())?, topic(change.topic.as_deref())?);
    if title.is_none() && topic.is_none() {
        return Ok(Json(rooms::look(&*server.engine, who.user.id, room).await?));
    }
    Ok(Json(rooms::change(&*server.engine, who.user, room, title, topic).await?))
}

/// Deletes a room
///
/// With all that was said there, for all. For an owner.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}",
    params(("room" = String, Path, description = "Its address.")),
    responses((status = 204, description = "It is no more."))
)]
pub(crate) async fn delete(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
) -> Result<StatusCode, HttpError> {
    rooms::delete(&*server.engine, who.user.id, &room_name(&room)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says how far one has read
///
/// Never goes back. All sessions of the user are told; in a small room by invitation the others as well, by `seen`.
#[utoipa::path(
    put,
    path = "/api/v1/rooms/{room}/read",
    params(("room" = String, Path, description = "Its address.")),
    request_body = ReadRequest,
    responses((status = 200, description = "How far it is now.", body = ReadState))
)]
pub(crate) async fn read(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
    json::Json(ReadRequest { offset }): json::Json<ReadRequest>,
) -> Result<Json<ReadState>, HttpError> {
    Ok(Json(reading::read(&*server.engine, who.user, &room_name(&room)?, offset).await?))
}
