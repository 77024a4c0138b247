//! What is wrong is told in words that say what to change.
#![expect(clippy::unwrap_used, reason = "a test may")]

mod common;

use hubbub_operator::crd::{AuthSpec, ChatServer};
use hubbub_operator::validate::validate;
use hubbub_scaling::Policy;

/// What is said when this is changed.
fn complaint(change: impl FnOnce(&mut ChatServer)) -> String {
    let mut chat_server = common::full();
    change(&mut chat_server);
    validate(&chat_server).unwrap_err().to_string()
}

#[test]
fn what_a_user_can_write_is_valid() {
    let wanted = validate(&common::full()).unwrap();
    assert_eq!(wanted.policy.pinned, Some(3));
    assert_eq!(wanted.policy.target.get(), 2_000);
    assert_eq!(wanted.policy.drain_deadline.as_secs(), 70);
    assert_eq!((wanted.policy.drain.as_secs(), wanted.policy.intake.places), (60, 5_000));
    let behavior = &wanted.policy.behavior;
    assert_eq!((behavior.up.policies.len(), behavior.down.stabilization.as_secs()), (2, 600));
    assert_eq!(wanted.policy.rebalance.unwrap().per_second.get(), 20);
    let minimal = validate(&common::minimal()).unwrap();
    assert_eq!(minimal.policy.rebalance, Policy::default().rebalance);
}

#[test]
fn a_minimum_above_the_maximum_is_refused() {
    let said = complaint(|chat| chat.spec.scaling.min = 30);
    assert_eq!(said, "spec.scaling: min 30 is greater than max 20");
}

#[test]
fn a_target_of_zero_is_refused() {
    let said = complaint(|chat| chat.spec.scaling.target_connections = 0);
    assert_eq!(said, "spec.scaling.targetConnections is 0, but has to be from 1 to 2147483647");
}

#[test]
fn sizes_and_times_that_can_not_be_are_refused() {
    assert!(complaint(|chat| chat.spec.replicas = Some(-1)).starts_with("spec.replicas is -1"));
    assert!(complaint(|chat| chat.spec.scaling.min = 0).starts_with("spec.scaling.min is 0"));
    let said = complaint(|chat| chat.spec.scaling.schedules[0].time_zone = "Berlin".to_owned());
    assert_eq!(said, "spec.scaling: \"Berlin\" is no time zone such as Europe/Berlin");
    let said = complaint(|chat| chat.spec.scaling.behavior.scale_up.policies[0].period_seconds = 1_801);
    assert!(said.starts_with("spec.scaling.behavior.*.policies.periodSeconds is 1801"));
    let said = complaint(|chat| chat.spec.scaling.rebalance.reconnects_per_second = 0);
    assert_eq!(said, "spec.scaling.rebalance.reconnectsPerSecond is 0, but has to be from 1 to 10000");
    assert!(complaint(|chat| chat.spec.drain.seconds = 0).starts_with("spec.drain.seconds is 0"));
    assert!(complaint(|chat| chat.spec.scaling.tolerance = f64::NAN).contains("tolerance NaN"));
    assert!(
        complaint(|chat| chat.spec.server.queue_bytes = Some(0)).starts_with("spec.server.queueBytes is 0")
    );
}

#[test]
fn what_the_chat_server_would_not_start_with_is_refused() {
    let said = complaint(|chat| chat.spec.server.queue_bytes = Some(65_535));
    assert!(said.starts_with("spec.server.queueBytes is 65535, but has to be from 65536 to "), "{said}");
    let said = complaint(|chat| chat.spec.server.history = Some(100_001));
    assert_eq!(said, "spec.server.history is 100001, but has to be from 1 to 100000");
    let said = complaint(|chat| chat.spec.scaling.signals.event_loop_lag_milliseconds = Some(10_001));
    assert_eq!(said, "spec.scaling.signals.eventLoopLagMilliseconds is 10001, but has to be from 1 to 10000");
    let said = complaint(|chat| chat.spec.scaling.signals.send_queue_bytes = Some(0));
    assert_eq!(said, "spec.scaling.signals.sendQueueBytes is 0, but has to be from 1 to 2147483647");
    let said = complaint(|chat| chat.spec.scaling.signals.accepts_per_second = Some(-5));
    assert_eq!(said, "spec.scaling.signals.acceptsPerSecond is -5, but has to be from 1 to 100000");
    let said = complaint(|chat| chat.spec.server.history_seconds = Some(-1));
    assert_eq!(said, "spec.server.historySeconds is -1, but has to be from 0 to 315360000");
    let auth = |issuer: &str, keys: &str| AuthSpec {
        issuer: issuer.to_owned(),
        audience: "chat".to_owned(),
        jwks_url: keys.to_owned(),
        guests: false,
    };
    let said = complaint(|chat| chat.spec.server.auth = Some(auth("a b", "https://login.example/keys")));
    assert_eq!(said, "spec.server.auth.issuer \"a b\" is empty or has blanks in it");
    let said = complaint(|chat| chat.spec.server.auth = Some(auth("https://login.example", "keys.json")));
    assert!(said.starts_with("spec.server.auth.jwksUrl \"keys.json\""), "{said}");
    for origin in ["https://chat.example/page", "https://chat.example?a", "https://me@chat.example"] {
        let said = complaint(|chat| chat.spec.server.allowed_origins = vec![origin.to_owned()]);
        assert!(said.starts_with("spec.server.allowedOrigins"), "{said}");
    }
    let said = complaint(|chat| chat.spec.server.trusted_proxies = Some(vec!["10.0.0.0/33".to_owned()]));
    assert_eq!(said, "spec.server.trustedProxies \"10.0.0.0/33\" is no network such as 10.0.0.0/8");
    let said = complaint(|chat| _ = chat.spec.server.rates.insert("joins".to_owned(), "fast".to_owned()));
    assert!(said.starts_with("spec.server.rates: joins: \"fast\" is no rate"), "{said}");
    let said = complaint(|chat| _ = chat.spec.server.rates.insert("jokes".to_owned(), "1/s".to_owned()));
    assert!(said.starts_with("spec.server.rates: there is no rate \"jokes\""), "{said}");
}

#[test]
fn servers_that_are_full_before_another_one_is_added_are_refused() {
    let with = |most: Option<i32>, target: i32| {
        let mut chat_server = common::minimal();
        chat_server.spec.server.max_connections = most;
        chat_server.spec.scaling.target_connections = target;
        validate(&chat_server).map(|_| ()).map_err(|invalid| invalid.to_string())
    };
    // 500 and a tenth are 550, and 9,090 and a tenth just below 10,000.
    assert_eq!(with(Some(551), 500), Ok(()));
    assert_eq!(with(None, 9_090), Ok(()));
    let said = with(Some(550), 500).unwrap_err();
    assert!(said.starts_with("spec.server.maxConnections is 550, but has to be more than 550: "), "{said}");
    let said = with(None, 9_091).unwrap_err();
    assert!(
        said.starts_with("spec.server.maxConnections is 10000, but has to be more than 10000: "),
        "{said}"
    );
}

#[test]
fn a_redis_url_says_what_is_wrong_with_it_and_keeps_the_password() {
    for (url, wrong) in [
        ("http://redis:6379", "does not begin with redis://"),
        ("redis://", "is not a URL"),
        ("redis://host:99999/0", "has a port that does not exist"),
        ("redis://host:0", "has a port that does not exist"),
        ("redis://host/zero", "ends in a database that is not a number"),
        ("redis", "does not begin with redis://"),
        ("redis-ring://redis", "does not begin with redis://"),
        ("redis://a,b", "names several hosts"),
        ("redis-cluster://a:7001,b:0/", "has a port that does not exist"),
        ("redis-cluster://a:7001,b:7002/1", "names a database, and a Cluster has none"),
        ("redis-sentinel://a,b,c/", "does not name the master"),
    ] {
        let said = complaint(|chat| url.clone_into(&mut chat.spec.redis.url));
        assert!(said.contains(wrong), "{url}: {said}");
    }
    let said = complaint(|chat| "redis://me:hush@host:99999".clone_into(&mut chat.spec.redis.url));
    assert!(said.contains("redis://***@host:99999") && !said.contains("hush"), "{said}");
}

#[test]
fn redis_urls_that_are_in_use_are_valid() {
    for url in [
        "redis://redis:6379/0",
        "rediss://u:p@r.example:6380/15",
        "redis://10.0.0.1",
        "redis://[::1]:6379",
        "redis-cluster://:p@a:7001,b:7002,[::1]:7003/",
        "rediss-sentinel://a:26379,b,c/chat?sentinel-auth=:hush",
    ] {
        let mut chat_server = common::minimal();
        url.clone_into(&mut chat_server.spec.redis.url);
        assert!(validate(&chat_server).is_ok(), "{url}: {:?}", validate(&chat_server));
    }
}

#[test]
fn texts_that_lead_nowhere_are_refused() {
    assert!(complaint(|chat| chat.spec.image = String::new()).starts_with("spec.image"));
    assert!(
        complaint(|chat| chat.spec.server.default_room = Some("a room".to_owned())).contains("defaultRoom")
    );
    let said = complaint(|chat| chat.spec.server.allowed_origins = vec!["a.example".to_owned()]);
    assert_eq!(said, "spec.server.allowedOrigins \"a.example\" is not a URL such as https://chat.example");
}

#[test]
fn rebalancing_can_be_switched_off() {
    let mut chat_server = common::full();
    chat_server.spec.scaling.rebalance.enabled = false;
    assert_eq!(validate(&chat_server).unwrap().policy.rebalance, None);
}

#[test]
fn what_servers_let_in_bounds_the_drains_of_others() {
    let per_second = |rate: Option<&str>| {
        let mut chat_server = common::minimal();
        let rates = rate.map(|rate| ("admissions".to_owned(), rate.to_owned()));
        chat_server.spec.server.rates = rates.into_iter().collect();
        validate(&chat_server).unwrap().policy.intake.per_second
    };
    assert_eq!(per_second(None), Policy::default().intake.per_second);
    assert_eq!((per_second(Some("40/s+100")), per_second(Some("off"))), (40, u32::MAX));
}
