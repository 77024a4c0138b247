//! Who may speak as whom: guests, accounts, and the devices on which they are logged in.
//!
//! An engine implements [`Records`]: single records that are read and replaced. What they mean is the same for all
//! engines: [`user`] has the rules, and [`Accounts`] is implemented once, over records.
//!
//! | record | key | lives |
//! |---|---|---|
//! | a user, with its devices and former names | the id | a guest: [`TOKEN_LIFETIME`] after it was last used; an account: until it is deleted |
//! | what a user logs in with | the e-mail address | as the account; while it is registered: [`CLAIM_LIFETIME`] |
//! | attempts | what is counted | a window |

mod over_records;
mod token;
pub mod user;

use std::time::Duration;

use async_trait::async_trait;
use hubbub_protocol::{DeviceId, DeviceName, Email, Timestamp, User, UserId, UserName, http::Profile};

pub use self::{token::new_secret, user::Device};
use super::EngineError;

/// How long a guest and a token live after they were last used: who is away for longer than a month begins anew.
pub const TOKEN_LIFETIME: Duration = Duration::from_hours(30 * 24);

/// For how long an e-mail address is claimed by a registration that is under way. One takes milliseconds; one whose
/// server died in the middle blocks the address for so long and no longer.
pub const CLAIM_LIFETIME: Duration = Duration::from_mins(1);

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// Whose.
    pub user: User,
    /// Of which device.
    pub device: DeviceId,
    /// What they are here.
    pub standing: Standing,
    /// When the token ends unless it is used before.
    pub expires: Timestamp,
}

/// What somebody is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Someone without an account.
    Guest,
    /// Someone with an e-mail address and a password.
    Account,
    /// Someone for whom another login vouches.
    Foreign,
}

/// Someone for whom another login vouches, as they are known here from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledged {
    /// Who.
    pub user: User,
    /// Whether they had another name here until now. Their sessions are still to be told.
    pub renamed: bool,
    /// Devices of somebody who had the id here, and is logged out: it is the other login's to give. Their sessions are
    /// still to be told.
    pub logged_out: Vec<DeviceId>,
}

/// A token that was just made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// The token to speak with. Nobody can be told it again.
    pub token: String,
    /// Whose it is.
    pub who: Authenticated,
    /// Devices that were logged out to make room: those that were seen longest ago. Their sessions are still to be
    /// told.
    pub pushed_out: Vec<DeviceId>,
}

/// What came of making a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuestOutcome {
    /// The guest is logged in.
    Created(LoggedIn),
    /// Somebody else has that id.
    Taken,
}

/// Someone who wants to be an account.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The id: of a guest that is to become the account, or a new one.
    pub user: UserId,
    /// What a user that is made for it is called. A guest keeps its name.
    pub name: UserName,
    /// To log in with.
    pub email: Email,
    /// Of the password, as a PHC string.
    pub password_hash: String,
}

/// What came of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegisterOutcome {
    /// It is an account now.
    Registered(Credentials),
    /// Somebody has that e-mail address.
    EmailTaken,
    /// The user is an account already, or is no more.
    NoGuest,
}

/// What a user logs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who.
    pub user: UserId,
    /// The address as it was written.
    pub email: Email,
    /// What the user was called at the registration.
    pub name: UserName,
    /// Of the password, as a PHC string.
    pub password_hash: String,
}

/// Which devices are logged out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOut {
    /// This one.
    One(DeviceId),
    /// All but this one.
    Others(DeviceId),
    /// All.
    All,
}

/// How often something was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How often within the window, this time included.
    pub count: u64,
    /// When the window ends, and the count begins anew.
    pub ends_in: Duration,
}

/// Keeps who may speak as whom. Tokens are opaque, with 256 random bits, and kept only as hashes.
///
/// What is told to other servers of a change (a logout, another name) is told by who asked for it, with
/// [`Engine::tell`](super::Engine::tell).
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes a guest and a token for it. Both end a month after they were last used, and never to make room.
    async fn create_guest(&self, user: &User) -> Result<GuestOutcome, EngineError>;

    /// Who a token belongs to; `None` for one that is unknown, expired or logged out. It is used by this, as is its
    /// guest.
    async fn authenticate(&self, token: &str) -> Result<Option<Authenticated>, EngineError>;

    /// Another login vouches for a user, with a token that was signed at `signed`. The user is made if there is none, and
    /// is called as the token says unless a later one said otherwise. Kept for [`TOKEN_LIFETIME`] after it was last
    /// vouched for. `None` for a user that was deleted here.
    async fn acknowledge(&self, user: &User, signed: Timestamp) -> Result<Option<Acknowledged>, EngineError>;

    /// Gives a user another name; former ones are kept. Nothing is done where there is no such user.
    async fn rename(&self, user: UserId, name: &UserName) -> Result<(), EngineError>;

    /// Whether anything is known of a user, if only that it was deleted. Of one that was let in and that nobody knows,
    /// the engine lost all.
    async fn knows(&self, id: UserId) -> Result<bool, EngineError>;

    /// A user, by id.
    async fn user(&self, id: UserId) -> Result<Option<User>, EngineError>;

    /// All that a user may know of itself.
    async fn profile(&self, id: UserId) -> Result<Option<Profile>, EngineError>;

    /// Makes an account of a guest, or a new one. An e-mail address, compared without its case, has one account at
    /// most. Stopped in the middle, it leaves nothing that could not be registered a minute later.
    async fn register(&self, registration: &Registration) -> Result<RegisterOutcome, EngineError>;

    /// What the user of this address logs in with.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, EngineError>;

    /// Logs a user in on another device. The password was checked. `None` when the account is no more.
    async fn log_in(
        &self,
        credentials: &Credentials,
        device: &DeviceName,
    ) -> Result<Option<LoggedIn>, EngineError>;

    /// Where a user is logged in, the device that was seen last first.
    async fn devices(&self, user: UserId) -> Result<Vec<Device>, EngineError>;

    /// Logs devices out; their tokens are good for nothing from its return on. Answers which they were.
    async fn log_out(&self, user: UserId, which: LogOut) -> Result<Vec<DeviceId>, EngineError>;

    /// Another password, as a PHC string, unless it was changed since the credentials were read. Answers whether it
    /// was set.
    async fn set_password(&self, of: &Credentials, password_hash: &str) -> Result<bool, EngineError>;

    /// Ends a user, guest or account. Its tokens are good for nothing from its return on, its e-mail address is free,
    /// and its id is nobody's for another [`TOKEN_LIFETIME`].
    async fn delete_user(&self, user: UserId) -> Result<(), EngineError>;

    /// Counts an attempt at something, over all servers. The window begins with the first.
    async fn count_attempt(&self, of: &str, window: Duration) -> Result<Attempts, EngineError>;

    /// Takes one attempt back.
    async fn take_back_attempt(&self, of: &str) -> Result<(), EngineError>;

    /// Forgets the attempts at something.
    async fn forget_attempts(&self, of: &str) -> Result<(), EngineError>;
}

/// Which record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKey {
    /// Of a user.
    User(UserId),
    /// Of an e-mail address, by [`Email::key`].
    Email(String),
}

/// A record as it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// What it says.
    pub text: &'a str,
    /// For how long it is kept; `None` for ever.
    pub lifetime: Option<Duration>,
}

/// Keeps single records, for all servers.
#[async_trait]
pub trait Records: Send + Sync {
    /// What a record says.
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, EngineError>;

    /// Replaces a record if it says what the caller believes (`None`: that there is none), by another or by none.
    /// Answers whether it did. When it fails, it may have been done.
    async fn replace(
        &self,
        key: &RecordKey,
        believed: Option<&str>,
        new: Option<NewRecord<'_>>,
    ) -> Result<bool, EngineError>;

    /// See [`Accounts::count_attempt`].
    async fn count(&self, of: &str, window: Duration) -> Result<Attempts, EngineError>;

    /// See [`Accounts::take_back_attempt`].
    async fn take_back(&self, of: &str) -> Result<(), EngineError>;

    /// See [`Accounts::forget_attempts`].
    async fn forget(&self, of: &str) -> Result<(), EngineError>;
}
