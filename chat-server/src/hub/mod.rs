//! The rooms of this server: which sessions are in them, and the way of what happens in them to those sessions.
//!
//! ```text
//! engine --events--> dispatcher --mailbox of the room--> the room's task --> members --> session queues
//! session --join--> hold the member, read page and list, admit the member
//! ```
//! A room exists, and is subscribed to, while a session is in it or on its way in. Each has one task, which alone
//! moves its [`tail`] on; so whatever the task reads from the broker is never older than the tail.

mod fan_out;
mod latest_page;
pub mod lookout;
pub mod members;
pub mod presence_batch;
mod room;
mod run;
mod serve;
mod shared_read;
pub mod tail;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use hubbub_protocol::{
    Epoch, Offset, RoomName,
    limits::{HISTORY_DEFAULT, HISTORY_MAX, MEMBERS_LISTED, RESUME_MAX},
};
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::members::Seat;
use self::{latest_page::LatestPage, presence_batch::as_count, room::Room};
use crate::{
    engine::{Engine, EngineError, Page, Range, RoomEvent, RoomRefusal, Roster, StoredMessage},
    metrics::Metrics,
    session::{
        encode::{self, Joined},
        outbox::{Frame, Text},
    },
    timing::Timing,
};

/// How many events may wait for a room's task. A room that is further behind drops them and reads what it missed
/// from the broker, so that one room never stops the others.
const MAILBOX: usize = 1_024;

/// How often a join reads its page again when the stream changes under it.
const JOIN_ATTEMPTS: usize = 3;

/// What a session wants to know of a room that it joins.
#[derive(Debug, Clone)]
pub enum Want {
    /// The latest messages, at most this many.
    Page(usize),
    /// All behind this place, if that can be had.
    Resume {
        /// As `joined` told it.
        epoch: Epoch,
        /// The last that the client has.
        offset: Offset,
    },
}

/// The rooms of this server.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    engine: Arc<dyn Engine>,
    metrics: Arc<Metrics>,
    timing: Timing,
    /// See [`encode::latest_within`]: half of a session's queue, so that what happens meanwhile fits too.
    page_bytes: usize,
    rooms: Mutex<HashMap<RoomName, Arc<Room>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Hub {
    /// A hub without rooms. `queue_bytes` is what a session's queue holds.
    pub fn start(engine: Arc<dyn Engine>, metrics: Arc<Metrics>, timing: Timing, queue_bytes: usize) -> Self {
        let inner = Arc::new(Inner {
            engine,
            metrics,
            timing,
            page_bytes: queue_bytes / 2,
            rooms: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        });
        Self { inner }
    }

    /// Something happened in a room. Never waits.
    pub fn offer(&self, room: &RoomName, event: RoomEvent) {
        // An event of a room that was just left: nobody is here to hear it.
        let Some(room) = self.inner.rooms().get(room).cloned() else { return };
        room.offer(event);
    }

    /// Anything may have been missed: every room looks for it. Never waits.
    pub fn missed(&self) {
        let rooms: Vec<_> = self.inner.rooms().values().cloned().collect();
        tracing::info!(
            rooms = rooms.len(),
            "subscriptions were interrupted: every room looks for what it missed"
        );
        for room in rooms {
            room.missed();
        }
    }

    /// How many rooms have a member here.
    pub fn rooms(&self) -> usize {
        self.inner.rooms().len()
    }

    /// Brings a session into a room: it gets `joined`, then what happens there, until the membership is dropped.
    /// The session's presence is not touched.
    ///
    /// # Errors
    /// When the engine does not answer. Nothing has changed then.
    pub async fn join(&self, room: &RoomName, seat: &Seat, want: &Want) -> Result<Membership, EngineError> {
        let claim = self.inner.claim(room);
        let evictions = AtomicU64::new(claim.evictions());
        let membership = Membership {
            claim,
            inner: Arc::clone(&self.inner),
            seat: seat.clone(),
            written: AtomicBool::new(false),
            evictions,
        };
        membership.join_again(want).await?;
        Ok(membership)
    }

    /// Ends all rooms.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

/// A session's place in a room. Dropped, the session is out.
pub struct Membership {
    claim: Arc<Room>,
    inner: Arc<Inner>,
    seat: Seat,
    written: AtomicBool,
    /// The evictions of the room that this membership surely outlived.
    evictions: AtomicU64,
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.claim.release(self.seat.session);
    }
}

impl Membership {
    /// Whether nothing was ever said in the room, as far as this session and server know.
    pub fn is_unwritten(&self) -> bool {
        let unwritten = || self.claim.state().tail.as_ref().is_some_and(|tail| tail.offset() == 0);
        !self.written.load(Ordering::Relaxed) && unwritten()
    }

    /// The session said something in the room, which comes back only later.
    pub fn was_written(&self) {
        self.written.store(true, Ordering::Relaxed);
    }

    /// Whether the session was taken out of the room meanwhile.
    pub fn is_over(&self) -> bool {
        let evictions = self.claim.evictions();
        if self.evictions.load(Ordering::Relaxed) == evictions {
            return false;
        }
        let over = !self.claim.state().members.has(self.seat.session);
        if !over {
            self.evictions.store(evictions, Ordering::Relaxed);
        }
        over
    }

    /// Answers a join with `joined`. For who is in the room already, only that: nothing is lost or doubled.
    ///
    /// # Errors
    /// When the engine does not answer. Nothing has changed then.
    pub async fn join_again(&self, want: &Want) -> Result<(), EngineError> {
        let Self { claim: room, inner, seat, .. } = self;
        let want = &inner.bring(room.name(), seat, want).await?;
        // Asking for much is not reading slowly: the answer waits until the queue has room for it.
        seat.outbox.low().await;
        for _ in 0..JOIN_ATTEMPTS {
            let hold = room.hold(seat, inner.timing.engine_wait).await?;
            let user = [seat.identity.id()];
            let (answer, roster, admitted) = tokio::try_join!(
                inner.read(room, want),
                // Of a crowd that comes into a room, many hold at the same time.
                room.roster.read(inner.engine.roster(room.name(), MEMBERS_LISTED)),
                // Who was removed before the session was held back here was not taken out with the others.
                inner.engine.admitted(room.name(), &user)
            )?;
            if admitted.is_empty() {
                return Err(RoomRefusal::NoSuchRoom.into());
            }
            let joined = answer.encode(room.name(), &roster)?;
            match hold.admit(&answer.epoch, answer.latest, joined) {
                Ok(delivered) => {
                    inner.metrics.delivered(delivered);
                    return Ok(());
                }
                Err(room::Stale) => room.checked(inner.timing.engine_wait).await?,
            }
        }
        Err(EngineError::Unavailable("the room's stream keeps changing".to_owned()))
    }
}

/// What is told in `joined` of the room's stream.
struct Answer {
    epoch: Epoch,
    latest: Offset,
    recovered: bool,
    /// Those of [`encode::messages`].
    messages: Frame,
}

impl Answer {
    /// As `joined`, with those who are there.
    fn encode(&self, room: &RoomName, roster: &Roster) -> Result<Text, EngineError> {
        let Self { epoch, latest, recovered, messages } = self;
        encode::joined(&Joined {
            room,
            epoch,
            offset: *latest,
            recovered: *recovered,
            messages,
            members: &roster.members,
            count: as_count(roster.count),
        })
    }
}

impl Inner {
    /// Reads what is wanted of a room.
    async fn read(&self, room: &Room, want: &Want) -> Result<Answer, EngineError> {
        let latest = match want {
            Want::Page(latest) => *latest,
            Want::Resume { epoch, offset } => {
                let range = Range::After { offset: *offset, limit: HISTORY_MAX };
                let page = self.engine.history(room.name(), range).await?;
                if brings_all(&page, epoch, *offset, self.page_bytes) {
                    let messages = encode::messages(&page.messages);
                    return Ok(Answer { epoch: page.epoch, latest: page.latest, recovered: true, messages });
                }
                HISTORY_DEFAULT
            }
        };
        let LatestPage { epoch, latest, messages, .. } = self.latest_page(room, latest).await?;
        Ok(Answer { epoch, latest, recovered: false, messages })
    }

    /// The latest messages of a room. Of many who come one after the other only the first has them read and encoded.
    async fn latest_page(&self, room: &Room, asked: usize) -> Result<LatestPage, EngineError> {
        if let Some(page) = room.latest_page(asked) {
            // What the room has delivered is not all that there may be.
            let now = self.engine.history(room.name(), Range::Latest(0)).await?;
            if page.is_still(&now) {
                return Ok(page);
            }
        }
        let page = self.engine.history(room.name(), Range::Latest(asked)).await?;
        let page = LatestPage::of(&page, asked, self.page_bytes);
        // No messages are found as soon as what is kept is compared.
        if asked > 0 {
            room.state().latest_page = Some(page.clone());
        }
        Ok(page)
    }

    /// Brings a session that missed more than one page nearer to the end of the room, as fast as it reads: all but the
    /// last page, as they would have come. Answers what is still wanted.
    async fn bring(&self, room: &RoomName, seat: &Seat, want: &Want) -> Result<Want, EngineError> {
        let Want::Resume { epoch, offset: from } = want else { return Ok(want.clone()) };
        let mut offset = *from;
        loop {
            seat.outbox.low().await;
            let page = self.engine.history(room, Range::After { offset, limit: HISTORY_MAX }).await?;
            let part = next_part(&page, epoch, *from, offset, self.page_bytes);
            // Nothing when the rest is one page, or can't be had: then `joined` brings it, or says so.
            let Some(part) = part else { return Ok(Want::Resume { epoch: epoch.clone(), offset }) };
            for message in part {
                offset = message.offset;
                if !seat.outbox.push(message.frame.clone()) {
                    return Ok(Want::Resume { epoch: epoch.clone(), offset });
                }
            }
        }
    }

    /// The room, and that it stays. Made if there is none.
    fn claim(self: &Arc<Self>, name: &RoomName) -> Arc<Room> {
        let mut rooms = self.rooms();
        if let Some(room) = rooms.get(name) {
            room.claim();
            return Arc::clone(room);
        }
        let (mailbox, events) = mpsc::channel(MAILBOX);
        let room = Arc::new(Room::new(name.clone(), mailbox));
        room.claim();
        rooms.insert(name.clone(), Arc::clone(&room));
        drop(rooms);
        let serving = serve::serve(Arc::clone(self), Arc::clone(&room), events);
        self.tasks.spawn(self.stop.clone().run_until_cancelled_owned(serving));
        room
    }

    /// Forgets a room that nobody claims. Returns whether it did.
    fn forget(&self, room: &Room) -> bool {
        let mut rooms = self.rooms();
        // Claims are made under the same lock.
        let idle = room.is_idle();
        if idle {
            rooms.remove(room.name());
        }
        idle
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<RoomName, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a page is all that someone missed who has everything up to `offset`.
fn brings_all(page: &Page, epoch: &Epoch, offset: Offset, bytes: usize) -> bool {
    // Counted from `offset`, which a peer told, by subtraction: that can't overflow.
    let mut ahead = page.messages.iter().map(|message| message.offset.checked_sub(offset)).zip(1..);
    let contiguous = ahead.all(|(ahead, place)| ahead == Some(place));
    let last = page.messages.last().map_or(offset, |message| message.offset);
    page.epoch == *epoch
        && page.latest >= offset
        && contiguous
        && last == page.latest
        && page.messages.iter().map(|message: &StoredMessage| message.frame.len()).sum::<usize>() <= bytes
}

/// The messages of a page that fit into a queue, when more follow and they are the next ones for someone who had
/// everything up to `from`, and has been brought up to `offset`.
fn next_part<'a>(
    page: &'a Page,
    epoch: &Epoch,
    from: Offset,
    offset: Offset,
    bytes: usize,
) -> Option<&'a [StoredMessage]> {
    let mut fitting = 0;
    let count = page.messages.iter().take_while(|message| {
        fitting += message.frame.len();
        fitting <= bytes
    });
    let part = &page.messages[..count.count()];
    let mut ahead = part.iter().map(|message| message.offset.checked_sub(offset)).zip(1..);
    let contiguous = ahead.all(|(ahead, place)| ahead == Some(place));
    let last = part.last()?.offset;
    let within = page.latest.saturating_sub(from) <= RESUME_MAX;
    (page.epoch == *epoch && within && contiguous && last < page.latest).then_some(part)
}

/// After this time a room asks an engine again that did not answer.
const RETRY: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {

    use super::*;

    fn page(latest: Offset, offsets: std::ops::RangeInclusive<Offset>) -> Page {
        let messages =
            offsets.map(|offset| StoredMessage { offset, frame: Frame::from_static("0123456789") }).collect();
        Page { epoch: Epoch("one".into()), latest, oldest: 1, messages }
    }

    #[test]
    fn a_part_of_what_was_missed_is_what_fits_and_only_when_more_follows() {
        let epoch = Epoch("one".into());
        let offsets = |page: &Page, offset, bytes| {
            let part = next_part(page, &epoch, 1, offset, bytes)?;
            Some(part.iter().map(|message| message.offset).collect::<Vec<_>>())
        };
        assert_eq!(offsets(&page(9, 4..=6), 3, 100), Some(vec![4, 5, 6]));
        assert_eq!(offsets(&page(6, 4..=6), 3, 25), Some(vec![4, 5]));
        assert_eq!(offsets(&page(6, 4..=6), 3, 100), None, "it is the rest");
        assert_eq!(offsets(&page(9, 5..=6), 3, 100), None, "trimmed");
        assert_eq!(offsets(&page(9, 4..=6), 3, 5), None, "not even one fits");
        assert_eq!(offsets(&page(9, 4..=6), Offset::MAX, 100), None, "no offset at all");
        assert!(offsets(&page(RESUME_MAX + 1, 4..=6), 3, 100).is_some());
        assert_eq!(offsets(&page(RESUME_MAX + 2, 4..=6), 3, 100), None, "too much was missed");
        let reborn = Page { epoch: Epoch("two".into()), ..page(9, 4..=6) };
        assert_eq!(offsets(&reborn, 3, 100), None);
    }

    #[test]
    fn a_resume_is_complete_only_with_every_message_of_the_same_epoch() {
        let epoch = Epoch("one".into());
        assert!(brings_all(&page(5, 4..=5), &epoch, 3, 100));
        #[expect(clippy::reversed_empty_ranges, reason = "an empty page")]
        {
            assert!(brings_all(&page(3, 1..=0), &epoch, 3, 100), "nothing was missed");
            assert!(!brings_all(&page(2, 1..=0), &epoch, 3, 100), "went back");
        }
        assert!(!brings_all(&page(5, 4..=5), &Epoch("two".into()), 3, 100), "another epoch");
        assert!(!brings_all(&page(9, 4..=5), &epoch, 3, 100), "more than a page");
        assert!(!brings_all(&page(9, 8..=9), &epoch, 3, 100), "trimmed");
        assert!(!brings_all(&page(5, 4..=5), &epoch, 3, 19), "more than fits the queue");
        assert!(!brings_all(&page(5, 4..=5), &epoch, Offset::MAX, 100), "no offset at all");
    }
}
