//! What the operator says of itself.
#![expect(clippy::unwrap_used, reason = "a test may")]

use std::time::Duration;

use hubbub_operator::crd::ChatServerStatus;
use hubbub_operator::record::Record;
use hubbub_operator::telemetry::Telemetry;
use hubbub_scaling::{Memory, Moment, Observation, Policy};
use tokio::time::advance;

fn says(telemetry: &Telemetry, line: &str) -> bool {
    telemetry.text().unwrap().lines().any(|said| said == line)
}

#[tokio::test(start_paused = true)]
async fn an_operator_is_ready_while_the_api_server_answers_it() {
    let telemetry = Telemetry::new().unwrap();
    assert!(!telemetry.is_ready(), "it has not answered yet");
    telemetry.heard();
    assert!(telemetry.is_ready());
    advance(Duration::from_secs(31)).await;
    assert!(!telemetry.is_ready());
    telemetry.heard();
    assert!(telemetry.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_stands_still_is_not_alive() {
    let telemetry = Telemetry::new().unwrap();
    telemetry.beat();
    assert!(telemetry.is_alive());
    advance(Duration::from_mins(1)).await;
    assert!(!telemetry.is_alive());
}

#[test]
fn decisions_count_by_where_the_size_goes() {
    let telemetry = Telemetry::new().unwrap();
    assert!(says(&telemetry, r#"hubbub_operator_decisions_total{direction="up"} 0"#));
    for (pinned, asked) in [(3, 2), (4, 3), (1, 4), (1, 1)] {
        let policy = Policy { pinned: Some(pinned), ..Policy::default() };
        let seen = Observation { asked: Some(asked), pods: Vec::new(), rollout: false, engine_healthy: true };
        telemetry.decided(&Record::make(policy, seen, Memory::default(), Moment::from_secs(0)).0);
    }
    for line in ["{direction=\"up\"} 2", "{direction=\"down\"} 1", "{direction=\"none\"} 1"] {
        assert!(says(&telemetry, &format!("hubbub_operator_decisions_total{line}")), "{line}");
    }
}

#[test]
fn sizes_are_told_of_the_chat_servers_that_there_are_and_by_the_operator_that_acts() {
    let telemetry = Telemetry::new().unwrap();
    let status = ChatServerStatus {
        desired_replicas: 3,
        replicas: 4,
        ready_replicas: 2,
        ..ChatServerStatus::default()
    };
    let told = |name: &str| {
        [("desired", 3), ("current", 4), ("ready", 2)].iter().all(|(figure, value)| {
            let labels = format!(r#"{{chatserver="{name}",namespace="talk"}}"#);
            says(&telemetry, &format!("hubbub_operator_{figure}_replicas{labels} {value}"))
        })
    };
    telemetry.leads(true);
    telemetry.told("talk", "chat", &status);
    telemetry.told("talk", "other", &status);
    assert!(told("chat") && told("other"));
    telemetry.forget("talk", "other");
    assert!(told("chat") && !told("other"));
    telemetry.leads(false);
    assert!(!told("chat"));
    assert!(says(&telemetry, "hubbub_operator_leading 0"));
}
