//! Asks a changing set of servers one question again and again, each on a connection of its own: one that does not
//! answer delays no other.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use fred::prelude::{Client, Error};
use fred::types::config::Server;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::connection::{NO_QUEUE, Task, open};
use super::url::Node;

/// The shortest pause between two questions, when somebody has doubts.
const PAUSE: Duration = Duration::from_millis(50);

/// How long it is waited for doubts. Both pauses, 250 ms, are a small part of the time that a failover takes.
const DOUBTS: Duration = Duration::from_millis(200);

/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(300);

/// How long connecting may take.
const CONNECT: Duration = Duration::from_millis(500);

/// An answer that is older says nothing any more: its server was asked often since.
const FRESH: Duration = Duration::from_secs(2);

/// How many answers wait to be read at most.
const QUEUE: usize = 64;

/// What a server said, or why it said nothing.
type Told<T> = (Server, Result<T, String>);

struct Polled<T> {
    server: Server,
    latest: Option<(Instant, T)>,
    _task: AbortOnDropHandle<()>,
}

/// The servers that are asked, and what they said.
pub(super) struct Poll<T, Ask> {
    ask: Arc<Ask>,
    doubts: watch::Receiver<()>,
    polled: Vec<Polled<T>>,
    answers: (mpsc::Sender<Told<T>>, mpsc::Receiver<Told<T>>),
}

impl<T, Ask, Answer> Poll<T, Ask>
where
    T: Send + 'static,
    Ask: Fn(Client) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Result<T, Error>> + Send + 'static,
{
    /// Asks nobody yet. Each doubt has all asked at once.
    pub(super) fn new(ask: Ask, doubts: watch::Receiver<()>) -> Self {
        Self { ask: Arc::new(ask), doubts, polled: Vec::new(), answers: mpsc::channel(QUEUE) }
    }

    /// From now on these are asked, and no others.
    pub(super) fn set(&mut self, nodes: &[Node]) {
        self.polled.retain(|polled| nodes.iter().any(|node| node.server() == polled.server));
        for node in nodes {
            let server = node.server();
            if !self.polled.iter().any(|polled| polled.server == server) {
                let (ask, doubts) = (Arc::clone(&self.ask), self.doubts.clone());
                let asking = again_and_again(node.clone(), ask, doubts, self.answers.0.clone());
                let task = AbortOnDropHandle::new(tokio::spawn(asking));
                self.polled.push(Polled { server, latest: None, _task: task });
            }
        }
    }

    /// Waits for the next answer, or why there was none.
    pub(super) async fn next(&mut self) -> Result<(), String> {
        // There is always a sender: `self` has one.
        let Some((server, answer)) = self.answers.1.recv().await else { return std::future::pending().await };
        let polled = self.polled.iter_mut().find(|polled| polled.server == server);
        match (answer, polled) {
            (Ok(answer), Some(polled)) => {
                polled.latest = Some((Instant::now(), answer));
                Ok(())
            }
            (Ok(_), None) => Ok(()),
            (Err(error), _) => Err(format!("{server}: {error}")),
        }
    }

    /// The latest answer of each that has answered lately.
    pub(super) fn fresh(&self) -> impl Iterator<Item = &T> {
        let latest = self.polled.iter().filter_map(|polled| polled.latest.as_ref());
        latest.filter(|(at, _)| at.elapsed() < FRESH).map(|(_, answer)| answer)
    }
}

async fn again_and_again<T, Ask, Answer>(
    node: Node,
    ask: Arc<Ask>,
    mut doubts: watch::Receiver<()>,
    answers: mpsc::Sender<Told<T>>,
) where
    Ask: Fn(Client) -> Answer,
    Answer: Future<Output = Result<T, Error>>,
{
    let mut connection: Option<(Client, Task)> = None;
    loop {
        let answer = match once(&node, &mut connection, &*ask).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                connection = None;
                Err(error)
            }
        };
        if answers.send((node.server(), answer)).await.is_err() {
            return;
        }
        sleep(PAUSE).await;
        tokio::select! {
            () = sleep(DOUBTS) => {}
            _ = doubts.changed() => {}
        }
    }
}

async fn once<T, Ask, Answer>(
    node: &Node,
    connection: &mut Option<(Client, Task)>,
    ask: &Ask,
) -> Result<T, String>
where
    Ask: Fn(Client) -> Answer,
    Answer: Future<Output = Result<T, Error>>,
{
    let in_time = |_| "no answer in time".to_owned();
    let client = if let Some((client, _)) = connection {
        client.clone()
    } else {
        let opened = timeout(CONNECT, open(node, CONNECT, NO_QUEUE)).await.map_err(in_time)?;
        let opened = opened.map_err(|error| error.to_string())?;
        connection.insert(opened).0.clone()
    };
    timeout(ANSWER, ask(client)).await.map_err(in_time)?.map_err(|error| error.to_string())
}
