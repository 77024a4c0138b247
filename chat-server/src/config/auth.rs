//! Whose login it is, from flags and files.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::http::Uri;

use super::{ConfigError, checked_url, wrong};
use crate::{
    jwt::{claims::Expected, issuer::IssuerOptions, signer::Signer},
    login::LoginOptions,
};

/// The flags about it.
pub(super) struct AuthFlags {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) jwks_url: Option<String>,
    pub(super) guests: bool,
    pub(super) signing_key_files: Vec<PathBuf>,
    pub(super) signing_issuer: Option<String>,
}

/// Another login's three, or a key's two, or nothing.
pub(super) fn login(flags: AuthFlags) -> Result<LoginOptions, ConfigError> {
    let AuthFlags { issuer, audience, jwks_url, guests, signing_key_files, signing_issuer } = flags;
    let needed =
        |option| wrong(option, "is needed with the others of auth-issuer, auth-audience and auth-jwks-url");
    match (said(issuer), said(audience), said(jwks_url)) {
        (None, None, None) if guests => Err(wrong("auth-guests", "is of no use without auth-issuer")),
        (None, None, None) => {
            Ok(LoginOptions::Own { signer: signer(&signing_key_files, said(signing_issuer))? })
        }
        (Some(_), Some(_), Some(_)) if !signing_key_files.is_empty() => {
            Err(wrong("auth-signing-key-file", "is of no use with auth-issuer: there is nobody to sign for"))
        }
        (Some(issuer), Some(audience), Some(keys)) => {
            let keys = checked_url("auth-jwks-url", keys)?;
            let keys = keys.parse::<Uri>().map_err(|error| wrong("auth-jwks-url", error))?;
            let expected = Expected { issuer, audience };
            Ok(LoginOptions::Foreign { issuer: IssuerOptions { expected, keys }, guests })
        }
        (None, ..) => Err(needed("auth-issuer")),
        (_, None, _) => Err(needed("auth-audience")),
        (_, _, None) => Err(needed("auth-jwks-url")),
    }
}

/// A variable of the environment that is empty says nothing.
fn said(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

fn signer(files: &[PathBuf], issuer: Option<String>) -> Result<Option<Arc<Signer>>, ConfigError> {
    match (files, issuer) {
        ([], None) => Ok(None),
        ([], Some(_)) => Err(wrong("auth-signing-issuer", "is of no use without auth-signing-key-file")),
        (_, None) => Err(wrong("auth-signing-issuer", "is needed with auth-signing-key-file")),
        (files, Some(issuer)) => {
            let pems = files.iter().map(|path| pem(path)).collect::<Result<Vec<_>, _>>()?;
            let signer = Signer::new(issuer, &pems).map_err(|(index, invalid)| {
                wrong("auth-signing-key-file", format!("{} {invalid}", files[index].display()))
            })?;
            Ok(Some(Arc::new(signer)))
        }
    }
}

fn pem(path: &Path) -> Result<String, ConfigError> {
    fs::read_to_string(path)
        .map_err(|error| wrong("auth-signing-key-file", format!("{}: {error}", path.display())))
}
