//! Hashes for annotations.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The first 16 hex digits of the SHA-256: the same in every version of the operator, so that a new one does not
/// roll the servers for nothing.
pub(super) fn of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes)[..8])
}

/// Bytes as hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
