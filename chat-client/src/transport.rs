//! Opens a WebSocket to a server.

use std::time::Duration;

use hubbub_protocol::{SUBPROTOCOL, http::Problem};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config,
    tungstenite::{
        Error,
        client::IntoClientRequest,
        http::{HeaderMap, HeaderValue, Response, header},
        protocol::WebSocketConfig,
    },
};

use crate::{Endpoint, Loss};

/// A connection to a server.
pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// For name, TCP, TLS and handshake together; a server that needs longer is no use for chat.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The default of 128 KiB would be most of what a connection weighs; a chat message fits here.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Frames that are said at once, as hello and the joins behind it, share a write up to this size. It is taken as far as it is
/// used.
const WRITE_BUFFER_BYTES: usize = 4 * 1024;

/// A page of messages of the greatest length, each character escaped: 500 times 4,000 times 12 bytes.
pub(crate) const LARGEST_MESSAGE_BYTES: usize = 32 * 1024 * 1024;

/// Connects, and upgrades to the protocol.
pub(crate) async fn open(endpoint: &Endpoint) -> Result<Socket, Loss> {
    match tokio::time::timeout(CONNECT_TIMEOUT, open_unbounded(endpoint)).await {
        Ok(result) => result,
        Err(_) => Err(Loss::Unreachable(format!(
            "{} did not answer within {} s",
            endpoint.url(),
            CONNECT_TIMEOUT.as_secs()
        ))),
    }
}

async fn open_unbounded(endpoint: &Endpoint) -> Result<Socket, Loss> {
    let unreachable = |why: String| Loss::Unreachable(format!("can't reach {}: {why}", endpoint.url()));
    let mut request =
        endpoint.url().websocket().into_client_request().map_err(|error| unreachable(error.to_string()))?;
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));

    let stream = connect(endpoint).await.map_err(|error| unreachable(error.to_string()))?;
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(Some(LARGEST_MESSAGE_BYTES))
        .max_frame_size(Some(LARGEST_MESSAGE_BYTES));
    let tls = Connector::Rustls(endpoint.trust().config());
    match client_async_tls_with_config(request, stream, Some(config), Some(tls)).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(refused(&response)),
        Err(error) => Err(unreachable(error.to_string())),
    }
}

/// A TCP connection to the first of the server's addresses that takes one.
pub(crate) async fn connect(endpoint: &Endpoint) -> std::io::Result<TcpStream> {
    let mut last_error = std::io::ErrorKind::NotFound.into();
    for address in endpoint.addresses().await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Chat is small frames that somebody waits for.
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

fn refused(response: &Response<Option<Vec<u8>>>) -> Loss {
    let problem = response.body().as_deref().and_then(|body| serde_json::from_slice::<Problem>(body).ok());
    let detail = problem.map(|problem| problem.detail.unwrap_or(problem.title)).unwrap_or_default();
    Loss::Refused { status: response.status().as_u16(), retry_after: retry_after(response.headers()), detail }
}

/// `Retry-After` in seconds; the form with a date is not used by this server, and a proxy's date is not worth a
/// clock here.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
