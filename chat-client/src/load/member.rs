//! What one member of a room was to see, and saw. Pure.

use std::ops::RangeInclusive;

use hubbub_protocol::Offset;

/// A member's time in one life of a stream.
#[derive(Debug)]
struct Stay {
    epoch: usize,
    /// It sees what is behind this.
    from: Offset,
    /// The latest it saw.
    last: Offset,
    /// What it was not shown in between.
    missing: Vec<RangeInclusive<Offset>>,
}

/// What a member saw of its room.
#[derive(Debug, Default)]
pub struct Member {
    stays: Vec<Stay>,
    /// The server told it not to come back: what is sent later is not for it.
    pub ended: bool,
    /// Messages that came more than once.
    pub duplicated: u64,
    /// Messages that came behind a later one.
    pub misordered: u64,
}

impl Member {
    /// Into the room, behind `offset`. Nothing when it is in it already.
    pub fn enter(&mut self, epoch: usize, offset: Offset) {
        if self.stays.is_empty() {
            self.stays.push(Stay { epoch, from: offset, last: offset, missing: Vec::new() });
        }
    }

    /// The message at `offset` was shown. What lies between it and the one before was not.
    pub fn see(&mut self, offset: Offset) {
        if let Some(stay) = self.stays.last_mut() {
            if offset > stay.last + 1 {
                stay.missing.push(stay.last + 1..=offset - 1);
            }
            stay.last = offset;
        }
    }

    /// The stream was lost and goes on in another life, all of which the member should see.
    pub fn restart(&mut self, epoch: usize) {
        self.stays.push(Stay { epoch, from: 0, last: 0, missing: Vec::new() });
    }

    /// A message came that is not the next one.
    pub fn stray(&mut self, offset: Offset, repeated: bool) {
        if repeated {
            self.duplicated += 1;
            return;
        }
        // It was missing and is here after all, at the wrong time.
        self.misordered += 1;
        let Some(stay) = self.stays.last_mut() else { return };
        if let Some(index) = stay.missing.iter().position(|range| range.contains(&offset)) {
            let range = stay.missing.remove(index);
            let parts = [*range.start()..=offset - 1, offset + 1..=*range.end()];
            stay.missing.extend(parts.into_iter().filter(|part| !part.is_empty()));
        }
    }

    /// The life of the stream, and the latest that was shown in it; none before the member is in the room.
    pub fn place(&self) -> Option<(usize, Offset)> {
        self.stays.last().map(|stay| (stay.epoch, stay.last))
    }

    /// Whether the message at `offset` was passed over.
    pub fn is_missing(&self, offset: Offset) -> bool {
        self.stays.last().is_some_and(|stay| stay.missing.iter().any(|range| range.contains(&offset)))
    }

    /// Messages that this member should have seen and did not. `sent_between` tells how many messages lie behind an
    /// offset and up to another in a life of the stream (acknowledged ones, where somebody acknowledges).
    pub fn lost(&self, sent_between: impl Fn(usize, Offset, Offset) -> u64) -> u64 {
        self.stays
            .iter()
            .map(|Stay { epoch, from, last, missing }| {
                let between =
                    |range: &RangeInclusive<Offset>| sent_between(*epoch, range.start() - 1, *range.end());
                let behind = if self.ended { 0 } else { sent_between(*epoch, *last.max(from), Offset::MAX) };
                missing.iter().map(between).sum::<u64>() + behind
            })
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Messages 1 to 10 of the first life are there, and 1 to 3 of the second.
    fn sent(epoch: usize, after: Offset, through: Offset) -> u64 {
        through.min([10, 3][epoch]).saturating_sub(after)
    }

    fn member(from: Offset, seen: impl IntoIterator<Item = Offset>) -> Member {
        let mut member = Member::default();
        member.enter(0, from);
        for offset in seen {
            member.see(offset);
        }
        member
    }

    #[test]
    fn a_member_that_saw_all_since_it_came_lost_nothing() {
        assert_eq!(member(4, 5..=10).lost(sent), 0);
        assert_eq!(Member::default().lost(sent), 0, "never in the room");
    }

    #[test]
    fn what_was_skipped_and_what_never_came_is_lost() {
        let mut member = member(0, 1..=4);
        member.see(7);
        assert_eq!(member.lost(sent), 2 + 3);
        assert!(member.is_missing(5) && !member.is_missing(4));
        member.stray(5, false);
        assert_eq!((member.lost(sent), member.misordered), (1 + 3, 1));
    }

    #[test]
    fn a_stream_that_begins_anew_loses_what_was_not_seen_of_the_old_one() {
        let mut member = member(0, 1..=8);
        member.restart(1);
        member.see(3);
        assert_eq!(member.lost(sent), 2 + 2);
    }

    #[test]
    fn a_repetition_is_counted_and_loses_nothing() {
        let mut member = member(0, 1..=10);
        member.stray(3, true);
        assert_eq!((member.lost(sent), member.duplicated), (0, 1));
    }

    #[test]
    fn a_member_that_was_sent_home_does_not_miss_what_came_after() {
        let mut member = member(0, 1..=4);
        member.ended = true;
        assert_eq!(member.lost(sent), 0);
    }
}
