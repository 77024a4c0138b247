//! Somebody else's login service, with keys that change, and that may be away.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, http::StatusCode, response::IntoResponse, routing::get};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header, encode,
    jwk::{AlgorithmParameters, Jwk, JwkSet},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// A key of Ed25519.
#[derive(Clone)]
pub(crate) struct SigningKey {
    key: EncodingKey,
    public: Jwk,
}

impl SigningKey {
    /// A new one, called `id`.
    pub(crate) fn new(id: &str) -> Self {
        // RFC 8410, 7: a private key is this and its 32 bytes.
        let mut der = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        der.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(32));
        let key = EncodingKey::from_ed_der(&der);
        let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA).unwrap();
        public.common.key_id = Some(id.to_owned());
        Self { key, public }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &self.key).unwrap()
    }

    /// The same claims in the name of the key, signed with its public part as if that were a secret.
    pub(crate) fn sign_with_what_is_public(&self, claims: &Value) -> String {
        let AlgorithmParameters::OctetKeyPair(public) = &self.public.algorithm else { panic!() };
        let secret = EncodingKey::from_secret(&BASE64_URL_SAFE_NO_PAD.decode(&public.x).unwrap());
        let header = Header { kid: self.public.common.key_id.clone(), ..Header::new(Algorithm::HS256) };
        encode(&header, claims, &secret).unwrap()
    }

    /// The same claims in the name of the key, not signed at all.
    pub(crate) fn unsigned(&self, claims: &Value) -> String {
        let header = json!({"alg": "none", "kid": self.public.common.key_id});
        let [header, claims] = [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        format!("{header}.{claims}.")
    }
}

/// The service. It ends with `self`.
pub(crate) struct Issuer {
    address: SocketAddr,
    /// `None` when it is away.
    published: Arc<Mutex<Option<JwkSet>>>,
    asked: Arc<AtomicUsize>,
    _serves: AbortOnDropHandle<()>,
}

impl Issuer {
    pub(crate) const NAME: &str = "https://login.example.org";

    /// That publishes these keys.
    pub(crate) async fn start(keys: &[&SigningKey]) -> Self {
        let published = Arc::new(Mutex::new(None));
        let asked = Arc::new(AtomicUsize::new(0));
        let answer = {
            let (published, asked) = (Arc::clone(&published), Arc::clone(&asked));
            async move || {
                asked.fetch_add(1, Ordering::SeqCst);
                let keys: Option<JwkSet> = published.lock().unwrap().clone();
                keys.map_or(StatusCode::BAD_GATEWAY.into_response(), |keys| axum::Json(keys).into_response())
            }
        };
        let router = Router::new().route("/keys", get(answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serves = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let issuer = Self { address, published, asked, _serves: AbortOnDropHandle::new(serves) };
        issuer.publish(keys);
        issuer
    }

    /// These keys, and no others from now on.
    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        let keys = keys.iter().map(|key| key.public.clone()).collect();
        *self.published.lock().unwrap() = Some(JwkSet { keys });
    }

    /// It answers no more, until it publishes.
    pub(crate) fn go_away(&self) {
        *self.published.lock().unwrap() = None;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn keys_url(&self) -> String {
        format!("http://{}/keys", self.address)
    }
}
