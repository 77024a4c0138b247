//! Calls of the API server that fail, or are never answered, are made again.
//!
//! An API server that is restarted, has too much to do or lost a member of its etcd fails some calls and answers others.
//! A tick is a dozen calls when the size changes, and begins anew when one of them fails: without this, of ticks on a
//! server that fails one call of ten only a quarter would come to their end.
//!
//! Only until it answers: what comes after the head of an answer may take its time, as the events of a watch do.

use std::task::{Context, Poll};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use hyper::header::RETRY_AFTER;
use hyper::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::{Body, ClientBuilder};
use thiserror::Error;
use tokio::time::{sleep, timeout};
use tower::{BoxError, Service};

/// So often a call is made at most.
const TRIES: u32 = 4;
/// One that has not begun to answer after this has lost the call, or has too much to do: an API server answers nearly all
/// calls within a second. Further tries get twice the time, for one that has too much to do. All of them together are
/// over before [`LONGEST_TICK`](crate::run::LONGEST_TICK).
const FIRST_LIMIT: Duration = Duration::from_secs(2);
/// Before the second try; before each further one twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A server that asks to be left alone for longer gets no second try within the same tick.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A call that was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no answer within {} s", .0.as_secs())]
pub struct Unanswered(Duration);

/// How long a try may take, counted from 0.
fn limit(attempt: u32) -> Duration {
    if attempt == 0 { FIRST_LIMIT } else { FIRST_LIMIT * 2 }
}

/// A client that makes the calls of `client` again when they fail. `client` itself should make each of them once.
pub fn patient(client: Client) -> ClientBuilder<Patient> {
    let namespace = client.default_namespace().to_owned();
    ClientBuilder::new(Patient(client), namespace)
}

/// See [`patient`].
#[derive(Clone)]
pub struct Patient(Client);

impl Service<Request<Body>> for Patient {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        attempts(self.0.clone(), request).boxed()
    }
}

async fn attempts(client: Client, mut request: Request<Body>) -> Result<Response<Body>, BoxError> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    for attempt in 0..TRIES - 1 {
        // A body that comes bit by bit can be sent once.
        let Some(next) = copy(&request) else { break };
        let result = once(&client, request, limit(attempt)).await;
        let Some(pause) = pause(attempt, &method, &result) else { return result };
        tracing::debug!(%method, %uri, attempt, "failed; trying again");
        sleep(pause).await;
        request = next;
    }
    once(&client, request, limit(TRIES - 1)).await
}

async fn once(client: &Client, request: Request<Body>, limit: Duration) -> Result<Response<Body>, BoxError> {
    match timeout(limit, client.send(request)).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Unanswered(limit).into()),
    }
}

fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let body = request.body().try_clone()?;
    let mut copy = Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

/// How long to wait before a call is made again; `None` when this is what came of it.
///
/// Whether a call that failed was carried out is not known. Ours are the same when they are carried out twice, but for
/// those that make something new: they are made again only when the server says that it did nothing.
fn pause(attempt: u32, method: &Method, result: &Result<Response<Body>, BoxError>) -> Option<Duration> {
    let again = match result {
        Ok(response) => match response.status() {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => true,
            status => status.is_server_error() && method != Method::POST,
        },
        Err(_) => method != Method::POST,
    };
    let asked = result.as_ref().ok().and_then(|response| {
        let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    });
    let pause = asked.unwrap_or_default().max(FIRST_PAUSE * 2_u32.pow(attempt));
    (again && pause <= LONGEST_PAUSE).then_some(pause)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::time::Instant;
    use tower::service_fn;

    use super::*;

    /// What an API server does with a call.
    #[derive(Debug, Clone, Copy)]
    enum Does {
        Answer(u16),
        AnswerLater(u16, &'static str),
        Nothing,
    }
    use Does::{Answer, AnswerLater, Nothing};

    /// What comes of a call when the server does this with its tries, how many it saw, and after which time.
    async fn call(method: Method, does: &'static [Does]) -> (Option<u16>, usize, Duration) {
        let seen = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&seen);
        let server = service_fn(move |_: Request<Body>| {
            let does = does[counted.fetch_add(1, Ordering::Relaxed)];
            async move {
                let (code, after) = match does {
                    Answer(code) => (code, None),
                    AnswerLater(code, after) => (code, Some(after)),
                    Nothing => std::future::pending().await,
                };
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::from_u16(code).unwrap();
                if let Some(after) = after {
                    response.headers_mut().insert(RETRY_AFTER, after.parse().unwrap());
                }
                Ok::<_, Infallible>(response)
            }
        });
        let client = patient(Client::new(server, "chat")).build();
        let request = Request::builder().method(method).uri("/api").body(Body::empty()).unwrap();
        let begun = Instant::now();
        let result = client.send(request).await;
        let status = result.ok().map(|response| response.status().as_u16());
        (status, seen.load(Ordering::Relaxed), begun.elapsed())
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_fails_or_is_never_answered_is_made_again() {
        assert_eq!(call(Method::GET, &[Answer(200)]).await, (Some(200), 1, millis(0)));
        assert_eq!(call(Method::PATCH, &[Answer(500), Answer(200)]).await, (Some(200), 2, millis(100)));
        assert_eq!(call(Method::GET, &[Nothing, Answer(200)]).await, (Some(200), 2, millis(2_100)));
        let later = &[AnswerLater(429, "1"), Answer(201)];
        assert_eq!(call(Method::POST, later).await, (Some(201), 2, millis(1_000)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_made_four_times_at_most_and_not_for_longer_than_a_tick_may_take() {
        assert_eq!(call(Method::GET, &[Answer(500); 4]).await, (Some(500), 4, millis(700)));
        let (status, tries, took) = call(Method::GET, &[Nothing; 4]).await;
        assert_eq!((status, tries), (None, 4));
        assert!(took < crate::run::LONGEST_TICK, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_be_made_twice_or_is_refused_is_not_asked_for_again() {
        assert_eq!(call(Method::POST, &[Answer(500)]).await.1, 1);
        assert_eq!(call(Method::POST, &[Nothing]).await, (None, 1, FIRST_LIMIT));
        for refusal in [[Answer(404)], [Answer(409)], [Answer(422)], [AnswerLater(503, "60")]] {
            let refusal: &'static [Does] = Box::leak(Box::new(refusal));
            assert_eq!(call(Method::PUT, refusal).await.1, 1, "{refusal:?}");
        }
    }
}
