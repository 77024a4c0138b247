//! What a message of the load says: enough to know it again. Pure.

use std::time::Duration;

use hubbub_protocol::{InvalidText, MessageText};

/// Tells the messages of this run from all others in the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run(pub(super) u64);

/// One message of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) sender: usize,
    /// Which one of the sender's, from 0.
    pub(super) index: u64,
    /// When it was to be sent, after the start of the run.
    pub(super) due: Duration,
}

impl Payload {
    /// As text of at least `bytes` bytes.
    pub(super) fn write(self, run: Run, bytes: usize) -> Result<MessageText, InvalidText> {
        let Self { sender, index, due } = self;
        let mut text = format!("load {:x} {sender} {index} {} ", run.0, due.as_micros());
        text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
        MessageText::parse(&text)
    }

    /// None for what is not of this run.
    pub(super) fn read(run: Run, text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("load ")?.split(' ');
        if u64::from_str_radix(parts.next()?, 16) != Ok(run.0) {
            return None;
        }
        let sender = parts.next()?.parse().ok()?;
        let index = parts.next()?.parse().ok()?;
        let due = Duration::from_micros(parts.next()?.parse().ok()?);
        Some(Self { sender, index, due })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_as_it_was_written_and_has_the_size_that_was_asked_for() {
        let payload = Payload { sender: 7, index: 9_000, due: Duration::from_micros(1_500_001) };
        let text = payload.write(Run(0xabc), 128).unwrap();
        assert_eq!(text.as_str().len(), 128);
        assert_eq!(Payload::read(Run(0xabc), text.as_str()), Some(payload));
        assert_eq!(Payload::read(Run(0xabd), text.as_str()), None);
        assert_eq!(Payload::read(Run(0xabc), "good morning"), None);
    }

    #[test]
    fn a_payload_of_no_size_is_as_long_as_it_needs() {
        let payload = Payload { sender: 0, index: 0, due: Duration::ZERO };
        assert_eq!(Payload::read(Run(1), payload.write(Run(1), 0).unwrap().as_str()), Some(payload));
    }
}
