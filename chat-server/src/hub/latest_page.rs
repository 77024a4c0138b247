//! The latest page of a room, encoded once for all who come while nothing is said: after a failover that is everybody.
//! No I/O.

use hubbub_protocol::{Epoch, Offset};

use crate::{
    engine::Page,
    session::{encode, outbox::Frame},
};

/// The latest messages of a room, as `joined` tells them.
#[derive(Debug, Clone)]
pub(super) struct LatestPage {
    /// How many were asked for.
    asked: usize,
    pub(super) epoch: Epoch,
    pub(super) latest: Offset,
    /// The offset of the oldest message that is in it; 0 when there is none.
    first: Offset,
    /// Those of [`encode::messages`].
    pub(super) messages: Frame,
}

impl LatestPage {
    /// Of a page of the latest messages, of which `asked` were asked for: the latest of them that have no more than
    /// `bytes` bytes together.
    pub(super) fn of(page: &Page, asked: usize, bytes: usize) -> Self {
        let fitting = encode::latest_within(&page.messages, bytes);
        Self {
            asked,
            epoch: page.epoch.clone(),
            latest: page.latest,
            first: fitting.first().map_or(0, |message| message.offset),
            messages: encode::messages(fitting),
        }
    }

    /// Whether it may be what is asked for: it is when the stream did not go on.
    pub(super) fn answers(&self, asked: usize, epoch: &Epoch, latest: Offset) -> bool {
        self.asked == asked && self.ends_at(epoch, latest)
    }

    /// Whether reading it again would bring the same. `now` is a page of the same room, of whatever size: whoever changes
    /// a message adds an event, and what is older than the limits of the history is not to be told any more.
    pub(super) fn is_still(&self, now: &Page) -> bool {
        let kept = self.first == 0 || (1..=self.first).contains(&now.oldest);
        kept && self.ends_at(&now.epoch, now.latest)
    }

    fn ends_at(&self, epoch: &Epoch, latest: Offset) -> bool {
        self.epoch == *epoch && self.latest == latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::StoredMessage;

    fn page(epoch: &str, latest: Offset, oldest: Offset, offsets: &[Offset]) -> Page {
        let message = |&offset: &Offset| StoredMessage { offset, frame: offset.to_string().into() };
        Page { epoch: Epoch(epoch.into()), latest, oldest, messages: offsets.iter().map(message).collect() }
    }

    #[test]
    fn a_page_is_the_same_until_something_is_said_or_lost_or_too_old() {
        let read = LatestPage::of(&page("one", 9, 3, &[8, 9]), 2, 100);
        assert_eq!(read.messages.as_str(), r#","messages":[8,9]}"#);
        let now = |epoch, latest, oldest| page(epoch, latest, oldest, &[]);
        assert!(read.is_still(&now("one", 9, 3)));
        assert!(read.is_still(&now("one", 9, 8)), "what went is older than the page");
        assert!(!read.is_still(&now("one", 9, 9)), "a message went that is in it");
        assert!(!read.is_still(&now("one", 9, 0)), "all went");
        assert!(!read.is_still(&now("one", 10, 3)));
        assert!(!read.is_still(&now("two", 9, 3)));
    }

    #[test]
    fn a_page_without_messages_is_the_same_until_there_is_one() {
        let read = LatestPage::of(&page("one", 4, 0, &[]), 50, 100);
        assert_eq!(read.messages.as_str(), r#","messages":[]}"#);
        assert!(read.is_still(&page("one", 4, 0, &[])), "it was too old before");
        assert!(!read.is_still(&page("one", 5, 5, &[5])));
    }

    #[test]
    fn a_page_answers_who_asks_for_as_many() {
        let read = LatestPage::of(&page("one", 9, 3, &[7, 8, 9]), 50, 2);
        assert_eq!(read.messages.as_str(), r#","messages":[8,9]}"#, "no more fits");
        let epoch = Epoch("one".into());
        assert!(read.answers(50, &epoch, 9));
        assert!(!read.answers(20, &epoch, 9));
        assert!(!read.answers(50, &epoch, 10), "the room has delivered more by now");
    }
}
