//! The pure stages on recorded pods: observe's reading of pods, decide, the steps of a drain, status and events.
#![expect(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::num::NonZeroU32;

use hubbub_operator::build::build;
use hubbub_operator::crd::{ChatServer, Owner};
use hubbub_operator::reconcile::apply::{ApplyError, owned};
use hubbub_operator::reconcile::drain::{Step, steps};
use hubbub_operator::reconcile::event::{drained, rebalancing, resized, trouble, turned};
use hubbub_operator::reconcile::hold;
use hubbub_operator::reconcile::observe::{Answer, Server, moment, server};
use hubbub_operator::reconcile::status::{Outcome, Problem, status};
use hubbub_operator::reconcile::tidy::superfluous;
use hubbub_operator::reconcile::{decide, fetch, history};
use hubbub_operator::record::Record;
use hubbub_operator::servers::Figures;
use hubbub_operator::validate::validate;
use hubbub_protocol::metrics::DrainState;
use hubbub_scaling::{Decision, Memory, Move, Observation, Phase, Policy, Readings};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A pod of a running server, changed by `with`.
fn pod(name: &str, with: Value) -> Pod {
    let mut pod = json!({
        "metadata": {
            "name": name,
            "creationTimestamp": at(-600).to_string(),
            "labels": { "hubbub.dev/sessions": "take" },
            "annotations": {},
        },
        "status": {
            "phase": "Running",
            "podIP": "10.1.2.3",
            "conditions": [{ "type": "Ready", "status": "True" }],
        },
    });
    merge(&mut pod, with);
    serde_json::from_value(pod).unwrap()
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(key, value)| merge(into.entry(key).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

fn draining(since: &str) -> Value {
    json!({ "metadata": {
        "labels": { "hubbub.dev/sessions": "drain" },
        "annotations": { "hubbub.dev/draining-since": since },
    } })
}

fn says(pod: &Pod, connections: u32, drain: DrainState) -> Server {
    let figures = Figures { connections, readings: None, engine_up: Some(true), drain: Some(drain) };
    Server { answer: Answer::Figures(figures), ..server(pod, at(0)).unwrap() }
}

#[test]
fn a_pod_that_waits_for_its_start_is_known_to_have_no_connections() {
    let pending = server(&pod("a", json!({ "status": { "phase": "Pending" } })), at(0)).unwrap();
    assert_eq!(pending.answer.connections(), Some(0));
    let running = server(&pod("a", json!({})), at(0)).unwrap();
    assert_eq!(running.answer.connections(), None);
}

#[test]
fn a_server_that_ended_and_waits_for_its_next_start_is_known_to_have_no_connections() {
    let in_state = |state: Value| {
        let status = json!({ "status": { "containerStatuses": [{ "name": "chat-server", "image": "",
            "imageID": "", "ready": false, "restartCount": 3, "state": state }] } });
        server(&pod("a", status), at(0)).unwrap().answer.connections()
    };
    assert_eq!(in_state(json!({ "waiting": { "reason": "CrashLoopBackOff" } })), Some(0));
    assert_eq!(in_state(json!({ "terminated": { "exitCode": 2 } })), Some(0));
    assert_eq!(in_state(json!({ "running": {} })), None);
}

#[test]
fn a_pod_that_ended_for_good_is_none_and_one_that_is_deleted_leaves() {
    assert_eq!(server(&pod("a", json!({ "status": { "phase": "Failed" } })), at(0)), None);
    let deleted = json!({ "metadata": { "deletionTimestamp": at(-1).to_string() } });
    assert_eq!(server(&pod("a", deleted), at(0)).unwrap().phase, Phase::Leaving);
}

#[test]
fn a_drain_goes_on_from_what_the_pod_says() {
    let since = at(-20).to_string();
    let going = server(&pod("a", draining(&since)), at(0)).unwrap();
    assert_eq!(going.phase, Phase::Draining { since: moment(at(-20)) });
    let strange = server(&pod("a", draining("yesterday")), at(0)).unwrap();
    assert_eq!(strange.phase, Phase::Draining { since: moment(at(0)) });
}

fn deployment(replicas: i32) -> Deployment {
    serde_json::from_value(json!({
        "metadata": { "generation": 2 },
        "spec": { "replicas": replicas, "selector": {}, "template": {} },
        "status": { "observedGeneration": 2 },
    }))
    .unwrap()
}

fn recorded(chat_server: &ChatServer, replicas: i32, servers: &[Server]) -> Record {
    let wanted = validate(chat_server).unwrap();
    let objects = build(&wanted).unwrap();
    let template = objects.template().unwrap().to_owned();
    let servers: Vec<Server> =
        servers.iter().map(|server| Server { template: Some(template.clone()), ..server.clone() }).collect();
    let deployment = deployment(replicas);
    decide::decide(&wanted, Some(&template), Some(&deployment), &servers, Memory::default(), at(0)).0
}

fn decided(chat_server: &ChatServer, replicas: i32, servers: &[Server]) -> Decision {
    recorded(chat_server, replicas, servers).decision
}

#[test]
fn scraped_connections_become_a_size() {
    let servers = [says(&pod("a", json!({})), 1_234, DrainState::Serving)];
    let decision = decided(&common::minimal(), 1, &servers);
    assert_eq!((decision.replicas, decision.ask), (3, 3));
    let news = resized(Some(1), &decision).unwrap();
    assert_eq!(news.reason, "ScaledUp");
    assert_eq!(news.note, "from 1 to 3 servers: 1,234 connections need 3 servers at 500 each");
}

#[test]
fn a_victim_is_taken_out_of_the_service_first_and_told_in_the_next_tick() {
    let mut pinned = common::minimal();
    pinned.spec.replicas = Some(1);
    let (a, b) = (pod("a", json!({})), pod("b", json!({})));
    let servers = [says(&a, 9, DrainState::Serving), says(&b, 2, DrainState::Serving)];
    let decision = decided(&pinned, 2, &servers);
    assert_eq!(steps(&decision, &servers, 30, moment(at(0))), [Step::Begin("b".to_owned())]);
    assert_eq!(resized(Some(2), &decision), None);
    assert_eq!(drained(&decision, &["b".to_owned()])[0].note, "emptying b: pinned to 1 server");
    assert!(drained(&decision, &[]).is_empty(), "a pod that could not be marked is not told of");

    let marked = pod("b", draining(&at(-1).to_string()));
    let servers = [says(&a, 9, DrainState::Serving), says(&marked, 2, DrainState::Serving)];
    let decision = decided(&pinned, 2, &servers);
    assert_eq!(steps(&decision, &servers, 30, moment(at(0))), [Step::Drain("b".to_owned(), 30)]);
    assert!(drained(&decision, &["b".to_owned()]).is_empty(), "one event for each move");
}

#[test]
fn a_call_that_was_lost_is_made_again_with_the_time_that_is_left() {
    let late = pod("b", draining(&at(-13).to_string()));
    let servers = [says(&pod("a", json!({})), 400, DrainState::Serving), says(&late, 2, DrainState::Serving)];
    let decision = decided(&common::minimal(), 2, &servers);
    assert_eq!(steps(&decision, &servers, 30, moment(at(0))), [Step::Drain("b".to_owned(), 20)]);
    assert_eq!(steps(&decision, &servers, 30, moment(at(100))), [Step::Drain("b".to_owned(), 5)]);
}

#[test]
fn a_server_that_drains_though_nobody_wants_it_is_told_to_go_on() {
    let servers = [says(&pod("a", json!({})), 400, DrainState::Draining)];
    let decision = decided(&common::minimal(), 1, &servers);
    assert_eq!(steps(&decision, &servers, 30, moment(at(0))), [Step::Cancel("a".to_owned())]);
    let deleted = json!({ "metadata": { "deletionTimestamp": at(-1).to_string() } });
    let servers = [says(&pod("a", deleted), 400, DrainState::Draining)];
    assert!(steps(&decision, &servers, 30, moment(at(0))).is_empty(), "one that is deleted drains by itself");
}

#[test]
fn growth_takes_a_server_back() {
    let b = pod("b", draining(&at(-5).to_string()));
    let servers = [says(&pod("a", json!({})), 700, DrainState::Serving), says(&b, 100, DrainState::Draining)];
    let decision = decided(&common::minimal(), 2, &servers);
    assert_eq!(steps(&decision, &servers, 30, moment(at(0))), [Step::Cancel("b".to_owned())]);
    assert_eq!(drained(&decision, &["b".to_owned()])[0].reason, "DrainCancelled");
}

#[test]
fn nobody_is_told_to_drain_while_the_engine_is_away() {
    let away = |server: Server| match server.answer {
        Answer::Figures(figures) => {
            Server { answer: Answer::Figures(Figures { engine_up: Some(false), ..figures }), ..server }
        }
        _ => server,
    };
    let marked = pod("b", draining(&at(-1).to_string()));
    let servers = [says(&pod("a", json!({})), 9, DrainState::Serving), says(&marked, 2, DrainState::Serving)];
    let mut pinned = common::minimal();
    pinned.spec.replicas = Some(1);
    let decision = decided(&pinned, 2, &servers);
    assert_eq!(steps(&decision, &servers, 30, moment(at(0))).len(), 1);
    let servers = servers.map(away);
    assert!(steps(&decision, &servers, 30, moment(at(0))).is_empty());
}

#[test]
fn a_dry_run_that_begins_in_the_middle_of_a_drain_takes_the_servers_back() {
    let mut dry = common::minimal();
    dry.spec.replicas = Some(1);
    dry.spec.scaling.dry_run = true;
    let b = pod("b", draining(&at(-5).to_string()));
    let servers = [says(&pod("a", json!({})), 70, DrainState::Serving), says(&b, 10, DrainState::Draining)];
    let record = recorded(&dry, 2, &servers);
    let decision = &record.decision;
    assert_eq!(decision.replicas, 1);
    let todo = decide::todo(&record);
    assert_eq!((todo.ask, resized(Some(2), &todo)), (2, None));
    assert_eq!(steps(&todo, &servers, 30, moment(at(0))), [Step::Cancel("b".to_owned())]);
    assert_eq!(drained(&todo, &["b".to_owned()])[0].note, "taking back b: spec.scaling.dryRun is set");
}

#[test]
fn a_dry_run_has_no_moves() {
    let mut dry = common::minimal();
    dry.spec.scaling.dry_run = true;
    let servers = [says(&pod("a", json!({})), 1_234, DrainState::Serving)];
    let record = recorded(&dry, 1, &servers);
    let decision = &record.decision;
    let todo = decide::todo(&record);
    assert_eq!((todo.ask, resized(Some(1), &todo)), (1, None));
    assert!(todo.victims.is_empty() && todo.resume.is_empty());
    let outcome =
        Outcome { servers: &servers, asked: 1, decision: Some(decision), problem: None, rollout: false };
    let status = status(&dry, outcome, at(0));
    assert_eq!(status.desired_replicas, 3);
    assert_eq!(status.reason, "1,234 connections need 3 servers at 500 each (dry run)");
}

fn condition<'a>(status: &'a hubbub_operator::crd::ChatServerStatus, type_: &str) -> (&'a str, &'a str) {
    let condition = status.conditions.iter().find(|condition| condition.type_ == type_).unwrap();
    (&condition.status, &condition.reason)
}

#[test]
fn the_status_tells_who_owns_the_size_and_why_it_is_what_it_is() {
    let mut chat_server = common::full();
    let marked = pod("c", draining(&at(-5).to_string()));
    let servers = [
        says(&pod("a", json!({})), 10, DrainState::Serving),
        says(&pod("b", json!({})), 21, DrainState::Serving),
        says(&marked, 4, DrainState::Draining),
    ];
    chat_server.spec.replicas = Some(2);
    let decision = decided(&chat_server, 3, &servers);
    let outcome =
        Outcome { servers: &servers, asked: 3, decision: Some(&decision), problem: None, rollout: false };
    let now = status(&chat_server, outcome, at(0));
    assert_eq!((now.replicas, now.ready_replicas, now.desired_replicas), (3, 2, 2));
    assert_eq!((now.connections, now.per_pod, now.owner), (Some(35), Some(15), Owner::User));
    assert_eq!(now.reason, "pinned to 2 servers; emptying 1");
    assert_eq!(now.draining, ["c"]);
    assert_eq!(now.observed_generation, Some(4));
    assert_eq!(condition(&now, "Available"), ("True", "ServersReady"));
    assert_eq!(condition(&now, "Progressing"), ("True", "Draining"));
    assert_eq!(condition(&now, "ScalingActive"), ("False", "Pinned"));
    assert_eq!(condition(&now, "RedisHealthy"), ("True", "Answering"));

    // A tick later nothing changed, so there is nothing to write.
    chat_server.status = Some(now.clone());
    assert_eq!(status(&chat_server, outcome, at(1)), now);
}

#[test]
fn why_a_server_does_not_start_is_told() {
    let status_of = |state: Value, last: Value| {
        let container = json!({ "name": "chat-server", "image": "", "imageID": "", "ready": false,
            "restartCount": 0, "state": state, "lastState": last });
        let new = json!({ "status": { "phase": "Pending", "containerStatuses": [container],
            "conditions": [{ "type": "Ready", "status": "False" }] } });
        let servers =
            [says(&pod("a", json!({})), 10, DrainState::Serving), server(&pod("b", new), at(0)).unwrap()];
        let outcome = Outcome { servers: &servers, asked: 2, decision: None, problem: None, rollout: true };
        let now = status(&common::minimal(), outcome, at(0));
        now.conditions.into_iter().find(|condition| condition.type_ == "Progressing").unwrap().message
    };
    let rollout = "servers of an older template are being replaced";
    let pull = json!({ "waiting": { "reason": "ImagePullBackOff", "message": "Back-off pulling image \"chat:9\"" } });
    assert_eq!(
        status_of(pull, json!({})),
        format!("{rollout}; server b waits: ImagePullBackOff: Back-off pulling image \"chat:9\"")
    );
    let crash = json!({ "waiting": { "reason": "CrashLoopBackOff" } });
    let end = json!({ "terminated": { "exitCode": 2, "reason": "Error",
        "message": "starting\nchat-server: redis-url: is needed\n" } });
    assert_eq!(
        status_of(crash, end),
        format!(
            "{rollout}; server b waits: CrashLoopBackOff; it ended with Error (exit code 2): \
            chat-server: redis-url: is needed"
        )
    );
    assert_eq!(status_of(json!({ "waiting": { "reason": "ContainerCreating" } }), json!({})), rollout);
}

#[test]
fn a_server_that_no_node_takes_says_so() {
    let full = json!({ "status": { "phase": "Pending", "conditions": [{ "type": "PodScheduled",
        "status": "False", "reason": "Unschedulable", "message": "0/1 nodes are available" }] } });
    let waiting = server(&pod("a", full), at(0)).unwrap();
    assert_eq!(waiting.trouble.as_deref(), Some("Unschedulable: 0/1 nodes are available"));
}

#[test]
fn a_problem_is_told_in_words_once() {
    let mut chat_server = common::minimal();
    chat_server.spec.scaling.min = 20;
    let words = validate(&chat_server).unwrap_err().to_string();
    let problem = Problem { reason: "InvalidSpec", words };
    let news = trouble(&chat_server, &problem).unwrap();
    assert_eq!((news.severity, news.reason), ("Warning", "InvalidSpec"));
    let outcome = Outcome { servers: &[], asked: 4, decision: None, problem: Some(&problem), rollout: false };
    let now = status(&chat_server, outcome, at(0));
    assert_eq!(now.desired_replicas, 4);
    assert_eq!(now.reason, "spec.scaling: min 20 is greater than max 10");
    assert_eq!(condition(&now, "ScalingActive"), ("False", "InvalidSpec"));
    chat_server.status = Some(now);
    assert_eq!(trouble(&chat_server, &problem), None);
}

#[test]
fn only_configurations_that_no_server_has_are_deleted() {
    let config_map = |name: &str, uid: &str| -> ConfigMap {
        let owner =
            json!({ "apiVersion": "hubbub.dev/v1alpha1", "kind": "ChatServer", "name": "chat", "uid": uid });
        serde_json::from_value(json!({ "metadata": { "name": name, "ownerReferences": [owner] } })).unwrap()
    };
    let mounts = |name: &str, with: Value| {
        let source = json!({ "configMap": { "name": name, "items": [] } });
        let volume = json!({ "name": "hubbub", "projected": { "sources": [source] } });
        let mut spec = json!({ "spec": { "containers": [], "volumes": [volume] } });
        merge(&mut spec, with);
        pod("a", spec)
    };
    let there = ["chat", "chat-old", "chat-gone", "chat-going", "chat-new"];
    let mut there: Vec<ConfigMap> = there.map(|name| config_map(name, "mine")).into();
    there.push(config_map("chat-other", "another"));
    let deleted = json!({ "metadata": { "deletionTimestamp": at(-1).to_string() } });
    let pods = [mounts("chat-old", json!({})), mounts("chat-going", deleted)];
    assert_eq!(superfluous(&there, "mine", "chat-new", &pods), ["chat", "chat-gone"]);
}

#[test]
fn what_belongs_to_somebody_else_is_named() {
    let taken = ApplyError::Foreign { kind: "Service", name: "chat".to_owned() };
    let problem = taken.problem().unwrap();
    assert_eq!(problem.reason, "NameTaken");
    assert_eq!(
        problem.words,
        "a Service \"chat\" is there already and does not belong to this ChatServer; rename one of them"
    );
}

#[test]
fn only_an_owner_reference_with_the_uid_makes_an_object_ours() {
    let owned_by = |uid: Option<&str>| {
        let owner = |uid| json!({ "apiVersion": "v1", "kind": "ChatServer", "name": "chat", "uid": uid });
        let owners: Vec<Value> = uid.into_iter().map(owner).collect();
        let object: ConfigMap =
            serde_json::from_value(json!({ "metadata": { "ownerReferences": owners } })).unwrap();
        owned(&object.metadata, "mine")
    };
    assert!(owned_by(Some("mine")));
    assert!(!owned_by(Some("the one before")));
    assert!(!owned_by(None));
}

#[test]
fn the_name_of_somebody_elses_deployment_says_what_to_do() {
    let said = fetch::FetchError::Foreign("chat".to_owned()).to_string();
    assert!(said.contains("rename one of them"), "{said}");
}

/// A decision of somebody who pinned the size while so many servers were asked for.
fn pinned(to: u32, asked: u32) -> Record {
    let policy = Policy { pinned: Some(to), ..Policy::default() };
    let seen = Observation { asked: Some(asked), pods: Vec::new(), rollout: false, engine_healthy: true };
    Record::make(policy, seen, Memory::default(), moment(at(0))).0
}

#[test]
fn the_last_ten_decisions_are_told_with_what_they_were_made_on() {
    let mut decisions = Vec::new();
    for to in 1..=12 {
        decisions = history::append(decisions, &pinned(to, to - 1), at(to.into()));
        // A second later nothing else is decided.
        decisions = history::append(decisions, &pinned(to, to), at(i64::from(to) + 1));
    }
    let told: Vec<(i32, i32)> = decisions.iter().map(|decision| (decision.from, decision.to)).collect();
    assert_eq!(told, (3..=12).map(|to| (to - 1, to)).collect::<Vec<_>>());
    let last = decisions.last().unwrap();
    assert_eq!((last.time.0, last.owner, last.dry_run), (at(12), Owner::User, false));
    assert_eq!(last.reason, "pinned to 12 servers");
}

#[test]
fn a_decision_tells_the_figures_that_it_saw() {
    let silent = server(&pod("c", json!({})), at(0)).unwrap();
    let marked = pod("d", draining(&at(-5).to_string()));
    let busy = |name: &str, connections: u32, readings: Readings| {
        let mut server = says(&pod(name, json!({})), connections, DrainState::Serving);
        if let Answer::Figures(figures) = &mut server.answer {
            figures.readings = Some(readings);
        }
        server
    };
    let readings = |send_queue_bytes, event_loop_lag_micros, accepts_per_second| Readings {
        send_queue_bytes,
        event_loop_lag_micros,
        accepts_per_second,
        refused: 0,
        put_off: 0,
    };
    let servers = [
        busy("a", 1_000, readings(100, 3_000, 4)),
        busy("b", 650, readings(50, 9_000, 1)),
        silent,
        says(&marked, 4, DrainState::Draining),
    ];
    let mut chat_server = common::minimal();
    chat_server.spec.scaling.max = 3;
    let wanted = validate(&chat_server).unwrap();
    let (record, _) = decide::decide(&wanted, None, Some(&deployment(4)), &servers, Memory::default(), at(0));
    let decisions = history::append(Vec::new(), &record, at(0));
    let told = serde_json::to_value(&decisions[0]).unwrap();
    assert_eq!(
        told,
        json!({
            "time": at(0).to_string(), "from": 3, "to": 3, "owner": "Operator", "limitedBy": "AtMaximum",
            "reason": "1,654 connections need 4 servers at 500 each; the maximum is 3",
            "saw": { "connections": 1_654, "sendQueueBytes": 150, "eventLoopLagMicros": 9_000, "acceptsPerSecond": 5,
                "ready": 3, "silent": 1, "draining": 1, "targetConnections": 500,
                "redisHealthy": true, "rollingOut": false },
        })
    );
}

#[test]
fn connections_that_come_and_go_are_no_news_but_another_size_is() {
    let decided_on = |connections: u32| {
        let servers = [says(&pod("a", json!({})), connections, DrainState::Serving)];
        let wanted = validate(&common::minimal()).unwrap();
        decide::decide(&wanted, None, Some(&deployment(1)), &servers, Memory::default(), at(0)).0
    };
    let first = decided_on(100);
    assert!(first.is_news(None));
    assert!(!decided_on(200).is_news(Some(&first.decision)));
    assert!(decided_on(600).is_news(Some(&first.decision)));
}

#[test]
fn rounds_of_moves_that_follow_each_other_are_one_event() {
    let moves = [Move { from: "a".to_owned(), connections: 240 }];
    let first = rebalancing(&moves, None, at(0)).unwrap();
    assert_eq!(first.reason, "Rebalancing");
    assert_eq!(
        first.note,
        "moving connections to servers that have fewer, beginning with 240 of a, until none has more than 1.1 of the \
        average"
    );
    assert_eq!(rebalancing(&moves, Some(at(0)), at(12)), None);
    assert!(rebalancing(&moves, Some(at(0)), at(60)).is_some());
}

/// A ready server of this template with so many sessions.
fn of(template: &str, name: &str, connections: u32) -> Server {
    let server = says(&pod(name, json!({})), connections, DrainState::Serving);
    Server { template: Some(template.to_owned()), ..server }
}

fn rolled(servers: &[Server]) -> Vec<Step> {
    hold::steps(servers, Some("new"), NonZeroU32::new(500).unwrap(), &[])
}

#[test]
fn old_servers_get_no_more_sessions_as_soon_as_a_new_one_takes_them() {
    let (first, second) = (of("old", "a", 400), of("old", "b", 300));
    let starting = Server { ready: false, ..of("new", "c", 0) };
    assert_eq!(rolled(&[first.clone(), second.clone(), starting]), []);
    let both = ["a", "b"].map(|name| Step::Hold(name.to_owned()));
    let new = of("new", "c", 0);
    assert_eq!(rolled(&[first.clone(), second.clone(), new.clone()]), both);
    let held = Server { held: true, ..first };
    assert_eq!(rolled(&[held, second, new]), both[1..]);
}

#[test]
fn what_the_pod_says_is_whether_it_is_held() {
    let held = pod("a", json!({ "metadata": { "labels": { "hubbub.dev/sessions": "hold" } } }));
    let held = server(&held, at(0)).unwrap();
    assert_eq!((held.held, held.phase), (true, Phase::Serving));
    assert!(!server(&pod("a", json!({})), at(0)).unwrap().held);
}

#[test]
fn old_servers_get_sessions_again_when_new_ones_can_not_take_them() {
    let held = Server { held: true, ..of("old", "a", 400) };
    let release = [Step::Release("a".to_owned())];
    let unready = Server { ready: false, ..of("new", "b", 100) };
    assert_eq!(rolled(&[held.clone(), unready]), release, "none is ready");
    assert_eq!(rolled(&[held.clone(), of("new", "b", 749)]), []);
    assert_eq!(rolled(&[held.clone(), of("new", "b", 750)]), release, "far more than the target");
    let open = of("old", "a", 400);
    assert_eq!(rolled(&[open, of("new", "b", 500)]), [], "they are not held again at once");
    let undone = Server { template: Some("new".to_owned()), ..held };
    assert_eq!(rolled(&[undone]), release);
}

#[test]
fn who_has_more_than_others_is_held_as_long_as_it_is_decided_and_another_one_takes_sessions() {
    let other = Server { takes: true, ..of("new", "b", 0) };
    let steps = |server: &Server, other: &Server, decided: &[&str]| {
        let decided: Vec<String> = decided.iter().map(|name| (*name).to_owned()).collect();
        let servers = [server.clone(), other.clone()];
        hold::steps(&servers, Some("new"), NonZeroU32::new(500).unwrap(), &decided)
    };
    let open = Server { takes: true, ..of("new", "a", 640) };
    let held = Server { held: true, takes: false, ..open.clone() };
    let (hold_it, release_it) = ([Step::Hold("a".to_owned())], [Step::Release("a".to_owned())]);
    assert_eq!(steps(&open, &other, &["a"]), hold_it);
    assert_eq!(steps(&held, &other, &["a"]), []);
    assert_eq!(steps(&open, &other, &[]), []);
    assert_eq!(steps(&held, &other, &[]), release_it);
    for alone in [Server { takes: false, ..other.clone() }, Server { ready: false, ..other.clone() }] {
        assert_eq!(steps(&open, &alone, &["a"]), []);
        assert_eq!(steps(&held, &alone, &["a"]), release_it);
    }
}

#[test]
fn what_begins_and_ends_is_told_once_and_what_stays_is_not() {
    let with_redis = |engine_up: bool, connections: u32, before: &ChatServer| {
        let mut seen = says(&pod("a", json!({})), connections, DrainState::Serving);
        if let Answer::Figures(figures) = &mut seen.answer {
            figures.engine_up = Some(engine_up);
        }
        let servers = [seen];
        let decision = decided(before, 1, &servers);
        let outcome =
            Outcome { servers: &servers, asked: 1, decision: Some(&decision), problem: None, rollout: false };
        status(before, outcome, at(0))
    };
    let mut chat_server = common::minimal();
    chat_server.spec.scaling.max = 2;
    let mut told = |engine_up: bool, connections: u32| {
        let after = with_redis(engine_up, connections, &chat_server);
        let news = turned(chat_server.status.as_ref(), &after);
        chat_server.status = Some(after);
        news.into_iter().map(|news| news.reason).collect::<Vec<_>>()
    };
    assert!(told(true, 100).is_empty(), "all is well at first");
    assert_eq!(told(false, 100), ["RedisAway"]);
    assert!(told(false, 120).is_empty());
    assert_eq!(told(true, 120), ["RedisBack"]);
    assert_eq!(told(true, 2_000), ["AtMaximum"]);
    assert!(told(true, 2_100).is_empty());
}
