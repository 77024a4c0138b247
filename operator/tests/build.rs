//! Recorded ChatServers through the real validation and the real build: what is applied can be read in
//! `fixtures/*.objects.yaml`. `UPDATE_FIXTURES=1 cargo test -p hubbub-operator --test build` writes them anew.
#![expect(clippy::unwrap_used, reason = "a test may")]

mod common;

use std::path::Path;

use hubbub_operator::build::{Objects, build};
use hubbub_operator::crd::ChatServer;
use hubbub_operator::validate::validate;

fn objects(chat_server: &ChatServer) -> Objects {
    build(&validate(chat_server).unwrap()).unwrap()
}

fn check(name: &str, chat_server: &ChatServer, replicas: u32) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.objects.yaml"));
    let built = serde_saphyr::to_string(&objects(chat_server).ask_for(replicas)).unwrap();
    let built = format!("{}\n", built.trim_end());
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        std::fs::write(&path, &built).unwrap();
    }
    let recorded = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(recorded == built, "{} differs from what is built now:\n{built}", path.display());
}

#[test]
fn a_minimal_chat_server_gives_the_recorded_objects() {
    check("minimal", &common::minimal(), 1);
}

#[test]
fn a_full_chat_server_gives_the_recorded_objects() {
    check("full", &common::full(), 3);
}

#[test]
fn a_changed_setting_changes_the_template_so_that_the_servers_roll() {
    let before = common::minimal();
    let mut after = before.clone();
    after.spec.server.history = Some(50);
    assert_ne!(objects(&before).template(), objects(&after).template());
}

#[test]
fn servers_keep_the_configuration_of_their_template() {
    let before = common::minimal();
    let mut after = before.clone();
    after.spec.redis.url = "redis://elsewhere:6379/0".to_owned();
    let (old, new) = (objects(&before).config_map, objects(&after).config_map);
    assert_ne!(old.metadata.name, new.metadata.name);
    assert_eq!((old.immutable, new.immutable), (Some(true), Some(true)));
    let template = serde_json::to_string(&objects(&after).deployment).unwrap();
    assert!(template.contains(&new.metadata.name.unwrap()));
    assert!(!template.contains(&old.metadata.name.unwrap()));
}

#[test]
fn a_changed_size_or_scaling_rule_leaves_the_template_as_it_is() {
    let before = common::minimal();
    let mut after = before.clone();
    after.spec.replicas = Some(7);
    after.spec.scaling.target_connections = 9;
    after.spec.ingress = common::full().spec.ingress;
    assert_eq!(objects(&before).template(), objects(&after).ask_for(7).template());
}

#[test]
fn the_fingerprint_changes_with_the_size() {
    let objects = objects(&common::minimal());
    let (one, two) = (objects.clone().ask_for(1), objects.ask_for(2));
    assert_ne!(one.fingerprint().unwrap(), two.fingerprint().unwrap());
    assert_eq!(one.fingerprint().unwrap(), one.clone().fingerprint().unwrap());
}

#[test]
fn a_pod_that_is_being_emptied_leaves_the_service_but_not_the_deployment() {
    let objects = objects(&common::minimal());
    let service = objects.service.spec.unwrap().selector.unwrap();
    let deployment = objects.deployment.spec.unwrap();
    let selector = deployment.selector.match_labels.unwrap();
    let pod = deployment.template.metadata.unwrap().labels.unwrap();
    assert_eq!(service.get("hubbub.dev/sessions").unwrap(), "take");
    assert!(!selector.contains_key("hubbub.dev/sessions"));
    assert!(service.iter().chain(&selector).all(|(key, value)| pod.get(key) == Some(value)));
}

#[test]
fn everything_goes_with_the_chat_server() {
    let objects = serde_json::to_value(objects(&common::full())).unwrap();
    for (kind, object) in objects.as_object().unwrap() {
        let owner = &object["metadata"]["ownerReferences"][0];
        assert_eq!(owner["kind"], "ChatServer", "{kind}");
        assert_eq!(owner["uid"], "7c9e6679-7425-40de-944b-e07fc1f90ae7", "{kind}");
        assert_eq!(owner["controller"], true, "{kind}");
    }
}
