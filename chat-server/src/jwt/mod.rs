//! Signed tokens (JWT, RFC 7519): those of somebody else's login, and those that this login signs for others.
//!
//! ```text
//! token --> keys (whose signature is it?) --> claims (for whom, until when?) --> who
//!             ^
//!          issuer: keeps the keys of the other login, asked for when they are due
//! ```
//! The address of the keys and the name of the issuer come from the configuration alone: a token says which of those
//! keys signed it, and nothing more. Own tokens stay opaque; what [`signer`] signs is for other services.

pub mod claims;
mod fetch;
pub mod freshness;
pub mod issuer;
pub mod keys;
pub mod signer;

/// Whether a token would be a signed one: three parts with dots between. Own tokens have no dots.
pub(crate) fn is_signed(token: &str) -> bool {
    token.split('.').count() == 3
}
