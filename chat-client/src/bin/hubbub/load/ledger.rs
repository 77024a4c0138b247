//! What is true of a room, put together from all that senders and members were told: the measure that each member is
//! held to. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hubbub_protocol::{Epoch, MessageId, Offset};

/// A place in a room: which life of the stream (in the order they were heard of), and the offset in it.
pub(super) type Place = (usize, Offset);

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: MessageId,
    /// Whose message it is, and which one of theirs; only for messages of this run, once they were delivered.
    origin: Option<(usize, u64)>,
    acknowledged: bool,
}

/// How a delivery agrees with what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Agrees,
    /// The same message has another place too: it is stored, and shown, twice.
    Doubled,
    /// Another message has this place elsewhere: members see different rooms.
    Contradicts,
}

/// The messages of one room.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    epochs: Vec<Epoch>,
    entries: BTreeMap<Place, Entry>,
    places: HashMap<MessageId, Place>,
    last_acknowledged: Place,
    contradictions: u64,
    /// Messages that the server failed at first and took later: they may stand behind later ones of their sender.
    retried: BTreeSet<(usize, u64)>,
}

impl Ledger {
    /// The number of a life of the stream.
    pub(super) fn epoch(&mut self, epoch: &Epoch) -> usize {
        self.epochs.iter().position(|known| known == epoch).unwrap_or_else(|| {
            self.epochs.push(epoch.clone());
            self.epochs.len() - 1
        })
    }

    /// A sender was told that its message is stored there.
    pub(super) fn acknowledge(&mut self, place: Place, id: MessageId) {
        self.places.entry(id).or_insert(place);
        let entry = self.entries.entry(place).or_insert(Entry { id, origin: None, acknowledged: true });
        entry.acknowledged = true;
        if entry.id != id {
            self.contradictions += 1;
        }
        self.last_acknowledged = self.last_acknowledged.max(place);
    }

    /// A member got a message there.
    pub(super) fn deliver(&mut self, place: Place, id: MessageId, origin: Option<(usize, u64)>) -> Verdict {
        let entry = self.entries.entry(place).or_insert(Entry { id, origin, acknowledged: false });
        if entry.id != id {
            return Verdict::Contradicts;
        }
        entry.origin = origin;
        if *self.places.entry(id).or_insert(place) == place { Verdict::Agrees } else { Verdict::Doubled }
    }

    /// The server failed this message for now.
    pub(super) fn retry(&mut self, sender: usize, index: u64) {
        self.retried.insert((sender, index));
    }

    /// The last place that was acknowledged; offset 0 when there is none.
    pub(super) fn last_acknowledged(&self) -> Place {
        self.last_acknowledged
    }

    /// How many acknowledged messages lie behind `after` and up to `through`, in one life of the stream.
    pub(super) fn acknowledged_between(&self, epoch: usize, after: Offset, through: Offset) -> u64 {
        if through <= after {
            return 0;
        }
        let range = self.entries.range((epoch, after + 1)..=(epoch, through));
        range.filter(|(_, entry)| entry.acknowledged).count() as u64
    }

    /// Messages that stand before an earlier one of the same sender, and acknowledgements of a place where another
    /// message stands.
    pub(super) fn misordered(&self) -> u64 {
        let mut latest: HashMap<(usize, usize), u64> = HashMap::new();
        let mut misordered = self.contradictions;
        for ((epoch, _), entry) in &self.entries {
            let Some((sender, index)) = entry.origin else { continue };
            if self.retried.contains(&(sender, index)) {
                continue;
            }
            let latest = latest.entry((*epoch, sender)).or_insert(index);
            if index < *latest {
                misordered += 1;
            }
            *latest = index.max(*latest);
        }
        misordered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<MessageId> {
        (0..count).map(|_| MessageId::random()).collect()
    }

    #[test]
    fn a_message_at_two_places_is_doubled() {
        let id = MessageId::random();
        let mut ledger = Ledger::default();
        ledger.acknowledge((0, 1), id);
        assert_eq!(ledger.deliver((0, 1), id, Some((0, 0))), Verdict::Agrees);
        assert_eq!(ledger.deliver((0, 1), id, Some((0, 0))), Verdict::Agrees, "another member");
        assert_eq!(ledger.deliver((0, 2), id, Some((0, 0))), Verdict::Doubled);
    }

    #[test]
    fn members_who_see_different_messages_at_one_place_contradict_each_other() {
        let ids = ids(2);
        let mut ledger = Ledger::default();
        assert_eq!(ledger.deliver((0, 1), ids[0], None), Verdict::Agrees);
        assert_eq!(ledger.deliver((0, 1), ids[1], None), Verdict::Contradicts);
        ledger.acknowledge((0, 1), ids[1]);
        assert_eq!(ledger.misordered(), 1);
    }

    #[test]
    fn only_what_was_acknowledged_can_be_lost() {
        let ids = ids(3);
        let mut ledger = Ledger::default();
        ledger.acknowledge((0, 1), ids[0]);
        ledger.deliver((0, 2), ids[1], None);
        ledger.acknowledge((0, 3), ids[2]);
        assert_eq!(ledger.acknowledged_between(0, 0, 3), 2);
        assert_eq!(ledger.acknowledged_between(0, 1, 2), 0);
        assert_eq!(ledger.acknowledged_between(0, 3, Offset::MAX), 0);
        assert_eq!(ledger.last_acknowledged(), (0, 3));
    }

    #[test]
    fn a_sender_whose_messages_change_places_is_noticed_unless_the_server_said_that_it_failed() {
        let ids = ids(2);
        let mut ledger = Ledger::default();
        ledger.deliver((0, 1), ids[0], Some((4, 1)));
        ledger.deliver((0, 2), ids[1], Some((4, 0)));
        assert_eq!(ledger.misordered(), 1);
        ledger.retry(4, 0);
        assert_eq!(ledger.misordered(), 0);
    }
}
