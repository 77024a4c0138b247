//! Where decisions are written down.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use super::Entry;

/// Where decisions are written down, a line of JSON each.
pub struct Journal(Mutex<Box<dyn Write + Send>>);

impl Journal {
    /// On standard output, beside the log on standard error.
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }

    /// In something else.
    pub fn to(out: impl Write + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(out)))
    }

    /// Writes a line. What can't be written is told of in the log, and hinders nothing.
    pub fn write(&self, entry: &Entry) {
        let written = serde_json::to_vec(entry).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            let mut out = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(&line).and_then(|()| out.flush())
        });
        if let Err(error) = written {
            tracing::warn!(%error, "can't write a decision down");
        }
    }
}
