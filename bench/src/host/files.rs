//! How many files a process may have open.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Clients of the greatest scenario, and what a process has open anyway.
const OPEN_FILES: u64 = 12_000;

/// Why there are too few.
#[derive(Debug, thiserror::Error)]
pub enum TooFewFiles {
    /// The most that a process may have is not enough.
    #[error("a process may open {maximum} files here; {OPEN_FILES} are needed (ulimit -Hn)")]
    Maximum {
        /// That many.
        maximum: u64,
    },
    /// There might be as many as are needed, and it does not get them.
    #[error("the limit of open files can't be raised: {0}")]
    NotRaised(io::Error),
}

/// Raises the limit of this process to the most that it may have. Servers that are started later get it from here.
///
/// # Errors
/// When the largest scenario would not get along with that.
pub fn allow_open_files() -> Result<(), TooFewFiles> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Some(maximum) = maximum.filter(|maximum| *maximum < OPEN_FILES) {
        return Err(TooFewFiles::Maximum { maximum });
    }
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .map_err(|error| TooFewFiles::NotRaised(error.into()))
}
