//! The definition that the chart installs is the one that the code has.

use hubbub_operator::crd::definition;
use serde_json::Value;

#[test]
fn the_chart_has_the_definition_of_this_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../charts/hubbub/crds/chatserver.yaml");
    let recorded = std::fs::read_to_string(path).unwrap();
    assert!(recorded == definition().unwrap(), "{path} is old: run `make generate`");
}

#[test]
fn kubectl_shows_size_connections_owner_and_reason() {
    let definition: Value = serde_saphyr::from_str(&definition().unwrap()).unwrap();
    let version = &definition["spec"]["versions"][0];
    let columns: Vec<&str> = version["additionalPrinterColumns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(columns, ["Desired", "Ready", "Connections", "Per-Pod", "Owner", "Reason", "Age"]);
    assert_eq!(version["subresources"]["scale"]["specReplicasPath"], ".spec.replicas");
    assert_eq!(version["subresources"]["scale"]["labelSelectorPath"], ".status.selector");
}

#[test]
fn the_definition_refuses_what_the_chat_server_would_not_start_with() {
    let definition: Value = serde_saphyr::from_str(&definition().unwrap()).unwrap();
    let spec =
        &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    let server = &spec["server"]["properties"];
    assert_eq!(server["queueBytes"]["minimum"].as_f64(), Some(65_536.0));
    assert_eq!(server["history"]["maximum"].as_f64(), Some(100_000.0));
    assert_eq!(server["historySeconds"]["maximum"].as_f64(), Some(315_360_000.0));
    let needed = serde_json::json!(["audience", "issuer", "jwksUrl"]);
    assert_eq!(server["auth"]["required"], needed);
    assert_eq!(spec["drain"]["properties"]["seconds"]["maximum"].as_f64(), Some(3_600.0));
}

#[test]
fn what_is_not_said_gets_the_values_that_the_documents_name() {
    let definition: Value = serde_saphyr::from_str(&definition().unwrap()).unwrap();
    let spec =
        &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
    assert_eq!(spec["scaling"]["default"]["targetConnections"], 500);
    assert_eq!(spec["scaling"]["default"]["tolerance"], 0.1);
    let rebalance = serde_json::json!({ "enabled": true, "reconnectsPerSecond": 50 });
    assert_eq!(spec["scaling"]["default"]["rebalance"], rebalance);
    assert_eq!(spec["drain"]["default"]["seconds"], 30);
    assert!(spec["replicas"]["default"].is_null());
}
