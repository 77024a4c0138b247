//! Keeps an operator that lost the Lease from writing.
//!
//! Whoever leads stops its work when the Lease is lost. A process that was stopped by its host, though, may go on in
//! the middle of a tick before it has looked at any clock: so each write looks at one.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use hyper::{Method, Request};
use kube::client::Body;
use thiserror::Error;
use tokio::time::Instant;
use tower::{BoxError, Layer, Service};

/// Until when the Lease is certainly ours. Clones are the same term: one renews it, the other one is fenced by it.
#[derive(Debug, Clone, Default)]
pub struct Term(Arc<Mutex<Option<Instant>>>);

impl Term {
    /// The Lease is ours until so long after `begun`, the time at which the request for it was sent.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use hubbub_operator::fence::Term;
    /// # use tokio::time::Instant;
    /// let term = Term::default();
    /// assert!(!term.holds());
    /// term.renew(Instant::now(), Duration::from_secs(10));
    /// assert!(term.clone().holds());
    /// term.renew(Instant::now(), Duration::ZERO);
    /// assert!(!term.holds());
    /// ```
    pub fn renew(&self, begun: Instant, length: Duration) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun + length);
    }

    /// The Lease is ours no longer.
    pub fn end(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether it still is.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self) -> Result<(), Lost> {
        if self.holds() { Ok(()) } else { Err(Lost) }
    }

    /// Whether it still is.
    pub fn holds(&self) -> bool {
        !self.left().is_zero()
    }

    /// For how long it still is.
    pub fn left(&self) -> Duration {
        let end = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        end.map_or(Duration::ZERO, |end| end.saturating_duration_since(Instant::now()))
    }
}

/// A write of an operator that no longer leads. It was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the lease is lost; nothing was written")]
pub struct Lost;

/// Refuses writes outside of a [`Term`].
#[derive(Debug, Clone)]
pub struct Fence(pub Term);

impl<S> Layer<S> for Fence {
    type Service = Fenced<S>;

    fn layer(&self, inner: S) -> Fenced<S> {
        Fenced { term: self.0.clone(), inner }
    }
}

/// A client of the API server behind a [`Fence`].
#[derive(Debug, Clone)]
pub struct Fenced<S> {
    term: Term,
    inner: S,
}

impl<S> Service<Request<Body>> for Fenced<S>
where
    S: Service<Request<Body>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<S::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let reads = request.method() == Method::GET;
        let term = self.term.clone();
        let mut answer = Box::pin(self.inner.call(request));
        // Asked whenever it goes on: it may have waited for a connection, be tried once more, or have been stopped.
        Box::pin(poll_fn(move |context| match term.check() {
            Err(lost) if !reads => Poll::Ready(Err(lost.into())),
            _ => answer.as_mut().poll(context).map_err(Into::into),
        }))
    }
}

#[cfg(test)]
mod tests {
    use tower::{ServiceExt, service_fn};

    use super::*;

    #[tokio::test]
    async fn who_lost_the_lease_may_read_and_not_write() {
        let term = Term::default();
        let sent = |method: Method| {
            let served = service_fn(async |_: Request<Body>| Ok::<_, BoxError>(()));
            let request = Request::builder().method(method).body(Body::empty());
            let service = Fence(term.clone()).layer(served);
            async move { service.oneshot(request?).await }
        };
        term.renew(Instant::now(), Duration::from_hours(1));
        for method in [Method::GET, Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            assert!(sent(method.clone()).await.is_ok(), "{method}");
        }
        term.renew(Instant::now(), Duration::ZERO);
        assert!(sent(Method::GET).await.is_ok());
        for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            assert!(sent(method.clone()).await.is_err_and(|error| error.is::<Lost>()), "{method}");
        }
    }
}
