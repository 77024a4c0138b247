//! Bodies of the classic API: a user has a key, and everyone reads everything.

use serde::{Deserialize, Serialize};

use crate::{MessageId, MessageText, Timestamp, User, UserId};

/// POST: creates a user; body [`NewUser`], answer [`UserKey`]. PUT: logs in; body [`KeyLogin`], answer a [`User`] and
/// the [`COOKIE`](super::COOKIE).
pub const USER_PATH: &str = "/user/";
/// POST: says something; body [`NewMessage`], answer [`KeptMessage`]. GET: a list of all [`KeptMessage`]s.
pub const MESSAGE_PATH: &str = "/message/";
/// The public room that has these messages. Nobody owns it.
pub const CLASSIC_ROOM: &str = "classic";

/// Asks for a user.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewUser {
    /// Unique, whatever its case.
    pub email: String,
    /// What others see; without it the part of the e-mail address before the `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A user that was created.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UserKey {
    /// Who it is.
    pub id: UserId,
    /// What the user logs in with: 256 random bits in hexadecimal digits. Nobody can be told it again. It is the
    /// password of the account, until another is set.
    pub key: String,
}

/// Asks to be logged in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyLogin {
    /// As at the creation, in any case.
    pub email: String,
    /// The key.
    pub key: String,
}

/// Asks for a message to be kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// What it says.
    pub text: String,
    /// The client's GUID for it, if it has one: the same again is stored once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
}

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeptMessage {
    /// Its GUID.
    pub id: MessageId,
    /// Who said it, with the name of that moment.
    pub user: User,
    /// What it says.
    pub text: MessageText,
    /// When the server took it.
    pub time: Timestamp,
}
