//! Passwords are hashed with argon2id, off the threads that serve sockets, and only a few at once: each takes 19 MiB
//! and a core for tens of milliseconds.

use std::{sync::Arc, thread::available_parallelism};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// How many may wait besides those that are hashed: with 50 ms each and two at once, the last waits 1.6 s.
const WAITING: usize = 64;

/// The hash of no password, with the parameters of all others: who logs in with an unknown address waits as long as
/// with a wrong password.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was not hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many wait. It passes in a second or two.
    #[error("too many passwords are being checked")]
    Busy,
    /// A defect.
    #[error("the password could not be hashed")]
    Failed,
}

/// Hashes passwords.
#[derive(Debug, Clone)]
pub struct Passwords {
    /// A place in the queue, or at work.
    places: Arc<Semaphore>,
    /// At work.
    at_work: Arc<Semaphore>,
}

impl Default for Passwords {
    /// On half of the cores at once.
    fn default() -> Self {
        let at_once = available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        Self::new(at_once, WAITING)
    }
}

impl Passwords {
    /// So many at once, and so many that wait.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(at_once + waiting)),
            at_work: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// A new hash of a password, as a PHC string.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn hash(&self, password: String) -> Result<String, HashError> {
        self.work(move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
            .await?
            .map_err(|_| HashError::Failed)
    }

    /// Whether the password is the one of the hash. Without a hash it is not, which takes as long.
    ///
    /// # Errors
    /// See [`HashError`].
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, HashError> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS.to_owned());
        let verified = self
            .work(move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok())
            .await?;
        Ok(verified && known)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.at_work).acquire_owned().await.map_err(|_| HashError::Failed)?;
        // Whoever asked may be gone: the work goes on, and so it keeps its place until it is done.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (place, turn);
            work()
        });
        done.await.map_err(|_| HashError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_another_is_not() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert_eq!(passwords.verify("correct horse".to_owned(), Some(hash.clone())).await, Ok(true));
        assert_eq!(passwords.verify("correct house".to_owned(), Some(hash)).await, Ok(false));
        assert_eq!(passwords.verify("correct horse".to_owned(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn the_hash_of_nobody_costs_as_much_as_that_of_somebody() {
        let hash = Passwords::default().hash("correct horse".to_owned()).await.unwrap();
        let parts = |hash: &str| -> Vec<String> { hash.split('$').map(str::to_owned).collect() };
        let (theirs, nobodys) = (parts(&hash), parts(NOBODYS));
        assert_eq!(theirs[..4], nobodys[..4], "algorithm, version and parameters");
        assert_eq!(theirs[4].len(), nobodys[4].len(), "salt");
        assert_eq!(theirs[5].len(), nobodys[5].len(), "hash");
        assert!(argon2::PasswordHash::new(NOBODYS).is_ok(), "it can be read, so that it is computed");
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_told_so() {
        let passwords = Passwords::new(1, 0);
        let mut first = std::pin::pin!(passwords.hash("one".to_owned()));
        assert!(futures::poll!(first.as_mut()).is_pending());
        assert_eq!(passwords.hash("two".to_owned()).await, Err(HashError::Busy));
        assert!(first.await.is_ok());
        assert!(passwords.hash("two".to_owned()).await.is_ok());
    }
}
