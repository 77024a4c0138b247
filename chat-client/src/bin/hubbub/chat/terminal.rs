//! Lines in and lines out, on a terminal or a pipe. On a terminal rustyline keeps what is being typed apart from what
//! comes in meanwhile.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use rustyline::{Config, ExternalPrinter, history::MemHistory};
use tokio::sync::mpsc;

/// Lines that were typed and not handled yet; more are not read.
const LINES: usize = 16;

/// Up one line and clear it: a message that was typed comes back with its time.
const ERASE_LINE_ABOVE: &str = "\x1b[1A\x1b[2K";

/// Takes the prompt of a line that nobody will type away.
const ERASE_PROMPT: &str = "\r\x1b[K";

/// The user's side of the chat.
pub(super) struct Terminal {
    /// Ends when the input does, or with Ctrl-C or Ctrl-D on a terminal.
    pub(super) lines: mpsc::Receiver<String>,
    printer: Box<dyn FnMut(String) -> io::Result<()> + Send>,
    /// As it was before; put back at the end, whatever the editor was doing.
    mode: Option<Termios>,
}

impl Terminal {
    /// Takes standard input and output.
    pub(super) fn open() -> io::Result<Self> {
        let (sender, lines) = mpsc::channel(LINES);
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            std::thread::spawn(move || {
                let lines = io::stdin().lock().lines();
                for line in lines.map_while(Result::ok) {
                    if sender.blocking_send(line).is_err() {
                        return;
                    }
                }
            });
            let printer = Box::new(|line| writeln!(io::stdout(), "{line}"));
            return Ok(Self { lines, printer, mode: None });
        }
        let mode = tcgetattr(io::stdin())?;
        let config = Config::builder().auto_add_history(true).bracketed_paste(false).build();
        let mut editor = rustyline::Editor::<(), MemHistory>::with_history(config, MemHistory::new())
            .map_err(io::Error::other)?;
        let mut external = editor.create_external_printer().map_err(io::Error::other)?;
        std::thread::spawn(move || {
            while let Ok(line) = editor.readline("> ") {
                let erased = write!(io::stdout(), "{ERASE_LINE_ABOVE}").and_then(|()| io::stdout().flush());
                if erased.is_err() || sender.blocking_send(line).is_err() {
                    return;
                }
            }
        });
        let printer =
            Box::new(move |line: String| external.print(format!("{line}\n")).map_err(io::Error::other));
        Ok(Self { lines, printer, mode: Some(mode) })
    }

    /// Prints a line.
    pub(super) fn print(&mut self, line: impl Into<String>) -> io::Result<()> {
        (self.printer)(line.into())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if let Some(mode) = &self.mode {
            // Nothing is left to do if the terminal is gone.
            let _ = tcsetattr(io::stdin(), OptionalActions::Drain, mode);
            let _ = write!(io::stdout(), "{ERASE_PROMPT}").and_then(|()| io::stdout().flush());
        }
    }
}
