//! Fractions as they are written down: as text, in quotes.
//!
//! Standard Rust reads its own text of a number back to the last bit. JSON libraries may not (`serde_json` does so only with
//! its feature `float_roundtrip`), and have no infinity at all. With a bit lost a recorded decision might come out otherwise.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A fraction on its way to or from a record.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Exact(#[serde(with = "self")] pub(crate) f64);

/// Writes a fraction; for `#[serde(with = "exact")]`.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
pub(crate) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Reads a fraction; for `#[serde(with = "exact")]`.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
