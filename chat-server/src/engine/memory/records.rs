//! Records of users and e-mail addresses, and counters: each kept for its time.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::{Duration, Instant};

use crate::engine::accounts::{Attempts, NewRecord, RecordKey};

/// How many records are kept at most: about 150 MB. No more are made until one ends: to forget one early would free
/// an id that others know, for anybody to take.
const RECORDS_KEPT: usize = 250_000;

/// How many counters are kept at most: about 20 MB. When there are more, the one that ends next makes room.
const COUNTERS_KEPT: usize = 100_000;

/// There are as many as can be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// What ends by itself, by when it does.
#[derive(Debug)]
struct Ending<K, V> {
    kept: HashMap<K, (V, Option<Instant>)>,
    by_end: BTreeSet<(Instant, K)>,
}

impl<K: Clone + Ord + Hash, V> Ending<K, V> {
    fn new() -> Self {
        Self { kept: HashMap::new(), by_end: BTreeSet::new() }
    }

    fn get(&self, key: &K) -> Option<&(V, Option<Instant>)> {
        self.kept.get(key)
    }

    fn put(&mut self, key: K, value: V, end: Option<Instant>) {
        self.remove(&key);
        if let Some(end) = end {
            self.by_end.insert((end, key.clone()));
        }
        self.kept.insert(key, (value, end));
    }

    fn remove(&mut self, key: &K) {
        if let Some((_, Some(end))) = self.kept.remove(key) {
            self.by_end.remove(&(end, key.clone()));
        }
    }

    /// Forgets what has ended.
    fn forget(&mut self, now: Instant) {
        while self.by_end.first().is_some_and(|(end, _)| *end <= now) {
            self.forget_next();
        }
    }

    fn forget_next(&mut self) {
        if let Some((_, key)) = self.by_end.pop_first() {
            self.kept.remove(&key);
        }
    }
}

/// The records of this server.
#[derive(Debug)]
pub(super) struct Kept {
    most: usize,
    records: Ending<RecordKey, String>,
    counters: Ending<String, u64>,
}

impl Default for Kept {
    fn default() -> Self {
        Self::of_at_most(RECORDS_KEPT)
    }
}

impl Kept {
    fn of_at_most(most: usize) -> Self {
        Self { most, records: Ending::new(), counters: Ending::new() }
    }

    /// What a record says.
    pub(super) fn read(&mut self, key: &RecordKey, now: Instant) -> Option<String> {
        self.records.forget(now);
        self.records.get(key).map(|(text, _)| text.clone())
    }

    /// Replaces a record that says `believed`; answers whether it did.
    pub(super) fn replace(
        &mut self,
        key: &RecordKey,
        believed: Option<&str>,
        new: Option<NewRecord<'_>>,
        now: Instant,
    ) -> Result<bool, Full> {
        self.records.forget(now);
        if self.records.get(key).map(|(text, _)| text.as_str()) != believed {
            return Ok(false);
        }
        match new {
            Some(_) if believed.is_none() && self.records.kept.len() >= self.most => return Err(Full),
            Some(NewRecord { text, lifetime }) => {
                self.records.put(key.clone(), text.to_owned(), lifetime.map(|lifetime| now + lifetime));
            }
            None => self.records.remove(key),
        }
        Ok(true)
    }

    /// Counts one within a window.
    pub(super) fn count(&mut self, of: &str, window: Duration, now: Instant) -> Attempts {
        self.counters.forget(now);
        let (count, end) = match self.counters.get(&of.to_owned()) {
            Some((count, Some(end))) => (count + 1, *end),
            _ => (1, now + window),
        };
        if self.counters.kept.len() >= COUNTERS_KEPT {
            self.counters.forget_next();
        }
        self.counters.put(of.to_owned(), count, Some(end));
        Attempts { count, ends_in: end - now }
    }

    /// Counts one less.
    pub(super) fn take_back(&mut self, of: &str) {
        if let Some((count, _)) = self.counters.kept.get_mut(of) {
            *count = count.saturating_sub(1);
        }
    }

    /// Forgets a count.
    pub(super) fn forget(&mut self, of: &str) {
        self.counters.remove(&of.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::UserId;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn key() -> RecordKey {
        RecordKey::User(UserId::random())
    }

    fn for_a_minute(text: &str) -> NewRecord<'_> {
        NewRecord { text, lifetime: Some(MINUTE) }
    }

    #[test]
    fn a_record_ends_after_its_lifetime_and_its_key_is_free_again() {
        let (mut kept, start, key) = (Kept::default(), Instant::now(), key());
        assert_eq!(kept.replace(&key, None, Some(for_a_minute("one")), start), Ok(true));
        assert_eq!(kept.replace(&key, None, Some(for_a_minute("two")), start), Ok(false));
        assert_eq!(
            kept.replace(&key, Some("one"), Some(for_a_minute("three")), start + MINUTE / 2),
            Ok(true)
        );
        assert_eq!(
            kept.read(&key, start + MINUTE).as_deref(),
            Some("three"),
            "it lives from when it was replaced"
        );
        assert_eq!(kept.read(&key, start + MINUTE * 2), None);
        let for_ever = Some(NewRecord { text: "four", lifetime: None });
        assert_eq!(kept.replace(&key, None, for_ever, start + MINUTE * 2), Ok(true));
        assert_eq!(kept.read(&key, start + MINUTE * 1_000_000).as_deref(), Some("four"));
    }

    #[test]
    fn when_all_places_are_taken_nobody_is_pushed_out() {
        let (mut kept, start, [one, two]) = (Kept::of_at_most(1), Instant::now(), [key(), key()]);
        assert_eq!(kept.replace(&one, None, Some(for_a_minute("one")), start), Ok(true));
        assert_eq!(kept.replace(&two, None, Some(for_a_minute("two")), start), Err(Full));
        assert_eq!(kept.replace(&one, Some("one"), Some(for_a_minute("again")), start), Ok(true));
        assert_eq!(
            kept.replace(&two, None, Some(for_a_minute("two")), start + MINUTE),
            Ok(true),
            "one ended"
        );
    }

    #[test]
    fn a_window_begins_with_the_first_attempt() {
        let (mut kept, start) = (Kept::default(), Instant::now());
        assert_eq!(kept.count("a", MINUTE, start), Attempts { count: 1, ends_in: MINUTE });
        assert_eq!(kept.count("a", MINUTE, start + MINUTE / 4).count, 2);
        assert_eq!(kept.count("a", MINUTE, start + MINUTE / 2), Attempts { count: 3, ends_in: MINUTE / 2 });
        assert_eq!(kept.count("b", MINUTE, start).count, 1);
        assert_eq!(kept.count("a", MINUTE, start + MINUTE).count, 1);
        kept.take_back("a");
        assert_eq!(kept.count("a", MINUTE, start + MINUTE).count, 1);
        kept.forget("a");
        assert_eq!(kept.count("a", MINUTE, start + MINUTE).count, 1);
    }
}
