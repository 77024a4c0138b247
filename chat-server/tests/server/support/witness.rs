//! Clients as people have them (they reconnect, resume and send again by themselves), and what each of them saw.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chat_client::{Client, Endpoint, Event, Identity};
use futures::StreamExt;
use hubbub_protocol::{MessageId, MessageText, Offset};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep, timeout},
};

use super::{PATIENCE, room};

/// How often it is looked whether something holds of all.
const A_MOMENT: Duration = Duration::from_millis(10);

/// What one client was told.
#[derive(Debug, Default)]
pub(crate) struct Record {
    /// Where the room was when it came; none before that.
    pub(crate) from: Option<Offset>,
    /// Messages, in the order in which they came.
    pub(crate) seen: Vec<(Offset, MessageId)>,
    pub(crate) acknowledged: Vec<(Offset, MessageId)>,
    pub(crate) unacknowledged: usize,
    /// The names of the servers that it was at, one for each connection.
    pub(crate) servers: Vec<String>,
    /// What a server that keeps its promises never causes: gaps, strays, frames that are not understood.
    pub(crate) faults: Vec<Event>,
    /// Frames that told of others who came and went.
    pub(crate) presences: usize,
    away_since: Option<Instant>,
    /// The longest time from a lost connection until it was in its room again.
    pub(crate) longest_away: Duration,
}

impl Record {
    /// The latest offset that it knows.
    pub(crate) fn last(&self) -> Offset {
        self.seen.last().map_or(self.from.unwrap_or_default(), |(offset, _)| *offset)
    }

    /// Whether its connection is lost, and it is not in its room again.
    pub(crate) fn is_away(&self) -> bool {
        self.away_since.is_some()
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Connected { server, .. } => {
                let name = server.to_string();
                self.servers.push(name.rsplit_once('-').map_or(name.clone(), |(name, _)| name.to_owned()));
            }
            Event::Disconnected { .. } => _ = self.away_since.get_or_insert_with(Instant::now),
            Event::Joined { offset, .. } => {
                self.from = Some(offset);
                // It may have been refused before it came in: then it was not there yet.
                self.away_since = None;
            }
            Event::Resumed { .. } => {
                if let Some(since) = self.away_since.take() {
                    self.longest_away = self.longest_away.max(since.elapsed());
                }
            }
            Event::Presence { .. } => self.presences += 1,
            Event::Message(message) => self.seen.push((message.offset, message.id)),
            Event::Acknowledged { id, offset, .. } => self.acknowledged.push((offset, id)),
            Event::Gap { .. }
            | Event::Stray { .. }
            | Event::NotSent { .. }
            | Event::NotUnderstood(_)
            | Event::Ended(_) => self.faults.push(event),
            _ => {}
        }
    }
}

/// Some clients in one room, each in a task of its own.
pub(crate) struct Witnesses {
    records: Vec<Arc<Mutex<Record>>>,
    changed: watch::Receiver<()>,
    sending: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Witnesses {
    /// So many at this address, of whom the first few send a message in each `pace`. Returns when all are in.
    pub(crate) async fn gather(at: SocketAddr, number: usize, senders: usize, pace: Duration) -> Self {
        let endpoint = Arc::new(Endpoint::new(format!("http://{at}").parse().unwrap(), &[]));
        let (change, changed) = watch::channel(());
        let (sending, _) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut records = Vec::new();
        for number in 0..number {
            let record = Arc::<Mutex<Record>>::default();
            let mut client = Client::new(Arc::clone(&endpoint), Identity::default());
            client.join(room("lobby"), 0);
            let pace = (number < senders).then_some(pace);
            tasks.spawn(witness(client, Arc::clone(&record), pace, sending.subscribe(), change.clone()));
            records.push(record);
        }
        let mut all = Self { records, changed, sending, tasks };
        all.until("everyone is in the room", |records| records.iter().all(|record| record.from.is_some()))
            .await;
        all.sending.send_replace(true);
        all
    }

    /// Waits until a condition holds of what they saw.
    pub(crate) async fn until(&mut self, what: &str, holds: impl Fn(&[&Record]) -> bool) {
        let reached = async {
            while !self.look(&holds) {
                self.changed.changed().await.unwrap();
                // Of hundreds there are thousands of changes a second: those of a moment are looked at together.
                sleep(A_MOMENT).await;
            }
        };
        assert!(timeout(PATIENCE, reached).await.is_ok(), "waited in vain until {what}");
    }

    /// What is true of what they saw.
    pub(crate) fn look<T>(&self, of: impl FnOnce(&[&Record]) -> T) -> T {
        let guards: Vec<_> = self.records.iter().map(|record| record.lock().unwrap()).collect();
        of(&guards.iter().map(|guard| &**guard).collect::<Vec<_>>())
    }

    /// Waits until so many more messages were seen by somebody.
    pub(crate) async fn more_messages(&mut self, more: u64) {
        let last = |records: &[&Record]| records.iter().map(|record| record.last()).max().unwrap_or_default();
        let goal = self.look(last) + more;
        self.until("more messages come", |records| last(records) >= goal).await;
    }

    /// Has them send no more, waits until all is acknowledged and everyone has everything, and looks whether each saw
    /// each message once and in order. Returns how many were acknowledged.
    pub(crate) async fn all_is_well(mut self) -> Account {
        self.sending.send_replace(false);
        self.until("everything is acknowledged and seen by everyone", |records| {
            let last =
                records.iter().flat_map(|record| &record.acknowledged).map(|(offset, _)| *offset).max();
            records.iter().all(|record| record.unacknowledged == 0 && Some(record.last()) >= last)
        })
        .await;
        self.tasks.shutdown().await;
        self.look(|records| {
            let mut room = HashMap::new();
            for record in records {
                assert!(record.faults.is_empty(), "{:?}", record.faults);
                let offsets = record.seen.iter().map(|(offset, _)| *offset);
                let from = record.from.unwrap_or_default();
                assert!(offsets.eq(from + 1..=record.last()), "each once and in order: {:?}", record.seen);
                for (offset, id) in record.seen.iter().chain(&record.acknowledged) {
                    assert_eq!(
                        room.entry(*offset).or_insert(*id),
                        id,
                        "one message at {offset} for everyone"
                    );
                }
            }
            let ids: std::collections::HashSet<_> = room.values().collect();
            assert_eq!(ids.len(), room.len(), "no message is stored twice");
            Account {
                acknowledged: records.iter().map(|record| record.acknowledged.len()).sum(),
                longest_away: records.iter().map(|record| record.longest_away).max().unwrap_or_default(),
            }
        })
    }
}

/// What it came to in the end.
pub(crate) struct Account {
    pub(crate) acknowledged: usize,
    pub(crate) longest_away: Duration,
}

async fn witness(
    mut client: Client,
    record: Arc<Mutex<Record>>,
    pace: Option<Duration>,
    sending: watch::Receiver<bool>,
    changed: watch::Sender<()>,
) {
    let mut turns = interval(pace.unwrap_or(PATIENCE));
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut number = 0;
    loop {
        tokio::select! {
            event = client.next() => match event {
                Some(event) => record.lock().unwrap().note(event),
                None => return,
            },
            _ = turns.tick(), if pace.is_some() => {
                if *sending.borrow() {
                    number += 1;
                    let text = MessageText::parse(&format!("message {number}")).unwrap();
                    client.send(room("lobby"), text).unwrap();
                }
            }
        }
        record.lock().unwrap().unacknowledged = client.unacknowledged();
        changed.send_replace(());
    }
}
