//! What a person sees while a run lasts: a bar on a terminal, a line a stage elsewhere. On standard error, so that the
//! result can go to a file.

use std::{io::IsTerminal, time::Duration};

use indicatif::{ProgressBar, ProgressStyle};

pub(super) struct Progress {
    bar: ProgressBar,
    on_terminal: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        let bar = if on_terminal { ProgressBar::new(1) } else { ProgressBar::hidden() };
        if let Ok(style) = ProgressStyle::with_template("{prefix:9} {bar:16} {wide_msg}") {
            bar.set_style(style);
        }
        Self { bar, on_terminal }
    }

    /// A new stage begins.
    pub(super) fn stage(&self, name: &'static str, words: &str) {
        self.bar.reset();
        self.bar.set_prefix(name);
        if !self.on_terminal {
            eprintln!("{name} {words}");
        }
    }

    /// So far of so much is done; in words too.
    pub(super) fn show(&self, done: u64, of: u64, words: String) {
        self.bar.set_length(of.max(1));
        self.bar.set_position(done);
        self.bar.set_message(words);
    }

    /// Nothing more is shown.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Whole milliseconds, for a bar over time.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
