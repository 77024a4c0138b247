//! Recorded objects.

use hubbub_operator::crd::ChatServer;

/// What a user can write at least.
pub(crate) fn minimal() -> ChatServer {
    parse(include_str!("../fixtures/minimal.yaml"))
}

/// Everything that a user can write.
pub(crate) fn full() -> ChatServer {
    parse(include_str!("../fixtures/full.yaml"))
}

fn parse(yaml: &str) -> ChatServer {
    serde_saphyr::from_str(yaml).expect("a fixture is a ChatServer")
}
