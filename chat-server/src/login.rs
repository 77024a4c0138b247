//! Whose login it is: this server's own, or somebody else's.

use std::{sync::Arc, time::Duration};

use crate::jwt::{
    issuer::{Issuer, IssuerOptions},
    signer::Signer,
};

/// Who says who somebody is.
#[derive(Debug, Clone)]
pub enum LoginOptions {
    /// This server, and the others on its engine.
    Own {
        /// Signs for other services, which take this login.
        signer: Option<Arc<Signer>>,
    },
    /// Another service, whose tokens are taken.
    Foreign {
        /// Which.
        issuer: IssuerOptions,
        /// Whether guests, who have no account anywhere, are let in as well.
        guests: bool,
    },
}

/// A login at work.
pub enum Login {
    /// See [`LoginOptions::Own`].
    Own {
        /// Signs for other services.
        signer: Option<Arc<Signer>>,
    },
    /// See [`LoginOptions::Foreign`].
    Foreign {
        /// Keeps its keys.
        issuer: Issuer,
        /// Whether guests are let in.
        guests: bool,
    },
}

impl Login {
    /// Begins to ask for the keys of a foreign login, with at least `pause` between two questions.
    ///
    /// # Errors
    /// A defect: there is no TLS.
    pub fn start(options: LoginOptions, pause: Duration) -> Result<Self, rustls::Error> {
        Ok(match options {
            LoginOptions::Own { signer } => Self::Own { signer },
            LoginOptions::Foreign { issuer, guests } => {
                Self::Foreign { issuer: Issuer::start(issuer, pause)?, guests }
            }
        })
    }

    /// Whether accounts are made, and logged in to, here.
    pub fn has_accounts(&self) -> bool {
        matches!(self, Self::Own { .. })
    }

    /// Whether somebody without an account is let in.
    pub fn takes_guests(&self) -> bool {
        matches!(self, Self::Own { .. } | Self::Foreign { guests: true, .. })
    }

    /// What signs for other services.
    pub fn signer(&self) -> Option<&Signer> {
        match self {
            Self::Own { signer } => signer.as_deref(),
            Self::Foreign { .. } => None,
        }
    }
}
