//! `hubbub`: chat in a terminal, run a script, make load.

fn main() {}
