//! One of five hundred stops reading.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{StreamExt, stream};
use hubbub_protocol::{
    CloseCode, Epoch, MessageId, ResumeFrom, ServerFrame, StreamEvent,
    limits::{QUEUE_BYTES_MIN, TEXT_CHARS},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::timeout,
};

use crate::support::{Lean, PATIENCE, TestServer, config, figure, number, room, value};

/// Members that read, one of whom speaks.
const READERS: usize = 499;

/// Messages by which it is measured how long they take while everyone reads.
const MEASURED: u64 = 20;

/// What a message says: as long as may be, 16 KB, so that the queue of one that does not read is soon full.
fn words() -> String {
    "\u{1f4e2}".repeat(TEXT_CHARS)
}

/// The room, and how long each delivery took.
struct Lobby {
    server: TestServer,
    speaker: mpsc::Sender<String>,
    deliveries: mpsc::Receiver<(u64, Duration)>,
    _members: JoinSet<()>,
    said: u64,
}

impl Lobby {
    async fn open() -> Self {
        let queue = QUEUE_BYTES_MIN.to_string();
        let mut config = config(&["--queue-bytes", &queue]);
        // The slow one gets all the time it needs to find out why it is closed, on a busy machine too.
        config.timing.close = PATIENCE * 10;
        let server = TestServer::start(config).await;
        let sent = Arc::new(Mutex::new(Instant::now()));
        let (note, deliveries) = mpsc::channel(READERS);
        let (speaker, mut words) = mpsc::channel::<String>(1);
        let at = server.ports.public;
        let readers: Vec<_> = stream::iter(0..READERS)
            .map(async |_| {
                let mut reader = Lean::open(at).await;
                reader.hello(None).await.unwrap();
                reader.join("lobby").await.unwrap();
                reader
            })
            .buffer_unordered(32)
            .collect()
            .await;
        let mut members = JoinSet::new();
        let mut readers = readers.into_iter();
        let mut first = readers.next().unwrap();
        for mut reader in readers {
            let (sent, note) = (Arc::clone(&sent), note.clone());
            members.spawn(async move {
                loop {
                    let text = reader.text().await.unwrap();
                    observe(&text, &sent, &note).await;
                }
            });
        }
        let at = Arc::clone(&sent);
        members.spawn(async move {
            loop {
                tokio::select! {
                    Some(words) = words.recv() => {
                        *at.lock().unwrap() = Instant::now();
                        first.say(&words).await;
                    }
                    text = first.text() => observe(&text.unwrap(), &at, &note).await,
                }
            }
        });
        Self { server, speaker, deliveries, _members: members, said: 0 }
    }

    /// Says something, and waits until every reader has it. Returns how long each waited.
    async fn say(&mut self) -> Vec<Duration> {
        let (id, text) = (MessageId::random(), words());
        let words = format!(r#"{{"type":"send","id":"{id}","room":"lobby","text":"{text}"}}"#);
        self.speaker.send(words).await.unwrap();
        self.said += 1;
        let mut took = Vec::with_capacity(READERS);
        while took.len() < READERS {
            let next = timeout(PATIENCE, self.deliveries.recv()).await.expect("a reader waits").unwrap();
            assert_eq!(next.0, self.said, "everyone gets each message, in order");
            took.push(next.1);
        }
        took
    }
}

/// Notes the messages in what a reader got.
async fn observe(text: &str, sent: &Mutex<Instant>, note: &mpsc::Sender<(u64, Duration)>) {
    for line in text.lines().filter(|line| line.starts_with(r#"{"type":"message""#)) {
        let took = sent.lock().unwrap().elapsed();
        // The test may be over.
        let _ = note.send((number(line, "offset"), took)).await;
    }
}

/// In milliseconds.
fn p99(mut took: Vec<Duration>) -> f64 {
    took.sort_unstable();
    took[took.len() * 99 / 100].as_secs_f64() * 1_000.0
}

/// Reads what comes until it is told to stop.
async fn read(mut client: Lean, mut stop: watch::Receiver<bool>) -> Lean {
    loop {
        tokio::select! {
            biased;
            _changed = stop.changed() => return client,
            text = client.text() => drop(text.unwrap()),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_five_hundred_that_stops_reading_delays_nobody_and_resumes_whole() {
    let mut lobby = Lobby::open().await;
    let mut slow = Lean::narrow(lobby.server.ports.public).await;
    let token = slow.hello(None).await.unwrap();
    let epoch = value(&slow.join("lobby").await.unwrap(), "epoch").to_owned();
    let (stop, stopped) = watch::channel(false);
    let reading = tokio::spawn(read(slow, stopped));
    let mut all_read = Vec::new();
    for _ in 0..MEASURED {
        all_read.extend(lobby.say().await);
    }

    stop.send_replace(true);
    let mut slow = reading.await.unwrap();
    let mut one_does_not = Vec::new();
    let mut queue = 0.0_f64;
    while lobby.server.metric("hubbub_send_queue_bytes").await > 0.0 || queue == 0.0 {
        one_does_not.extend(lobby.say().await);
        // All others have taken what was for them.
        queue = queue.max(lobby.server.metric("hubbub_send_queue_bytes").await);
        assert!(lobby.said < 5_000, "it is never closed");
    }
    #[expect(clippy::cast_precision_loss, reason = "64 KiB")]
    let bound = QUEUE_BYTES_MIN as f64;
    assert!(queue <= bound, "{queue}");
    let (before, behind) = (p99(all_read), p99(one_does_not));

    // In order as far as it goes, and then it is told why that was all.
    let mut last = 0;
    let code = loop {
        match timeout(PATIENCE, slow.text()).await.expect("nothing comes") {
            Ok(text) => {
                for line in text.lines().filter(|line| line.starts_with(r#"{"type":"message""#)) {
                    let offset = number(line, "offset");
                    assert!(last == 0 || offset == last + 1, "{offset} after {last}");
                    last = offset;
                }
            }
            Err(code) => break code,
        }
    };
    assert_eq!(code, CloseCode::SlowConsumer.code());
    let missed = lobby.said - last;
    let mut back = lobby.server.connect().await;
    let resume = ResumeFrom { room: room("lobby"), epoch: Epoch(epoch.into()), offset: last };
    back.hello(Some(token), vec![resume]).await;
    let mut resumed = Vec::new();
    let rest = loop {
        match back.next().await {
            ServerFrame::Message(message) => resumed.push(message.offset),
            ServerFrame::Joined { recovered: true, messages, .. } => break messages,
            frame => panic!("it resumes whole: {frame:?}"),
        }
    };
    resumed.extend(rest.iter().map(StreamEvent::offset));
    assert_eq!(resumed, (last + 1..=lobby.said).collect::<Vec<_>>());
    figure(
        "one_of_five_hundred_that_stops_reading_delays_nobody_and_resumes_whole",
        &format!(
            "p99 of {READERS} others {before:.0} ms, and {behind:.0} ms while it did not read; its queue {:.0} of 64 KiB; it missed {missed} messages and got them all",
            queue / 1_024.0
        ),
    );
}
