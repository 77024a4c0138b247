//! Identifiers. Each is a type of its own so that one can't be passed for another.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The position of a message in its room: contiguous integers from 1 within an [`Epoch`]. 0 is "before the
/// first message".
pub type Offset = u64;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new random one.
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

uuid_id! {
    /// Who speaks: a GUID that the client made for its guest, or that the server gave.
    UserId
}
uuid_id! {
    /// The client's GUID of a message; the same id sent again is stored once.
    MessageId
}
uuid_id! {
    /// One connection of a user, given by the server in `welcome`.
    SessionId
}

uuid_id! {
    /// A device on which a user is logged in: one row in the list of devices, and one token.
    DeviceId
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "typescript", derive(ts_rs::TS), ts(type = "string"))]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String))]
        #[serde(transparent)]
        pub struct $name(pub Arc<str>);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

text_id! {
    /// One life of a room's stream. When the stream is lost and begun anew, the epoch changes, so that an old
    /// offset is never taken for a new one. Opaque to clients.
    Epoch
}
text_id! {
    /// One running chat-server: its host or pod name and a random part, so that a restart is another server.
    ServerId
}
