//! `/ws`: from an HTTP request to a session.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{State, WebSocketUpgrade, ws::rejection::WebSocketUpgradeRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use hubbub_protocol::{
    ErrorCode, SUBPROTOCOL,
    limits::{FRAME_BYTES_READ, Limited},
    metrics::Refusal,
};
use tokio::time::{sleep, timeout};

use super::{AllowedOrigins, ClientAddress, caller::token};
use crate::{
    places::NoPlace,
    problem::HttpError,
    server::Server,
    session::{self, Visitor},
};

/// Each idle socket keeps its read buffer: 1 KiB makes half a KiB more a connection than this, the default of 128 KiB
/// makes 136. A chat message of 300 characters fits; for a longer frame the buffer grows.
const READ_BUFFER: usize = 512;

/// Between two looks at an engine that is away: a part of what a connection to it takes that is made again at once.
const ENGINE_LOOK: Duration = Duration::from_millis(50);

pub(super) async fn upgrade(
    State((server, origins)): State<(Arc<Server>, Arc<AllowedOrigins>)>,
    address: ClientAddress,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, HttpError> {
    not_draining(&server)?;
    let upgrade = upgrade.map_err(|rejection| {
        let status = rejection.into_response().status();
        HttpError::new(
            status,
            ErrorCode::BadField,
            "this address speaks WebSocket (RFC 6455, version 13) only",
        )
    })?;
    origins.check(&headers).map_err(HttpError::bad_origin)?;
    let token = token(&headers).map(str::to_owned);
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    // Who offers no protocol at all means whatever there is.
    if upgrade.selected_protocol().is_none() && headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL) {
        let detail = format!("sec-websocket-protocol: only {SUBPROTOCOL} is spoken here");
        return Err(HttpError::new(StatusCode::BAD_REQUEST, ErrorCode::BadField, detail));
    }
    let limits = &server.limits;
    limits.check(Limited::Connects, address).inspect_err(|_| server.metrics.refused(Refusal::Address))?;
    let greeting = server.greetings.take(Some(address.key())).map_err(|none| {
        let detail = "there are too many connections that have not said hello yet";
        let (why, error) = match none {
            NoPlace::OfAddress => {
                (Refusal::Address, HttpError::too_fast(format!("of your address {detail}")))
            }
            NoPlace::AtAll => (Refusal::Greeting, HttpError::passing(ErrorCode::Full, detail)),
        };
        server.metrics.refused(why);
        error
    })?;
    engine_answers(&server).await?;
    let Some(ticket) = server.sessions.open() else {
        server.metrics.refused(Refusal::Full);
        let detail = format!("this server takes {} connections, and has them", server.sessions.capacity());
        return Err(HttpError::passing_within(server.admission.next_turn(None), ErrorCode::Full, detail));
    };
    // Last, so that only those count who would be let in.
    server.admission.admit(server.reception.crowded()).map_err(|later| {
        server.metrics.refused(Refusal::Rate);
        let detail =
            format!("more come at once than this server lets in; your turn is in {} s", later.as_secs());
        HttpError::passing_within(later, ErrorCode::Busy, detail)
    })?;
    // A drain that began in between has not seen this one.
    not_draining(&server)?;
    let tasks = server.tasks.clone();
    Ok(upgrade
        .read_buffer_size(READ_BUFFER)
        // The writer makes the batches; what it hands over goes out at once.
        .write_buffer_size(0)
        .max_message_size(FRAME_BYTES_READ)
        .max_frame_size(FRAME_BYTES_READ)
        .on_failed_upgrade(|error| tracing::debug!(%error, "a WebSocket did not come to be"))
        .on_upgrade(move |socket| {
            tasks.track_future(session::run(server, socket, ticket, Visitor { address, greeting, token }))
        }))
}

/// Waits for an engine that is away, as a hello would: it may be back in a moment, or not be reached yet.
///
/// A WebSocket whose hello can't be answered is not opened: whoever was sent here by another server keeps its session
/// there until this one opens.
async fn engine_answers(server: &Server) -> Result<(), HttpError> {
    let back = async {
        while server.engine.is_away() {
            sleep(ENGINE_LOOK).await;
        }
    };
    timeout(server.timing.engine_wait, back).await.map_err(|_| {
        server.metrics.refused(Refusal::Engine);
        let detail = "the engine does not answer, so that no session can begin; try again";
        HttpError::passing(ErrorCode::EngineUnavailable, detail)
    })
}

fn not_draining(server: &Server) -> Result<(), HttpError> {
    if server.drain.is_under_way() {
        server.metrics.refused(Refusal::Draining);
        return Err(HttpError::passing(
            ErrorCode::Draining,
            "this server is draining; another one takes you",
        ));
    }
    Ok(())
}
