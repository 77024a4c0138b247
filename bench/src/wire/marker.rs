//! What a message of the bench says: who sent it, which one it is and when it was due, at fixed places behind a byte
//! that stands in nothing else that a contender sends.

/// Begins a marker.
const BEGIN: u8 = b'^';

const SENDER: usize = 5;
const SEQUENCE: usize = 8;
const DUE: usize = 11;

/// Bytes of a marker.
const LENGTH: usize = 1 + SENDER + SEQUENCE + DUE;

/// One message of the bench.
///
/// ```
/// use hubbub_bench::wire::{Marker, Scanner};
/// let marker = Marker { sender: 7, sequence: 9_000, due_micros: 1_500_001 };
/// let text = marker.text(32);
/// assert_eq!(text, "^000070000900000001500001.......");
/// let mut seen = Vec::new();
/// Scanner::default().scan(text.as_bytes(), |marker| seen.push(marker));
/// assert_eq!(seen, [marker]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// Number of the sender, below 100,000.
    pub sender: u32,
    /// Which one of the sender's, from 1; 0 is of the warm-up and counts for nothing.
    pub sequence: u64,
    /// When it was to be sent, in microseconds after the fleet was opened.
    pub due_micros: u64,
}

impl Marker {
    /// As text of at least `bytes` bytes.
    pub fn text(self, bytes: usize) -> String {
        let Self { sender, sequence, due_micros } = self;
        let mut text = format!("^{sender:05}{sequence:08}{due_micros:011}");
        text.extend(std::iter::repeat_n('.', bytes.saturating_sub(text.len())));
        text
    }

    /// None for what is no marker after all.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (sender, rest) = bytes.get(1..LENGTH)?.split_at(SENDER);
        let (sequence, due) = rest.split_at(SEQUENCE);
        let sender = u32::try_from(number(sender)?).ok()?;
        Some(Self { sender, sequence: number(sequence)?, due_micros: number(due)? })
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u64::from(digit - b'0')))
}

/// Finds markers in the payloads of one connection. A server may cut its stream into frames wherever it likes, so the
/// beginning of a marker at the end of a payload is kept for the next one.
#[derive(Debug, Default)]
pub struct Scanner {
    begun: Vec<u8>,
}

impl Scanner {
    /// Calls `each` with every marker that ends in this payload. Gives whether there was one, or the beginning of one.
    pub fn scan(&mut self, payload: &[u8], mut each: impl FnMut(Marker)) -> bool {
        let mut rest = payload;
        let mut found = false;
        if !self.begun.is_empty() {
            let missing = (LENGTH - self.begun.len()).min(rest.len());
            self.begun.extend_from_slice(&rest[..missing]);
            if self.begun.len() < LENGTH {
                return true;
            }
            Marker::read(&self.begun).into_iter().for_each(&mut each);
            self.begun = Vec::new();
            rest = &rest[missing..];
            found = true;
        }
        while let Some(begin) = memchr::memchr(BEGIN, rest) {
            found = true;
            rest = &rest[begin..];
            if rest.len() < LENGTH {
                self.begun = rest.to_vec();
                break;
            }
            Marker::read(rest).into_iter().for_each(&mut each);
            rest = &rest[LENGTH..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(payloads: &[&[u8]]) -> (Vec<u64>, Vec<bool>) {
        let (mut scanner, mut sequences) = (Scanner::default(), Vec::new());
        let any = payloads.iter().map(|it| scanner.scan(it, |marker| sequences.push(marker.sequence)));
        let any = any.collect();
        (sequences, any)
    }

    #[test]
    fn all_markers_of_a_payload_are_found() {
        let [one, two] = [1, 2].map(|sequence| Marker { sender: 3, sequence, due_micros: 5 }.text(40));
        let payload = format!("{{\"text\":\"{one}\"}}\n{{\"text\":\"{two}\"}}");
        assert_eq!(found(&[payload.as_bytes()]), (vec![1, 2], vec![true]));
        assert_eq!(found(&[b"{\"type\":\"presence\"}"]), (vec![], vec![false]));
    }

    #[test]
    fn a_marker_that_is_cut_anywhere_is_found() {
        let text = Marker { sender: 3, sequence: 12_345_678, due_micros: 5 }.text(40);
        for cut in 1..40 {
            let (head, tail) = text.as_bytes().split_at(cut);
            assert_eq!(found(&[head, tail]).0, [12_345_678], "cut at {cut}");
        }
    }
}
