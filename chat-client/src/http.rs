//! One HTTP request to a server, on a connection of its own.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    header::{self, HeaderMap, HeaderValue},
};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use crate::{Endpoint, transport};

/// For connecting, asking and reading the answer together. A login waits for its turn at hashing; nothing waits longer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// As large as an answer can be: a page of events of the greatest length, like one over the WebSocket.
const LARGEST_ANSWER_BYTES: usize = transport::LARGEST_MESSAGE_BYTES;

/// What a server answered.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Sends a request whose URI is a path, and reads the whole answer. An error says in words why there is none.
pub(crate) async fn send(endpoint: &Endpoint, request: Request<Full<Bytes>>) -> Result<Answer, String> {
    match tokio::time::timeout(TIMEOUT, send_unbounded(endpoint, request)).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {} s", TIMEOUT.as_secs())),
    }
}

async fn send_unbounded(endpoint: &Endpoint, mut request: Request<Full<Bytes>>) -> Result<Answer, String> {
    let url = endpoint.url();
    let host = HeaderValue::try_from(url.authority()).map_err(|error| error.to_string())?;
    request.headers_mut().insert(header::HOST, host);
    let stream = transport::connect(endpoint).await.map_err(|error| error.to_string())?;
    if !url.is_secure() {
        return exchange(stream, request).await;
    }
    let name = ServerName::try_from(url.host().to_owned()).map_err(|error| error.to_string())?;
    let tls = TlsConnector::from(endpoint.trust().config());
    let stream = tls.connect(name, stream).await.map_err(|error| error.to_string())?;
    exchange(stream, request).await
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let broken = |error: hyper::Error| format!("the connection broke: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let asking = async {
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        let body = Limited::new(body, LARGEST_ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| format!("the answer broke: {error}"))?.to_bytes();
        Ok(Answer { status: head.status, headers: head.headers, body })
    };
    // The connection makes the progress that the request waits for, and lives no longer than it.
    let driving = async {
        match connection.await {
            Err(error) => broken(error),
            Ok(()) => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        answer = asking => answer,
        error = driving => Err(error),
    }
}
