//! Several operators and one Lease, in made-up time, against an API server that is made up as well: who may write, and
//! when.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::BodyExt;
use hubbub_operator::fence::{Fence, Term};
use hubbub_operator::lease::{Candidate, GIVE_UP, RETRY, TERM};
use hubbub_operator::telemetry::Telemetry;
use hyper::{Method, Request, Response, StatusCode};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PostParams;
use kube::client::{Body, ClientBuilder};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep, timeout};
use tower::{ServiceBuilder, service_fn};

/// What the API server has.
#[derive(Debug, Default)]
struct Store {
    lease: Option<Value>,
    version: u64,
    /// It takes requests, and never answers.
    deaf: bool,
    /// The names of what was created beside the Lease.
    created: Vec<String>,
}

impl Store {
    fn holder(&self) -> Option<String> {
        self.lease.as_ref()?["spec"]["holderIdentity"].as_str().map(str::to_owned)
    }

    /// As an API server does it: what is replaced has to be of the version that is there.
    fn answer(&mut self, method: &Method, path: &str, mut object: Value) -> (StatusCode, Value) {
        if path.ends_with("/configmaps") {
            self.created.push(object["metadata"]["name"].as_str().unwrap().to_owned());
            return (StatusCode::CREATED, object);
        }
        let refuse = |code: StatusCode, reason: &str| {
            let status = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure",
                "message": reason, "reason": reason, "code": code.as_u16() });
            (code, status)
        };
        let there = self.lease.as_ref().map(|lease| lease["metadata"]["resourceVersion"].clone());
        match (method, there) {
            (&Method::GET, None) => return refuse(StatusCode::NOT_FOUND, "NotFound"),
            (&Method::GET, Some(_)) => return (StatusCode::OK, self.lease.clone().unwrap()),
            (&Method::POST, Some(_)) => return refuse(StatusCode::CONFLICT, "AlreadyExists"),
            (&Method::PUT, there) if there != Some(object["metadata"]["resourceVersion"].clone()) => {
                return refuse(StatusCode::CONFLICT, "Conflict");
            }
            _ => {}
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.lease = Some(object.clone());
        (StatusCode::OK, object)
    }
}

type Shared = Arc<Mutex<Store>>;

/// A client of the made-up API server, that writes within the term where there is one.
fn client(store: &Shared, term: Option<&Term>) -> Client {
    let store = Arc::clone(store);
    let service = service_fn(move |request: Request<Body>| {
        let store = Arc::clone(&store);
        async move {
            let (parts, body) = request.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let object = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            // On its way.
            sleep(Duration::from_millis(5)).await;
            while store.lock().unwrap().deaf {
                sleep(Duration::from_millis(100)).await;
            }
            let (code, object) = store.lock().unwrap().answer(&parts.method, parts.uri.path(), object);
            let body = Body::from(serde_json::to_vec(&object).unwrap());
            Ok::<_, Infallible>(Response::builder().status(code).body(body).unwrap())
        }
    });
    match term {
        Some(term) => {
            ClientBuilder::new(ServiceBuilder::new().layer(Fence(term.clone())).service(service), "talk")
                .build()
        }
        None => Client::new(service, "talk"),
    }
}

/// An operator: it waits for the Lease, keeps it, and waits again.
struct Operator {
    term: Term,
    client: Client,
    candidate: Arc<Candidate>,
}

impl Operator {
    fn new(store: &Shared, name: &str) -> Self {
        let term = Term::default();
        let plain = client(store, None);
        let telemetry = Telemetry::new().unwrap();
        let candidate = Candidate::new(plain, "talk", name.to_owned(), None, term.clone(), telemetry);
        Self { client: client(store, Some(&term)), term, candidate: Arc::new(candidate) }
    }

    fn begin(&self) -> Running {
        let candidate = Arc::clone(&self.candidate);
        Running(tokio::spawn(async move {
            loop {
                candidate.acquire().await;
                candidate.keep().await;
            }
        }))
    }

    fn may_write(&self) -> bool {
        self.term.holds()
    }

    async fn write(&self, name: &str) -> Result<(), String> {
        let object: ConfigMap = serde_json::from_value(json!({ "metadata": { "name": name } })).unwrap();
        let api = Api::<ConfigMap>::namespaced(self.client.clone(), "talk");
        api.create(&PostParams::default(), &object).await.map(|_| ()).map_err(|error| error.to_string())
    }
}

/// An operator that runs. Dropping it is a SIGKILL.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until this operator may write, and tells how long that took.
async fn until(operator: &Operator) -> Duration {
    let begun = Instant::now();
    while !operator.may_write() {
        sleep(Duration::from_millis(100)).await;
    }
    begun.elapsed()
}

/// Two operators that run, of which the first has led for a while.
async fn first_leads(store: &Shared) -> ([Operator; 2], [Running; 2]) {
    let (first, second) = (Operator::new(store, "first"), Operator::new(store, "second"));
    let runs = first.begin();
    until(&first).await;
    let waits = second.begin();
    sleep(Duration::from_secs(30)).await;
    ([first, second], [runs, waits])
}

/// The longest that the next one takes to see that nobody renews, to look once more, and to write its name.
const TAKEN_OVER: Duration = Duration::from_millis(15_000 + 2 * 2_000 + 500);

#[tokio::test(start_paused = true)]
async fn one_of_two_leads_for_as_long_as_it_lives() {
    let store = Shared::default();
    let ([first, second], _running) = first_leads(&store).await;
    for _ in 0..3_000 {
        sleep(Duration::from_millis(100)).await;
        assert!(first.may_write() && !second.may_write());
    }
    assert_eq!(store.lock().unwrap().holder().as_deref(), Some("first"));
}

#[tokio::test(start_paused = true)]
async fn of_two_that_begin_at_the_same_time_one_leads() {
    let store = Shared::default();
    let (first, second) = (Operator::new(&store, "first"), Operator::new(&store, "second"));
    let _running = (first.begin(), second.begin());
    sleep(Duration::from_secs(1)).await;
    assert!(first.may_write() != second.may_write());
}

#[tokio::test(start_paused = true)]
async fn one_that_was_killed_is_followed_within_the_term_and_no_sooner_than_its_term_ends() {
    let store = Shared::default();
    let ([first, second], [killed, _second]) = first_leads(&store).await;
    drop(killed);
    let mut took = Duration::ZERO;
    while !second.may_write() {
        let step = Duration::from_millis(50);
        sleep(step).await;
        took += step;
        assert!(!(first.may_write() && second.may_write()), "two may write after {took:?}");
    }
    assert!(took >= TERM.checked_sub(RETRY).unwrap() && took <= TAKEN_OVER, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_stopped_writes_nothing_more_when_it_goes_on() {
    let store = Shared::default();
    let (first, second) = (Operator::new(&store, "first"), Operator::new(&store, "second"));
    // It stands still: nobody asks this future until it goes on.
    first.candidate.acquire().await;
    let mut keeping = Box::pin(first.candidate.keep());
    assert!(timeout(Duration::from_secs(5), &mut keeping).await.is_err(), "it keeps the lease");
    first.write("before").await.unwrap();
    // In the middle of a write: handed to the client, and not yet on its way.
    let mut underway = Box::pin(first.write("underway"));
    assert!(futures::poll!(&mut underway).is_pending());

    let _second = second.begin();
    let took = until(&second).await;
    assert!(took <= TAKEN_OVER, "{took:?}");
    second.write("second").await.unwrap();

    // It goes on, and does not know yet.
    let refused = "the lease is lost; nothing was written";
    let told = |result: Result<(), String>| result.unwrap_err();
    assert!(told(underway.await).contains(refused));
    assert!(told(first.write("after").await).contains(refused));
    timeout(Duration::from_mins(1), &mut keeping).await.expect("it notices that the lease is lost");
    assert!(told(first.write("later").await).contains(refused));
    assert_eq!(store.lock().unwrap().created, ["before", "second"]);
    assert_eq!(store.lock().unwrap().holder().as_deref(), Some("second"));
    assert!(second.may_write());
}

#[tokio::test(start_paused = true)]
async fn one_that_the_api_server_does_not_answer_stops_before_another_one_may_begin() {
    let store = Shared::default();
    let first = Operator::new(&store, "first");
    let _running = first.begin();
    until(&first).await;
    sleep(Duration::from_mins(1)).await;
    store.lock().unwrap().deaf = true;
    sleep(GIVE_UP).await;
    assert!(!first.may_write());
    store.lock().unwrap().deaf = false;
    let took = until(&first).await;
    assert!(took <= GIVE_UP + 2 * RETRY, "nobody took it: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_given_back_is_taken_at_the_next_look() {
    let store = Shared::default();
    let ([first, second], [stopped, _second]) = first_leads(&store).await;
    drop(stopped);
    first.candidate.release().await.unwrap();
    assert!(!first.may_write());
    assert!(until(&second).await <= RETRY + Duration::from_millis(500));
}

#[tokio::test(start_paused = true)]
async fn a_term_ends_by_the_clock_alone() {
    let term = Term::default();
    assert!(!term.holds(), "nobody leads at first");
    term.renew(Instant::now(), GIVE_UP);
    assert!(term.holds());
    advance(GIVE_UP).await;
    assert!(!term.holds());
    term.renew(Instant::now(), GIVE_UP);
    term.end();
    assert!(!term.holds());
}
