//! Sending sessions away: all of them before the server ends, or some to spread the load.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hubbub_protocol::{CloseCode, metrics::DrainState};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    engine::Engine,
    session::outbox::Closing,
    sessions::{Line, Sessions},
};

/// One part of so many of the period is kept free at its end, so that who was told last can go before the deadline.
const RESERVE: u32 = 10;

/// Between two looks at the engine while sessions go: it is away for longer, or was not missed by anybody.
const ENGINE_LOOK: Duration = Duration::from_secs(1);

/// When each of so many sessions goes: evenly over the period less its last tenth, each at a random place of its
/// own share. `random` returns numbers from 0 to 1.
///
/// ```
/// use std::time::Duration;
/// use chat_server::drain::spread;
/// let delays = spread(3, Duration::from_secs(10), || 0.5);
/// assert_eq!(delays, [1_500, 4_500, 7_500].map(Duration::from_millis));
/// ```
pub fn spread(sessions: usize, over: Duration, mut random: impl FnMut() -> f64) -> Vec<Duration> {
    let span = over.saturating_sub(over / RESERVE);
    let share = span / u32::try_from(sessions).unwrap_or(u32::MAX).max(1);
    (0u32..).take(sessions).map(|turn| share * turn + share.mul_f64(random())).collect()
}

struct UnderWay {
    deadline: Instant,
    cancel: CancellationToken,
}

/// Whether the server drains, and what it takes to do so.
pub struct Drain {
    sessions: Arc<Sessions>,
    engine: Arc<dyn Engine>,
    tasks: TaskTracker,
    under_way: Mutex<Option<UnderWay>>,
    /// The server ends after this drain.
    last: Arc<AtomicBool>,
}

impl Drain {
    /// Of these sessions, which other servers take only while the engine answers. Waits are tasks of `tasks`.
    pub fn new(sessions: Arc<Sessions>, engine: Arc<dyn Engine>, tasks: TaskTracker) -> Self {
        Self { sessions, engine, tasks, under_way: Mutex::default(), last: Arc::default() }
    }

    /// Takes no new sessions from now on, tells those there are to go over the period, and closes those that are
    /// left at its end: while the engine is away, and so every other server takes nobody, only if this one is about to
    /// end. Again while one is under way, it counts only when it ends earlier.
    pub fn begin(&self, over: Duration) {
        let deadline = Instant::now() + over;
        let cancel = CancellationToken::new();
        {
            let mut under_way = self.lock();
            if let Some(before) = &*under_way {
                if before.deadline <= deadline {
                    return;
                }
                before.cancel.cancel();
            }
            *under_way = Some(UnderWay { deadline, cancel: cancel.clone() });
        }
        let mut lines = self.sessions.all();
        // The others are told after their hello.
        lines.retain(|line| line.is_greeted());
        tracing::info!(sessions = lines.len(), ?over, "draining");
        send_away(&lines, over, "this server is draining");
        let (sessions, engine, last) =
            (Arc::clone(&self.sessions), Arc::clone(&self.engine), Arc::clone(&self.last));
        self.tasks.spawn(cancel.run_until_cancelled_owned(async move {
            sleep_until(deadline).await;
            while !engine.is_up() && !last.load(Ordering::Acquire) {
                sleep(ENGINE_LOOK).await;
            }
            sessions.close_all(Closing::Code(CloseCode::Drain));
        }));
    }

    /// The drain that was begun is the last: the server ends after it, and [`Drain::end`] does nothing any more.
    pub fn make_last(&self) {
        self.last.store(true, Ordering::Release);
    }

    /// Takes no new sessions from now on, and closes those there are: there is no other server for them.
    pub fn close_all(&self) {
        let now = UnderWay { deadline: Instant::now(), cancel: CancellationToken::new() };
        let before = self.lock().replace(now);
        if let Some(before) = before {
            before.cancel.cancel();
        }
        self.sessions.close_all(Closing::Code(CloseCode::ServerGoing));
    }

    /// Takes sessions again, unless the server is about to end. Those that were told to go still go.
    pub fn end(&self) {
        let mut under_way = self.lock();
        if self.last.load(Ordering::Acquire) {
            return;
        }
        if let Some(before) = under_way.take() {
            before.cancel.cancel();
            tracing::info!("taking sessions again");
        }
    }

    /// Sends so many sessions away over the period, chosen at random, and goes on. Those of them that are left
    /// at its end are closed, unless the engine was away meanwhile: no server took them then, they wait before they try
    /// again, and this server can keep them.
    pub fn shed(&self, count: usize, over: Duration) {
        let mut lines = self.sessions.all();
        // Who was told to go goes: choosing it again would shed fewer than asked.
        lines.retain(|line| line.is_greeted() && !line.is_moving());
        fastrand::shuffle(&mut lines);
        lines.truncate(count);
        tracing::info!(sessions = lines.len(), ?over, "shedding");
        send_away(&lines, over, "this server has more than its share");
        let deadline = Instant::now() + over;
        let engine = Arc::clone(&self.engine);
        self.tasks.spawn(async move {
            let away = async {
                while engine.is_up() {
                    sleep(ENGINE_LOOK).await;
                }
            };
            let was_away = timeout_at(deadline, away).await.is_ok();
            if was_away || !engine.is_up() {
                return lines.iter().for_each(|line| line.stays());
            }
            for line in lines {
                line.outbox.close(Closing::Code(CloseCode::Drain));
            }
        });
    }

    /// Whether new sessions are refused.
    pub fn is_under_way(&self) -> bool {
        self.lock().is_some()
    }

    /// Tells a session that said hello after the drain had begun.
    pub fn send_away_late(&self, line: &Line) {
        let Some(deadline) = self.lock().as_ref().map(|under_way| under_way.deadline) else {
            return;
        };
        let left = deadline.saturating_duration_since(Instant::now());
        line.send_away(left.mul_f64(fastrand::f64()), "this server is draining");
    }

    /// For the metric.
    pub fn state(&self) -> DrainState {
        match (self.is_under_way(), self.sessions.greeted()) {
            (false, _) => DrainState::Serving,
            (true, 1..) => DrainState::Draining,
            (true, 0) => DrainState::Drained,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn send_away(lines: &[Arc<Line>], over: Duration, reason: &str) {
    let mut delays = spread(lines.len(), over, fastrand::f64);
    fastrand::shuffle(&mut delays);
    for (line, delay) in lines.iter().zip(delays) {
        line.send_away(delay, reason);
    }
}

#[cfg(test)]
mod tests {
    use hubbub_protocol::{DeviceId, UserId};

    use super::*;
    use crate::{
        engine::{
            HistoryLimits,
            memory::{MemoryEngine, MemoryOptions},
        },
        sessions::Owner,
    };

    fn drain_of(sessions: &Arc<Sessions>) -> Drain {
        let (engine, _) = MemoryEngine::start(MemoryOptions { history: HistoryLimits::events(1) });
        Drain::new(Arc::clone(sessions), engine, TaskTracker::new())
    }

    #[test]
    fn everyone_goes_before_the_reserve_at_the_end() {
        let over = Duration::from_secs(30);
        for random in [0.0, 0.999_999] {
            let delays = spread(1_000, over, || random);
            assert_eq!(delays.len(), 1_000);
            assert!(delays.iter().all(|delay| *delay <= Duration::from_secs(27)));
            assert!(delays.is_sorted());
        }
        assert!(spread(0, over, || 0.5).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_left_at_the_deadline_is_closed_unless_the_drain_was_ended() {
        let sessions = Arc::new(Sessions::new(10, 1_000));
        let drain = drain_of(&sessions);
        let ticket = sessions.open().unwrap();
        ticket.greet(Owner::for_test(UserId::random(), DeviceId::random()));
        drain.begin(Duration::from_secs(30));
        assert!(ticket.line().is_moving());
        assert_eq!(drain.state(), DrainState::Draining);
        drain.end();
        tokio::time::sleep(Duration::from_secs(31)).await;
        assert_eq!(ticket.line().outbox.closing(), None);
        drain.begin(Duration::from_secs(30));
        drain.begin(Duration::from_secs(5));
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert_eq!(ticket.line().outbox.closing(), Some(Closing::Code(CloseCode::Drain)));
        drop(ticket);
        assert_eq!(drain.state(), DrainState::Drained);
    }

    #[tokio::test(start_paused = true)]
    async fn shedding_takes_as_many_as_asked_and_none_twice() {
        let sessions = Arc::new(Sessions::new(10, 1_000));
        let drain = drain_of(&sessions);
        let tickets: Vec<_> = (0..4).map(|_| sessions.open().unwrap()).collect();
        for ticket in &tickets {
            ticket.greet(Owner::for_test(UserId::random(), DeviceId::random()));
        }
        drain.shed(1, Duration::from_secs(5));
        drain.shed(2, Duration::from_secs(5));
        assert_eq!(tickets.iter().filter(|ticket| ticket.line().is_moving()).count(), 3);
        assert!(!drain.is_under_way());
    }
}
