//! Asks an issuer for its keys, over HTTP or HTTPS.

use std::time::{Duration, SystemTime};

use axum::http::{Request, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::timeout;

use super::{freshness::fresh_for, keys::Keys};

/// For the whole question. Somebody's token waits for the answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// The longest answer, in bytes: a key with its certificates has 10 KiB.
const ANSWER_BYTES: usize = 256 * 1024;

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Late,
    #[error("{0}")]
    Connection(#[from] hyper_util::client::legacy::Error),
    #[error("the answer broke off, or has more than {ANSWER_BYTES} bytes: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is {0}")]
    Status(StatusCode),
    #[error("the answer is no JWK Set: {0}")]
    Document(#[from] serde_json::Error),
    #[error("there is no key in the answer that could be used")]
    Nothing,
}

/// Keys, and for how long they are fresh.
pub(super) struct Fetched {
    pub(super) keys: Keys,
    pub(super) fresh: Duration,
}

/// Asks at one address.
pub(super) struct Fetcher {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    address: Uri,
}

impl Fetcher {
    /// Trusts Mozilla's roots.
    ///
    /// # Errors
    /// A defect: there are always versions of TLS that ring has.
    pub(super) fn new(address: Uri) -> Result<Self, rustls::Error> {
        let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        let tls = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().build();
        // It is asked once in minutes: no connection is worth keeping.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, address })
    }

    /// Where it asks.
    pub(super) fn address(&self) -> &Uri {
        &self.address
    }

    /// Asks once. Redirects are not followed: the address is the operator's to say.
    pub(super) async fn fetch(&self) -> Result<Fetched, FetchError> {
        timeout(PATIENCE, self.ask()).await.unwrap_or(Err(FetchError::Late))
    }

    async fn ask(&self) -> Result<Fetched, FetchError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self.address.clone();
        request.headers_mut().insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
        let (head, body) = self.client.request(request).await?.into_parts();
        if head.status != StatusCode::OK {
            return Err(FetchError::Status(head.status));
        }
        let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(FetchError::Body)?.to_bytes();
        let keys = Keys::read(&body)?;
        if keys.count() == 0 {
            return Err(FetchError::Nothing);
        }
        Ok(Fetched { keys, fresh: fresh_for(&head.headers, SystemTime::now()) })
    }
}
