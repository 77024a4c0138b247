//! Messages that follow each other, joined once for all who get all of them. No I/O.

use hubbub_protocol::Offset;

use crate::{engine::StoredMessage, session::outbox::Frame};

/// Joined up to this size, the last one wholly: what goes into one system call, and is spread over enough messages then.
const RUN_BYTES: usize = 16 * 1024;

/// Some messages, in order.
#[derive(Debug)]
pub struct Run<'a> {
    messages: &'a [StoredMessage],
    text: Frame,
}

impl<'a> Run<'a> {
    /// The messages as few runs.
    pub fn all_of(messages: &'a [StoredMessage]) -> impl Iterator<Item = Self> {
        let mut bytes = 0;
        let goes_on = move |one: &StoredMessage, _: &StoredMessage| {
            bytes += one.frame.len();
            let goes_on = bytes < RUN_BYTES;
            if !goes_on {
                bytes = 0;
            }
            goes_on
        };
        messages.chunk_by(goes_on).map(|messages| Self { messages, text: joined(messages) })
    }

    /// Its messages.
    pub fn messages(&self) -> &'a [StoredMessage] {
        self.messages
    }

    /// All of them, a line each.
    pub fn text(&self) -> &Frame {
        &self.text
    }

    /// Whether somebody who has everything up to an offset gets all of them.
    pub fn is_behind(&self, offset: Offset) -> bool {
        self.messages.first().is_some_and(|message| message.offset > offset)
    }
}

fn joined(messages: &[StoredMessage]) -> Frame {
    if let [message] = messages {
        return message.frame.clone();
    }
    let mut text = String::with_capacity(messages.iter().map(|message| message.frame.len() + 1).sum());
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(&message.frame);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(offset: Offset, bytes: usize) -> StoredMessage {
        StoredMessage { offset, frame: offset.to_string().repeat(bytes).into() }
    }

    fn runs(messages: &[StoredMessage]) -> Vec<(String, usize)> {
        Run::all_of(messages).map(|run| (run.text().as_str().to_owned(), run.messages().len())).collect()
    }

    #[test]
    fn messages_that_follow_each_other_are_a_line_each() {
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[message(1, 2)]), [("11".to_owned(), 1)]);
        assert_eq!(runs(&[message(1, 2), message(2, 1)]), [("11\n2".to_owned(), 2)]);
    }

    #[test]
    fn a_long_run_is_parted() {
        let messages: Vec<_> = (1..=9).map(|offset| message(offset, RUN_BYTES / 3)).collect();
        assert_eq!(runs(&messages).iter().map(|run| run.1).collect::<Vec<_>>(), [4, 4, 1]);
        let messages: Vec<_> = (1..=3).map(|offset| message(offset, RUN_BYTES)).collect();
        assert_eq!(runs(&messages).iter().map(|run| run.1).collect::<Vec<_>>(), [1, 1, 1]);
    }

    #[test]
    fn who_has_the_first_message_already_does_not_get_all() {
        let messages = [message(4, 1), message(5, 1)];
        let run = Run::all_of(&messages).next().unwrap();
        assert!(run.is_behind(3));
        assert!(!run.is_behind(4));
    }
}
