//! Accounts and devices.

use hubbub_protocol::{
    DeviceId, UserId,
    http::{
        AccountDeletion, DeviceList, GUESTS_PATH, GuestCreated, GuestRequest, LoginRequest, ME_PATH,
        PASSWORD_PATH, PasswordChange, Profile, ProfileChange, RegisterRequest, SESSIONS_PATH,
        SessionCreated, USERS_PATH,
    },
};
use hyper::Method;

use super::{Api, ApiError};

impl Api {
    /// Makes a guest with a GUID of its own.
    pub async fn guest(&self, name: &str) -> Result<GuestCreated, ApiError> {
        let request = GuestRequest { id: UserId::random(), name: name.to_owned() };
        self.call(Method::POST, GUESTS_PATH, &request).await
    }

    /// Makes an account; of the guest, if this is one.
    pub async fn register(&self, request: &RegisterRequest) -> Result<SessionCreated, ApiError> {
        self.call(Method::POST, USERS_PATH, request).await
    }

    /// Logs in.
    pub async fn log_in(&self, request: &LoginRequest) -> Result<SessionCreated, ApiError> {
        self.call(Method::POST, SESSIONS_PATH, request).await
    }

    /// Where the user is logged in.
    pub async fn devices(&self) -> Result<DeviceList, ApiError> {
        self.get(SESSIONS_PATH).await
    }

    /// Logs this device out: the token is worth nothing any more.
    pub async fn log_out(&self) -> Result<(), ApiError> {
        self.delete(&format!("{SESSIONS_PATH}/current")).await
    }

    /// Logs one device out.
    pub async fn log_out_device(&self, device: DeviceId) -> Result<(), ApiError> {
        self.delete(&format!("{SESSIONS_PATH}/{device}")).await
    }

    /// Logs all devices out, or all but this one.
    pub async fn log_out_all(&self, but_this: bool) -> Result<(), ApiError> {
        self.delete(&format!("{SESSIONS_PATH}?others={but_this}")).await
    }

    /// Who the user is.
    pub async fn profile(&self) -> Result<Profile, ApiError> {
        self.get(ME_PATH).await
    }

    /// Changes the user's name.
    pub async fn change_name(&self, name: &str) -> Result<Profile, ApiError> {
        self.call(Method::PATCH, ME_PATH, &ProfileChange { name: Some(name.to_owned()) }).await
    }

    /// Changes the password, and logs all other devices out.
    pub async fn change_password(&self, old: &str, new: &str) -> Result<(), ApiError> {
        let change = PasswordChange { old: old.to_owned(), new: new.to_owned() };
        self.call(Method::PUT, PASSWORD_PATH, &change).await
    }

    /// Ends the account for good. A guest has no password.
    pub async fn delete_account(&self, password: Option<&str>) -> Result<(), ApiError> {
        let deletion = AccountDeletion { password: password.map(str::to_owned) };
        self.call(Method::DELETE, ME_PATH, &deletion).await
    }
}
