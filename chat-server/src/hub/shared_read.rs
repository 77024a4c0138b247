//! One read for all who ask at the same time. Who comes while a read is under way waits for the next one, since the one under
//! way may have seen what was before; all who wait have that one together. So many who ask cost two reads, not as many as
//! they are. What was read is kept for those who wait for it, and no longer. No I/O.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::Mutex;

use crate::engine::EngineError;

type Answer<T> = Result<Arc<T>, EngineError>;

/// Reads of one thing.
#[derive(Debug)]
pub(super) struct SharedRead<T> {
    /// How many have asked so far.
    asked: AtomicU64,
    waiting: AtomicUsize,
    latest: Mutex<Option<Latest<T>>>,
}

#[derive(Debug)]
struct Latest<T> {
    /// How many had asked when it began: it answers them.
    asked: u64,
    answer: Answer<T>,
}

impl<T> Default for SharedRead<T> {
    fn default() -> Self {
        Self { asked: AtomicU64::new(0), waiting: AtomicUsize::new(0), latest: Mutex::new(None) }
    }
}

impl<T> SharedRead<T> {
    /// What a read found that began after this was called: that of `read`, or of somebody else who waited as well.
    ///
    /// # Errors
    /// That of the read.
    pub(super) async fn read(&self, read: impl Future<Output = Result<T, EngineError>>) -> Answer<T> {
        let mine = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let waits = Waits::new(&self.waiting);
        let mut latest = self.latest.lock().await;
        let known = latest.as_ref().filter(|latest| latest.asked >= mine);
        let answer = if let Some(latest) = known {
            latest.answer.clone()
        } else {
            let asked = self.asked.load(Ordering::SeqCst);
            let answer = read.await.map(Arc::new);
            *latest = Some(Latest { asked, answer: answer.clone() });
            answer
        };
        if waits.is_last() {
            *latest = None;
        }
        answer
    }
}

/// Somebody waits, or has given up.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn new(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::SeqCst);
        Self(waiting)
    }

    fn is_last(&self) -> bool {
        self.0.load(Ordering::SeqCst) == 1
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::{FutureExt, future::join_all};
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn all_who_ask_while_one_reads_have_the_next_read_together() {
        let (shared, reads, go_on) = (SharedRead::default(), Cell::new(0), Notify::new());
        let ask = || {
            shared.read(async {
                reads.set(reads.get() + 1);
                let read = reads.get();
                go_on.notified().await;
                Ok(read)
            })
        };
        let mut first = Box::pin(ask());
        assert!(first.as_mut().now_or_never().is_none());
        let mut others = Box::pin(join_all((0..9).map(|_| ask())));
        assert!(others.as_mut().now_or_never().is_none());
        go_on.notify_one();
        assert_eq!(*first.await.unwrap(), 1);
        assert!(others.as_mut().now_or_never().is_none());
        go_on.notify_one();
        assert!(others.await.into_iter().all(|read| *read.unwrap() == 2));
        assert!(shared.latest.lock().await.is_none(), "nobody waits for it any more");
    }

    #[tokio::test]
    async fn who_asks_later_has_a_read_of_its_own() {
        let shared = SharedRead::default();
        assert_eq!(*shared.read(async { Ok(1) }).await.unwrap(), 1);
        assert_eq!(*shared.read(async { Ok(2) }).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn who_gives_up_holds_up_nobody_and_a_failure_is_shared() {
        let (shared, go_on) = (SharedRead::<()>::default(), Notify::new());
        let fails = || {
            shared.read(async {
                go_on.notified().await;
                Err(EngineError::Unavailable("away".to_owned()))
            })
        };
        let mut gives_up = Box::pin(fails());
        assert!(gives_up.as_mut().now_or_never().is_none());
        let mut others = Box::pin(join_all([fails(), fails()]));
        assert!(others.as_mut().now_or_never().is_none());
        drop(gives_up);
        assert!(others.as_mut().now_or_never().is_none());
        go_on.notify_one();
        assert!(others.await.iter().all(Result::is_err));
    }
}
