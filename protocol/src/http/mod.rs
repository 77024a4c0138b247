//! Bodies of the public HTTP API that more than one part of the project names.

mod accounts;
mod classic;
mod rooms;

use serde::{Deserialize, Serialize};

use crate::{User, UserId};

pub use self::{accounts::*, classic::*, rooms::*};

/// POST: makes a guest; body [`GuestRequest`], answer [`GuestCreated`].
pub const GUESTS_PATH: &str = "/api/v1/guests";
/// GET: what the page has to know before it starts; answer [`PageConfig`].
pub const PAGE_CONFIG_PATH: &str = "/config.json";

/// GET: the OpenAPI document of everything below `/api/v1`, and of the classic API.
pub const OPENAPI_PATH: &str = "/api/openapi.json";
/// GET: the same for people.
pub const API_PAGE_PATH: &str = "/api/docs";

/// Asks for a guest. Names are checked by the server, which answers with a [`Problem`] that says what is wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct GuestRequest {
    /// The GUID that the client made for itself. One that is taken is refused with 409.
    pub id: UserId,
    /// What the guest wants to be called.
    pub name: String,
}

/// A guest and the token that proves to be that guest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct GuestCreated {
    /// As the server keeps it.
    pub user: User,
    /// Opaque; goes into `hello`. Whoever has it speaks as the guest.
    pub token: String,
}

/// What the page reads from `/config.json` at its start.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PageConfig {
    /// The Random User API that names new guests; the page asks it for at most 1.5 s.
    pub name_api: String,
    /// The room that the page opens when its address names none.
    pub default_room: String,
}

/// An error of the HTTP API: RFC 9457, served as `application/problem+json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URI reference that names the kind of problem: `/problems/` and an error code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This occurrence in words: names the field and the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub detail: Option<String>,
}
