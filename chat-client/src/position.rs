//! Where a client is in a room: each message once and in order, and what is missing is known. Pure.

use std::ops::RangeInclusive;

use hubbub_protocol::{Epoch, Offset};

/// How many gaps are remembered a room, the latest. A server that makes more has broken its promise long before;
/// what is forgotten would be taken for a repetition if it came after all.
const GAPS_REMEMBERED: usize = 64;

/// What an offset that came is to the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// The next one.
    Next,
    /// A later one: these are missing before it.
    After(RangeInclusive<Offset>),
    /// One that was missing comes behind later ones.
    Late,
    /// It was there before.
    Repeated,
}

/// The place of a client in the stream of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    epoch: Epoch,
    last: Offset,
    missing: Vec<RangeInclusive<Offset>>,
}

impl Position {
    /// Behind the message at `last` (0: before the first).
    pub fn new(epoch: Epoch, last: Offset) -> Self {
        Self { epoch, last, missing: Vec::new() }
    }

    /// The life of the stream.
    pub fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The latest offset that came.
    pub fn last(&self) -> Offset {
        self.last
    }

    /// Takes note of a message at `offset`.
    ///
    /// ```
    /// use chat_client::position::{Arrival, Position};
    /// let mut position = Position::new(hubbub_protocol::Epoch("e".into()), 4);
    /// assert_eq!(position.arrive(5), Arrival::Next);
    /// assert_eq!(position.arrive(8), Arrival::After(6..=7));
    /// assert_eq!(position.arrive(6), Arrival::Late);
    /// assert_eq!(position.arrive(6), Arrival::Repeated);
    /// ```
    pub fn arrive(&mut self, offset: Offset) -> Arrival {
        if offset > self.last {
            let gap = self.last + 1..=offset - 1;
            self.last = offset;
            if gap.is_empty() {
                return Arrival::Next;
            }
            if self.missing.len() == GAPS_REMEMBERED {
                self.missing.remove(0);
            }
            self.missing.push(gap.clone());
            return Arrival::After(gap);
        }
        match self.missing.iter().position(|gap| gap.contains(&offset)) {
            None => Arrival::Repeated,
            Some(index) => {
                let gap = self.missing.remove(index);
                let parts = [*gap.start()..=offset - 1, offset + 1..=*gap.end()];
                self.missing.splice(index..index, parts.into_iter().filter(|part| !part.is_empty()));
                Arrival::Late
            }
        }
    }

    /// Skips what a server said it can't give: the next message is the one behind `last`.
    pub fn skip_to(&mut self, last: Offset) {
        self.last = self.last.max(last);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn start() -> Position {
        Position::new(Epoch("e".into()), 0)
    }

    #[test]
    fn messages_in_order_are_all_next() {
        let mut position = start();
        assert!((1..=100).all(|offset| position.arrive(offset) == Arrival::Next));
        assert_eq!(position.last(), 100);
    }

    #[test]
    fn a_late_message_in_the_middle_of_a_gap_leaves_both_of_its_sides_missing() {
        let mut position = start();
        assert_eq!(position.arrive(6), Arrival::After(1..=5));
        assert_eq!(position.arrive(3), Arrival::Late);
        for offset in [1, 2, 4, 5] {
            assert_eq!(position.arrive(offset), Arrival::Late, "{offset}");
        }
        for offset in 1..=6 {
            assert_eq!(position.arrive(offset), Arrival::Repeated, "{offset}");
        }
    }

    #[test]
    fn what_is_remembered_of_gaps_is_bounded() {
        let mut position = start();
        for n in 1..=1_000 {
            position.arrive(n * 2);
        }
        assert_eq!(position.missing.len(), GAPS_REMEMBERED);
        assert_eq!(position.arrive(1), Arrival::Repeated, "forgotten");
        assert_eq!(position.arrive(1_999), Arrival::Late);
    }

    proptest! {
        #[test]
        fn in_any_order_each_offset_is_new_exactly_once(offsets in proptest::collection::vec(1_u64..60, 0..200)) {
            let mut position = start();
            let mut seen = std::collections::BTreeSet::new();
            for offset in offsets {
                let new = position.arrive(offset) != Arrival::Repeated;
                prop_assert_eq!(new, seen.insert(offset));
            }
        }
    }
}
