//! What is remembered from one decision to the next.

use std::collections::VecDeque;
use std::time::Duration;

use crate::Moment;

/// What is remembered from one decision to the next: how many servers were needed lately. An empty one is safe to
/// begin with, since it takes what is there for needed: nothing shrinks until a whole window was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// Falling numbers of servers: whatever is lower than a later one no longer matters. That bounds the memory
    /// to the distinct sizes, whatever the window is.
    highs: VecDeque<(Moment, u32)>,
}

impl Memory {
    /// Notes that so many servers are needed now, and tells the highest number within the window.
    pub(crate) fn note(mut self, needed: u32, there: u32, window: Duration, now: Moment) -> (Self, u32) {
        if self.highs.is_empty() {
            self.highs.push_back((now, there));
        }
        while self.highs.back().is_some_and(|(_, high)| *high <= needed) {
            self.highs.pop_back();
        }
        self.highs.push_back((now, needed));
        while self.highs.len() > 1 && self.highs.front().is_some_and(|(at, _)| now.since(*at) >= window) {
            self.highs.pop_front();
        }
        let highest = self.highs.front().map_or(needed, |(_, high)| *high);
        (self, highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_mins(5);

    fn note(memory: Memory, needed: u32, at: u64) -> (Memory, u32) {
        memory.note(needed, 5, WINDOW, Moment::from_secs(at))
    }

    #[test]
    fn the_first_note_takes_what_is_there_for_needed() {
        let (memory, highest) = note(Memory::default(), 2, 0);
        assert_eq!(highest, 5);
        let (memory, highest) = note(memory, 2, 299);
        assert_eq!(highest, 5);
        assert_eq!(note(memory, 2, 300).1, 2);
    }

    #[test]
    fn a_peak_counts_for_as_long_as_the_window() {
        let (memory, _) = note(Memory::default(), 2, 0);
        let (memory, highest) = note(memory, 7, 100);
        assert_eq!(highest, 7);
        let (memory, highest) = note(memory, 1, 399);
        assert_eq!(highest, 7);
        assert_eq!(note(memory, 1, 400).1, 1);
    }

    #[test]
    fn a_steady_need_takes_no_memory() {
        let mut memory = Memory::default();
        for second in 0..10_000 {
            memory = note(memory, 3, second).0;
        }
        assert_eq!(memory.highs.len(), 1);
    }
}
