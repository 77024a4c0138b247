//! Hashes for annotations.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The first 16 hex digits of the SHA-256: the same in every version of the operator, so that a new one does not
/// roll the servers for nothing.
pub(super) fn of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).fold(String::with_capacity(16), |mut hex, byte| {
        // Writing to a String can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
