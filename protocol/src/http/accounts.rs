//! Bodies of the calls about accounts, sessions and devices.

use serde::{Deserialize, Serialize};

use crate::{DeviceId, DeviceName, ServerId, SessionId, Timestamp, User, UserName};

/// POST: registers; body [`RegisterRequest`], answer [`SessionCreated`].
pub const USERS_PATH: &str = "/api/v1/users";
/// POST: logs in; body [`LoginRequest`], answer [`SessionCreated`]. GET: [`DeviceList`]. DELETE: logs out everywhere.
pub const SESSIONS_PATH: &str = "/api/v1/sessions";
/// GET: [`Profile`]. PATCH: [`ProfileChange`]. DELETE: [`AccountDeletion`].
pub const ME_PATH: &str = "/api/v1/me";
/// PUT: [`PasswordChange`].
pub const PASSWORD_PATH: &str = "/api/v1/me/password";
/// POST: a signed token for another service; body [`TokenRequest`], answer [`TokenIssued`].
pub const TOKENS_PATH: &str = "/api/v1/tokens";
/// GET: the keys that those tokens are signed with, as a JWK Set (RFC 7517).
pub const JWKS_PATH: &str = "/.well-known/jwks.json";
/// The cookie that holds the token of a browser.
pub const COOKIE: &str = "hubbub";

/// Asks for an account. With the token of a guest, the guest becomes the account and keeps id and name.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RegisterRequest {
    /// Unique, whatever its case.
    pub email: String,
    /// See [`Password`](crate::Password).
    pub password: String,
    /// What others see; without it the guest's, or the part of the e-mail address before the `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub name: Option<String>,
    /// What this device is called in the list of devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub device: Option<String>,
}

/// Asks to be logged in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LoginRequest {
    /// As at the registration, in any case.
    pub email: String,
    /// The password.
    pub password: String,
    /// What this device is called in the list of devices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub device: Option<String>,
}

/// One is logged in. The same token is in the cookie of the answer.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct SessionCreated {
    /// Who one is.
    pub user: User,
    /// Opaque; goes into `hello` and `Authorization: Bearer`.
    pub token: String,
    /// The device that the token is for.
    pub device: DeviceId,
    /// When the token ends unless it is used before.
    pub expires: Timestamp,
}

/// A connection of a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OnlineSession {
    /// Which session.
    pub session: SessionId,
    /// The server that it is on.
    pub server: ServerId,
    /// When it began.
    pub since: Timestamp,
}

/// A device on which one is logged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// For logging it out.
    pub id: DeviceId,
    /// As it was given at the login.
    pub name: DeviceName,
    /// When it logged in.
    pub since: Timestamp,
    /// When its token was last used, to the hour.
    pub last_seen: Timestamp,
    /// When its token ends unless it is used before.
    pub expires: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
    /// Its connections of now.
    pub online: Vec<OnlineSession>,
}

/// All devices on which one is logged in, the one seen last first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeviceList {
    /// The devices.
    pub devices: Vec<Device>,
}

/// A name that one had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FormerName {
    /// The name.
    pub name: UserName,
    /// When another took its place.
    pub until: Timestamp,
}

/// Who one is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Id and name.
    pub user: User,
    /// False for a guest.
    pub account: bool,
    /// As it was written at the registration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub email: Option<String>,
    /// Since when there is this user.
    pub created: Timestamp,
    /// Names that one had, the latest first: at most [`NAMES_KEPT`](crate::limits::NAMES_KEPT).
    pub names: Vec<FormerName>,
}

/// Asks for another profile.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProfileChange {
    /// Another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub name: Option<String>,
}

/// Asks for another password. All other devices are logged out.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PasswordChange {
    /// The one of now.
    pub old: String,
    /// The one from now on.
    pub new: String,
}

/// Asks for the end of one's account.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AccountDeletion {
    /// The password; a guest has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "typescript", ts(optional))]
    pub password: Option<String>,
}

/// Asks for a token that another service takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenRequest {
    /// Who is to take it.
    pub audience: String,
}

/// A signed token (JWT, RFC 7519).
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TokenIssued {
    /// The token.
    pub token: String,
    /// When it ends.
    pub expires: Timestamp,
}
