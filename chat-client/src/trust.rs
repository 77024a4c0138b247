//! Whom TLS believes: the authorities that vouch for a server's certificate.

use std::sync::{Arc, LazyLock};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Why a text names no authority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAuthorities {
    /// Nothing in it is a PEM certificate.
    #[error("has no certificate: it has to be PEM, -----BEGIN CERTIFICATE----- and so on")]
    None,
    /// One of its certificates is broken, or can't be an authority's.
    #[error("has a certificate that can't be used: {0}")]
    Unusable(String),
}

/// The authorities whose certificates a client takes. Mozilla's, unless it is told of others.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Made once: 150 certificates, and the sessions that TLS resumes.
static MOZILLA: LazyLock<Trust> = LazyLock::new(|| Trust::of(mozilla()));

impl Trust {
    /// Mozilla's authorities, and those whose certificates are in `pem`.
    ///
    /// ```
    /// use chat_client::{InvalidAuthorities, Trust};
    /// assert_eq!(Trust::with(b"hello").unwrap_err(), InvalidAuthorities::None);
    /// ```
    ///
    /// # Errors
    /// See [`InvalidAuthorities`]. A file that is right in part is not taken.
    pub fn with(pem: &[u8]) -> Result<Self, InvalidAuthorities> {
        let mut roots = mozilla();
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| InvalidAuthorities::Unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| InvalidAuthorities::Unusable(error.to_string()))?;
        }
        if roots.len() == before { Err(InvalidAuthorities::None) } else { Ok(Self::of(roots)) }
    }

    /// What TLS takes.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }

    fn of(roots: RootCertStore) -> Self {
        Self(Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
    }
}

impl Default for Trust {
    fn default() -> Self {
        MOZILLA.clone()
    }
}

fn mozilla() -> RootCertStore {
    webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect()
}
