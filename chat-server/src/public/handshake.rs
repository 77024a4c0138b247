//! The opening of a WebSocket (RFC 6455, 4.2), and the socket behind it.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use hubbub_protocol::{ErrorCode, SUBPROTOCOL};
use hyper::upgrade::{OnUpgrade, Parts};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{
    self, error::ProtocolError, handshake::server::create_response_with_body,
};

use crate::problem::HttpError;

/// A request that opens a WebSocket, and has not been answered yet.
pub(super) struct Handshake {
    answer: Response,
    upgrade: OnUpgrade,
}

/// The socket, and what came behind the request.
pub(super) type Opened = (TcpStream, Bytes);

/// Why there is no socket behind an answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotOpened {
    /// The connection ended.
    #[error(transparent)]
    Lost(#[from] hyper::Error),
    /// The listener serves something else than TCP: a defect.
    #[error("the connection is no TCP socket")]
    NoSocket,
}

impl Handshake {
    /// What a request has to be answered with.
    ///
    /// # Errors
    /// When it does not open a WebSocket, or one with another protocol than the server's.
    pub(super) fn of(mut request: Request) -> Result<Self, HttpError> {
        let mut answer = create_response_with_body(&request, Body::empty).map_err(|error| {
            let status = match error {
                tungstenite::Error::Protocol(ProtocolError::WrongHttpMethod) => {
                    StatusCode::METHOD_NOT_ALLOWED
                }
                _ => StatusCode::BAD_REQUEST,
            };
            no_websocket(status)
        })?;
        if offers_protocol(request.headers())? {
            answer
                .headers_mut()
                .insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
        }
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = upgrade.ok_or_else(|| no_websocket(StatusCode::UPGRADE_REQUIRED))?;
        Ok(Self { answer, upgrade })
    }

    /// The answer, and what becomes the socket when it has gone out.
    pub(super) fn accept(self) -> (Response, impl Future<Output = Result<Opened, NotOpened>>) {
        let opened = async {
            let upgraded = self.upgrade.await?;
            let Parts { io, read_buf, .. } =
                upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| NotOpened::NoSocket)?;
            Ok((io.into_inner(), read_buf))
        };
        (self.answer, opened)
    }
}

fn no_websocket(status: StatusCode) -> HttpError {
    HttpError::new(status, ErrorCode::BadField, "this address speaks WebSocket (RFC 6455, version 13) only")
}

/// Whether the server's protocol is offered. Who offers none at all means whatever there is.
fn offers_protocol(headers: &HeaderMap) -> Result<bool, HttpError> {
    let mut offers = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter().peekable();
    if offers.peek().is_none() {
        return Ok(false);
    }
    let mut names = offers.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    if names.any(|name| name.trim() == SUBPROTOCOL) {
        return Ok(true);
    }
    let detail = format!("sec-websocket-protocol: only {SUBPROTOCOL} is spoken here");
    Err(HttpError::new(StatusCode::BAD_REQUEST, ErrorCode::BadField, detail))
}
