//! What a test measured, for the table of docs/guarantees.md.

use std::path::Path;

/// Below Cargo's target directory. `make guarantees` takes the figures from there.
const FIGURES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/../figures");

/// Notes what a test measured, in place of what it measured the last time, and prints it. `test` is the test's name
/// as in docs/guarantees.md, behind the file's.
///
/// # Panics
/// When it can't be noted, or would break the table.
pub(crate) fn figure(test: &str, words: &str) {
    println!("figure: {test}: {words}");
    assert!(!words.contains(['|', '\n']), "a figure is a cell of a table: {words}");
    std::fs::create_dir_all(FIGURES).expect("a directory for figures");
    let file = Path::new(FIGURES).join(format!("{}.txt", test.replace("::", ".")));
    std::fs::write(file, format!("{words}\n")).expect("a file for the figure");
}
