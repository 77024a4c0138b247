//! What others wrote, fit for a terminal.

/// Shows control characters instead of obeying them: a message must not move somebody's cursor or rename their window.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => '⏎',
            '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_can_not_command_the_terminal() {
        assert_eq!(printable("a\x1b[2Jb\nc\td\u{9b}e"), "a\u{fffd}[2Jb⏎c d\u{fffd}e");
    }
}
