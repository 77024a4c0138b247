//! `/api/v1/sessions`: logging in, where one is logged in, and logging out.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use hubbub_protocol::{
    DeviceId, ErrorCode,
    http::{Device, DeviceList, LoginRequest, OnlineSession, Problem, SESSIONS_PATH, SessionCreated},
};

use super::{
    super::{
        caller::Caller,
        client::{ClientAddress, ClientScheme},
    },
    device_name, log_in, logged_out, own_accounts, password,
};
use crate::{
    engine::{Authenticated, SessionRecord, UserEvent, accounts::LogOut},
    json,
    problem::{HttpError, PROBLEM_JSON},
    server::Server,
};

/// Logs in
#[utoipa::path(
    post,
    path = SESSIONS_PATH,
    request_body = LoginRequest,
    responses(
        (status = 201, description = "Logged in; the token is in the cookie too.", body = SessionCreated),
        (status = 401, description = "`wrongPassword`: the address or the password is wrong.", body = Problem,
            content_type = PROBLEM_JSON),
        (status = 429, description = "`tooManyAttempts`: too many failed.", body = Problem,
            content_type = PROBLEM_JSON),
    )
)]
pub(crate) async fn create(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    address: ClientAddress,
    json::Json(LoginRequest { email, password, device }): json::Json<LoginRequest>,
) -> Result<Response, HttpError> {
    own_accounts(&server)?;
    let device = device_name(device.as_deref())?;
    let credentials = password::check_typed(&server, &email, password, address).await?;
    log_in(&server, &credentials, &device, scheme).await
}

/// Where one is logged in
#[utoipa::path(
    get,
    path = SESSIONS_PATH,
    responses((status = 200, description = "The device that was seen last first.", body = DeviceList))
)]
pub(crate) async fn list(
    State(server): State<Arc<Server>>,
    Caller(who): Caller,
) -> Result<Json<DeviceList>, HttpError> {
    let devices = server.engine.devices(who.user.id).await?;
    let mut online: HashMap<DeviceId, Vec<OnlineSession>> = HashMap::new();
    for SessionRecord { session, user: _, device, server, since } in
        server.engine.sessions_of(who.user.id).await?
    {
        online.entry(device).or_default().push(OnlineSession { session, server, since });
    }
    let devices = devices.into_iter().map(|device| Device {
        current: device.id == who.device,
        online: online.remove(&device.id).unwrap_or_default(),
        id: device.id,
        name: device.name,
        since: device.since,
        last_seen: device.seen,
        expires: device.expires,
    });
    Ok(Json(DeviceList { devices: devices.collect() }))
}

/// Logs out of this device
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    responses((status = 204, description = "Its token is good for nothing any more; its sessions are closed."))
)]
pub(crate) async fn delete_current(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    caller: Option<Caller>,
) -> Result<Response, HttpError> {
    // A browser whose token is no good any more gets rid of it in this way.
    if let Some(Caller(who)) = caller {
        log_out(&server, &who, LogOut::One(who.device)).await?;
    }
    Ok(logged_out(scheme))
}

/// Logs out of one device
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{device}",
    params(("device" = DeviceId, Path, description = "Of the list of devices.")),
    responses((status = 204, description = "Its token is good for nothing any more; its sessions are closed."))
)]
pub(crate) async fn delete_one(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    Caller(who): Caller,
    Path(device): Path<String>,
) -> Result<Response, HttpError> {
    let device = device.parse().map_err(|_| HttpError::bad_field("device: it is a GUID"))?;
    log_out(&server, &who, LogOut::One(device)).await?;
    Ok(if device == who.device { logged_out(scheme) } else { StatusCode::NO_CONTENT.into_response() })
}

/// Logs out of all devices
///
/// With `others=true`, of all but this one.
#[utoipa::path(
    delete,
    path = SESSIONS_PATH,
    params(("others" = Option<bool>, Query, description = "Whether this device stays logged in.")),
    responses((status = 204, description = "Their tokens are good for nothing any more; their sessions are closed."))
)]
pub(crate) async fn delete_all(
    State(server): State<Arc<Server>>,
    scheme: ClientScheme,
    Caller(who): Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, HttpError> {
    match query.as_deref().unwrap_or_default() {
        "" | "others=false" => {
            log_out(&server, &who, LogOut::All).await?;
            Ok(logged_out(scheme))
        }
        "others=true" => {
            log_out(&server, &who, LogOut::Others(who.device)).await?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => {
            let detail = "the only parameter is others, which is true or false";
            Err(HttpError::new(StatusCode::BAD_REQUEST, ErrorCode::BadField, detail))
        }
    }
}

/// Logs out in the engine, then everywhere. Asked for again, the devices that are known to be out are told again.
pub(super) async fn log_out(server: &Server, who: &Authenticated, which: LogOut) -> Result<(), HttpError> {
    let mut devices = server.engine.log_out(who.user.id, which).await?;
    if let LogOut::One(device) = which
        && !devices.contains(&device)
    {
        devices.push(device);
    }
    Ok(server.tell(who.user.id, UserEvent::LoggedOut { devices }).await?)
}
