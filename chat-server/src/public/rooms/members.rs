//! `/api/v1/rooms/{room}/members`: who has a part in a room.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use hubbub_protocol::{
    RoomName, User, UserId, UserName,
    http::{MemberList, MemberRequest, Role},
};

use super::{super::caller::Caller, room_name};
use crate::{
    engine::{EngineError, RoomRefusal, rooms::NewRole},
    json,
    problem::HttpError,
    rooms,
    server::Server,
};

/// Who is in a room
#[utoipa::path(
    get,
    path = "/api/v1/rooms/{room}/members",
    params(("room" = String, Path, description = "Its address.")),
    responses((status = 200, description = "All members of a private or direct room; of a public one its owners and who is there now.", body = MemberList))
)]
pub(crate) async fn list(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path(room): Path<String>,
) -> Result<Json<MemberList>, HttpError> {
    Ok(Json(rooms::members(&*server.engine, who.user.id, &room_name(&room)?).await?))
}

/// Invites somebody, or gives a role
///
/// For an owner.
#[utoipa::path(
    put,
    path = "/api/v1/rooms/{room}/members/{user}",
    params(
        ("room" = String, Path, description = "Its address."),
        ("user" = UserId, Path, description = "Who."),
    ),
    request_body = MemberRequest,
    responses((status = 204, description = "So it is now."))
)]
pub(crate) async fn put(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path((room, member)): Path<(String, String)>,
    json::Json(MemberRequest { role }): json::Json<MemberRequest>,
) -> Result<StatusCode, HttpError> {
    let (room, id) = (room_name(&room)?, member.parse::<UserId>().map_err(|_| HttpError::no_such_user())?);
    // Who may not read the room hears the same about every user.
    server.engine.view(&room, who.user.id, None).await?;
    let member = server.engine.user(id).await?.ok_or_else(HttpError::no_such_user)?;
    let role = match role {
        Role::Owner => NewRole::Owner,
        Role::Member => NewRole::Member,
    };
    rooms::set_role(&*server.engine, who.user, room, member, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes somebody, or leaves
///
/// Oneself: leaves, from a private room for good. Somebody else: for an owner.
#[utoipa::path(
    delete,
    path = "/api/v1/rooms/{room}/members/{user}",
    params(
        ("room" = String, Path, description = "Its address."),
        ("user" = UserId, Path, description = "Who."),
    ),
    responses((status = 204, description = "So it is now."))
)]
pub(crate) async fn delete(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
    Path((room, member)): Path<(String, String)>,
) -> Result<StatusCode, HttpError> {
    let (room, id) = (room_name(&room)?, member.parse::<UserId>().map_err(|_| HttpError::no_such_user())?);
    let role = if id == who.user.id { NewRole::Left } else { NewRole::Removed };
    let member = named(&server, &room, who.user.id, id).await?;
    rooms::set_role(&*server.engine, who.user, room, member, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Somebody by the name that the accounts know, or the room: an account may be deleted, and its member be removed.
async fn named(server: &Server, room: &RoomName, by: UserId, id: UserId) -> Result<User, HttpError> {
    let members = server.engine.members(room, by).await?;
    if let Some(member) = members.into_iter().find(|member| member.user.id == id) {
        return Ok(member.user);
    }
    if let Some(user) = server.engine.user(id).await? {
        return Ok(user);
    }
    let nobody = EngineError::from(RoomRefusal::NoSuchMember);
    UserName::parse("?").map(|name| User { id, name }).map_err(|_| nobody.into())
}
