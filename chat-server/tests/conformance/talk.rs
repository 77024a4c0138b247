//! People who talk while something is broken: what they were told is stored, who heard it, and how long nothing was
//! acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use chat_server::engine::redis::RedisOptions;
use chat_server::engine::{EngineEvent, HistoryLimits, Range, RoomEvent};
use futures::future::join_all;
use hubbub_protocol::{Epoch, RoomName};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::world::{Server, draft, messages, until};

/// How often each says something.
const PACE: Duration = Duration::from_millis(10);

/// How many are heard in each room before anything is broken.
const BEFORE: usize = 20;

/// More than is said in a test.
const HISTORY: usize = 100_000;

/// What does not happen by then never will.
const DEADLINE: Duration = Duration::from_mins(2);

/// A server whose rooms keep all that is said.
pub(crate) async fn server(url: &str, ack_replicas: u8) -> Server {
    let options = RedisOptions::new(url.parse().unwrap(), HistoryLimits::events(HISTORY), "test".to_owned());
    let server = Server::with(RedisOptions { ack_replicas, ..options });
    until("the engine is up", async || server.engine.is_up()).await;
    server
}

/// What became of what was said in one room.
pub(crate) struct Said {
    pub(crate) room: RoomName,
    /// How many messages were acknowledged.
    pub(crate) acknowledged: usize,
    /// How many of these are not stored.
    pub(crate) lost: usize,
    /// The longest time between two acknowledgements.
    pub(crate) longest_silence: Duration,
    /// The longest time between two messages that the listener heard live.
    pub(crate) longest_deafness: Duration,
}

/// One speaker in each room on one server and one listener for all on another, while `fault` happens. Each speaker
/// sends the next message when the last one was acknowledged, and the same one again until then. They go on until
/// each was heard live after the fault was over.
///
/// # Panics
/// When a message is stored twice or out of order, a room is silent or deaf for ever, or something that was
/// acknowledged is lost without being announced.
pub(crate) async fn talk(
    speaker: &Server,
    listener: &mut Server,
    rooms: &[RoomName],
    fault: impl AsyncFnOnce(),
) -> Vec<Said> {
    for room in rooms {
        listener.engine.subscribe(room).await.unwrap();
    }
    let over = watch::Sender::new(false);
    let (heard, told) = watch::channel(BTreeMap::new());
    let speakers = join_all(rooms.iter().map(|room| speak(speaker, room, told.clone(), over.subscribe())));
    let listening = listen(listener, heard);
    let talking = async {
        tokio::select! {
            spoken = speakers => spoken,
            never = listening => never,
        }
    };
    let mut listener_before = told.clone();
    let breaking = async {
        let all_talk = |heard: &BTreeMap<_, Heard>| {
            rooms.iter().all(|room| heard.get(room).is_some_and(|heard| heard.messages >= BEFORE))
        };
        // The sender lives as long as the listener.
        let _ = listener_before.wait_for(all_talk).await;
        fault().await;
        over.send_replace(true);
    };
    let (spoken, ()) = timeout(DEADLINE, async { tokio::join!(talking, breaking) }).await.expect("an end");

    let mut said = Vec::new();
    for (room, spoken) in rooms.iter().zip(spoken) {
        said.push(judge(speaker, room, &spoken, &told).await);
    }
    said
}

struct Spoken {
    texts: Vec<String>,
    epochs: Vec<Epoch>,
    longest_silence: Duration,
}

#[derive(Clone, Default)]
struct Heard {
    messages: usize,
    latest: Option<(Instant, String)>,
    longest_deafness: Duration,
}

async fn speak(
    server: &Server,
    room: &RoomName,
    mut told: watch::Receiver<BTreeMap<RoomName, Heard>>,
    over: watch::Receiver<bool>,
) -> Spoken {
    let mut spoken = Spoken { texts: Vec::new(), epochs: Vec::new(), longest_silence: Duration::ZERO };
    let mut latest = Instant::now();
    let mut pace = interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first that is sent after the fault was over: the one of then may have been heard before it began.
    let mut last = None;
    loop {
        pace.tick().await;
        let text = spoken.texts.len().to_string();
        let published = server.insist(&draft(room, &text)).await;
        spoken.longest_silence = spoken.longest_silence.max(latest.elapsed());
        latest = Instant::now();
        spoken.texts.push(text);
        if spoken.epochs.last() != Some(&published.epoch) {
            spoken.epochs.push(published.epoch);
        }
        if *over.borrow() {
            let awaited = *last.get_or_insert(spoken.texts.len());
            let heard = told.borrow_and_update().get(room).and_then(|heard| heard.latest.clone());
            if heard.is_some_and(|(_, text)| text.parse::<usize>().unwrap() >= awaited) {
                return spoken;
            }
        }
    }
}

async fn listen<T>(server: &mut Server, heard: watch::Sender<BTreeMap<RoomName, Heard>>) -> T {
    loop {
        if let EngineEvent::Room { room, event: RoomEvent::Message { message, .. } } = server.event().await {
            let text = crate::world::decode(message.offset, &message.frame).text.to_string();
            heard.send_modify(|rooms| {
                let heard = rooms.entry(room).or_default();
                if let Some((at, _)) = &heard.latest {
                    heard.longest_deafness = heard.longest_deafness.max(at.elapsed());
                }
                heard.latest = Some((Instant::now(), text));
                heard.messages += 1;
            });
        }
    }
}

async fn judge(
    server: &Server,
    room: &RoomName,
    spoken: &Spoken,
    told: &watch::Receiver<BTreeMap<RoomName, Heard>>,
) -> Said {
    let page = server.page(room, Range::After { offset: 0, limit: usize::MAX >> 1 }).await;
    let stored: Vec<usize> =
        messages(&page).iter().map(|message| message.text.as_str().parse().unwrap()).collect();
    let offsets: Vec<u64> = page.messages.iter().map(|message| message.offset).collect();
    assert!(offsets.iter().copied().eq(1..=page.latest), "{room}: offsets have no gap");
    assert!(stored.is_sorted_by(|a, b| a < b), "{room}: each is stored once and in order: {stored:?}");
    let lost = spoken.texts.len() - stored.len();
    if lost > 0 {
        assert!(spoken.epochs.len() > 1, "{room}: {lost} are lost, and it is not announced");
    }
    Said {
        room: room.clone(),
        acknowledged: spoken.texts.len(),
        lost,
        longest_silence: spoken.longest_silence,
        longest_deafness: told.borrow().get(room).map_or(DEADLINE, |heard| heard.longest_deafness),
    }
}

/// What was measured, in words: of the rooms that were hit, and of the others.
pub(crate) fn in_words(said: &[Said], hit: impl Fn(&RoomName) -> bool) -> String {
    let sum = |count: fn(&Said) -> usize| said.iter().map(count).sum::<usize>();
    let (sick, healthy): (Vec<_>, Vec<_>) = said.iter().partition(|said| hit(&said.room));
    let longest = |said: &[&Said], time: fn(&Said) -> Duration| {
        said.iter().map(|said| time(said)).max().unwrap_or_default().as_secs_f64()
    };
    let words = format!(
        "{} acknowledged, {} lost, 0 doubled, 0 out of order; without service {:.1} s, nothing heard for {:.1} s",
        sum(|said| said.acknowledged),
        sum(|said| said.lost),
        longest(&sick, |said| said.longest_silence),
        longest(&sick, |said| said.longest_deafness),
    );
    if healthy.is_empty() {
        return words;
    }
    // They wait for nobody: however busy the machine is, their longest silence is far below that of the failover.
    let others = longest(&healthy, |said| said.longest_silence.max(said.longest_deafness));
    let broken = if 2.0 * others < longest(&sick, |said| said.longest_silence) { "" } else { "BROKEN: " };
    format!("{words}; other shards {broken}{others:.2} s")
}
