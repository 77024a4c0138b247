//! Hubbub's operator.

pub mod crd;
