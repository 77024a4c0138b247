//! `/ws`: from an HTTP request to a session.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    extract::Request,
    http::{HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use hubbub_protocol::{ErrorCode, limits::Limited, metrics::Refusal};
use tokio::time::{sleep, timeout};

use super::{AllowedOrigins, ClientAddress, TrustedProxies, caller::token, handshake::Handshake};
use crate::{
    places::NoPlace,
    problem::HttpError,
    server::Server,
    session::{self, Visitor},
};

/// Between two looks at an engine that is away: a part of what a connection to it takes that is made again at once.
const ENGINE_LOOK: Duration = Duration::from_millis(50);

/// Opens WebSockets.
pub(super) struct Sockets {
    pub(super) server: Arc<Server>,
    pub(super) origins: AllowedOrigins,
    pub(super) proxies: TrustedProxies,
}

impl Sockets {
    /// The answer to a request to open one; if it is no refusal, a session begins.
    pub(super) async fn answer(&self, peer: IpAddr, request: Request) -> Response {
        let address = ClientAddress::of(peer, request.headers(), &self.proxies);
        let is_get = request.method() == Method::GET;
        let mut response = open(self, address, request).await.unwrap_or_else(HttpError::into_response);
        if !is_get {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

async fn open(
    Sockets { server, origins, .. }: &Sockets,
    address: ClientAddress,
    request: Request,
) -> Result<Response, HttpError> {
    not_draining(server)?;
    let token = token(request.headers()).map(str::to_owned);
    let its_page = origins.check(request.headers());
    let handshake = Handshake::of(request)?;
    its_page.map_err(HttpError::bad_origin)?;
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
    engine_answers(server).await?;
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
    not_draining(server)?;
    let server = Arc::clone(server);
    let tasks = server.tasks.clone();
    let (answer, opened) = handshake.accept();
    tasks.spawn(async move {
        match opened.await {
            Ok((socket, ahead)) => {
                session::run(server, socket, ahead, ticket, Visitor { address, greeting, token }).await;
            }
            Err(error) => tracing::debug!(%error, "a WebSocket did not come to be"),
        }
    });
    Ok(answer)
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
