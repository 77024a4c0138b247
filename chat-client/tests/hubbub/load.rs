use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{
    faulty::{Fault, FaultyServer},
    proxy::Proxy,
    server::{Server, hubbub, run, url, within},
};

/// Runs `hubbub load --json`; gives its report and its exit code.
async fn load(url: &str, flags: &str) -> (Value, Option<i32>) {
    let words: Vec<_> = ["load", "--json", "--server", url].into_iter().chain(flags.split(' ')).collect();
    let outcome = run(&words).await;
    let report = serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("{}", outcome.stderr));
    (report, outcome.code)
}

pub(crate) fn number(report: &Value, field: &str) -> u64 {
    report[field].as_u64().unwrap_or_else(|| panic!("{field} in {report:#}"))
}

pub(crate) fn broken(report: &Value) -> [u64; 4] {
    ["lost", "duplicated", "misordered", "unacknowledged"].map(|field| number(report, field))
}

#[tokio::test]
async fn every_message_reaches_every_member_of_its_room() {
    let server = Server::start().await;
    let (report, code) = load(&server.url(), "--connections=20 --rooms=4 --rate=200 --duration=1").await;
    assert_eq!(broken(&report), [0; 4], "{report:#}");
    assert_eq!(code, Some(0));
    let sent = number(&report, "sent");
    assert!(sent >= 200, "{report:#}");
    assert_eq!(number(&report, "acknowledged"), sent);
    assert_eq!(number(&report, "delivered"), sent * 5, "five members a room");
    assert_eq!(number(&report["deliveryMs"], "count"), sent * 5);
    assert_eq!(report["errors"], serde_json::json!({}));
}

#[tokio::test]
async fn a_client_that_stays_sends_each_100_ms_and_sees_its_own_messages_once() {
    let server = Server::start().await;
    let flags = "--connections=1 --rate=10 --duration=1 --room=tea";
    let (report, code) = load(&server.url(), flags).await;
    assert_eq!((broken(&report), code), ([0; 4], Some(0)), "{report:#}");
    assert!(number(&report, "sent") >= 10, "{report:#}");
    assert_eq!(number(&report, "delivered"), number(&report, "sent"));
}

#[tokio::test]
async fn connections_that_are_cut_resume_and_lose_nothing() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let url = url(proxy.address);
    let words = ["load", "--json", "--server", &url, "--connections=10", "--rate=100", "--hold"];
    let mut child = hubbub(&words).spawn().unwrap();
    wait_for_stage(&mut child, "sending").await;
    proxy.cut();
    // All ten are there again when each of them went through the proxy once more.
    stop_when(&server, 20, &child).await;
    let output = within(child.wait_with_output()).await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((broken(&report), output.status.code()), ([0; 4], Some(0)), "{report:#}");
    assert_eq!((number(&report, "reconnects"), number(&report, "cut")), (10, 10));
    assert!(report["longestGapMs"].as_f64().unwrap() > 0.0, "{report:#}");
}

#[tokio::test]
async fn sessions_that_are_sent_away_come_back_and_lose_nothing() {
    let server = Server::start().await;
    let url = server.url();
    let words = ["load", "--json", "--server", &url, "--connections=10", "--rate=100", "--hold"];
    let mut child = hubbub(&words).spawn().unwrap();
    wait_for_stage(&mut child, "sending").await;
    server.shed(10).await;
    stop_when(&server, 20, &child).await;
    let output = within(child.wait_with_output()).await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((broken(&report), output.status.code()), ([0; 4], Some(0)), "{report:#}");
    assert_eq!(number(&report, "reconnects"), 10);
    // A machine that stands still has the server close some.
    assert!(number(&report, "cut") < 10, "{report:#}");
}

#[tokio::test]
async fn ctrl_c_ends_a_run_early_and_its_report_is_printed() {
    let server = Server::start().await;
    let words = ["load", "--json", "--server", &server.url(), "--connections=5", "--rate=0", "--hold"];
    let mut child = hubbub(&words).spawn().unwrap();
    wait_for_stage(&mut child, "sending with 5 connections").await;
    interrupt(&child);
    let output = within(child.wait_with_output()).await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((number(&report, "joined"), number(&report, "sent")), (5, 0));
    assert_eq!(output.status.code(), Some(0));
}

#[tokio::test]
async fn a_server_that_is_full_is_counted_and_asked_again() {
    let server = Server::start_with(&["--max-connections=3"]).await;
    let words = ["load", "--json", "--server", &server.url(), "--connections=4", "--rate=0", "--hold"];
    let mut child = hubbub(&words).spawn().unwrap();
    wait_for_stage(&mut child, "joining").await;
    // The second time, the first was answered and waited for.
    metric_reaches(&server, "hubbub_refused_total{reason=\"full\"}", 2).await;
    interrupt(&child);
    let output = within(child.wait_with_output()).await.unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(number(&report, "refused") >= 1, "{report:#}");
    assert_eq!(number(&report, "joined"), 3);
}

#[tokio::test]
async fn the_report_has_the_fields_that_the_manual_shows() {
    let server = Server::start().await;
    let (report, _) = load(&server.url(), "--connections=1 --rate=1 --duration=0").await;
    let manual = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md")).unwrap();
    let example = manual.split("```json").nth(1).unwrap().split("```").next().unwrap();
    let shown: Value = serde_json::from_str(example).unwrap();
    assert_eq!(fields(&report), fields(&shown));
    for latency in ["deliveryMs", "acknowledgementMs"] {
        assert_eq!(fields(&report[latency]), fields(&shown[latency]));
    }
}

fn fields(object: &Value) -> Vec<&String> {
    object.as_object().unwrap().keys().collect()
}

const AGAINST_A_FAULTY_SERVER: &str = "--connections=3 --senders=1 --rate=100 --duration=1 --room=tea";

async fn faulty(fault: Fault) -> ([u64; 3], Value) {
    let server = FaultyServer::start(fault).await;
    let (report, code) = load(&url(server.address), AGAINST_A_FAULTY_SERVER).await;
    let found = ["lost", "duplicated", "misordered"].map(|field| number(&report, field));
    assert_eq!(code, Some(i32::from(fault != Fault::None)), "{report:#}");
    (found, report)
}

/// How many of the messages had something done to them.
fn tenth(report: &Value) -> u64 {
    number(report, "sent") / 10
}

#[tokio::test]
async fn a_server_without_a_fault_is_not_accused() {
    let (found, _) = faulty(Fault::None).await;
    assert_eq!(found, [0, 0, 0]);
}

#[tokio::test]
async fn messages_that_reach_nobody_are_lost_for_each_member() {
    let (found, report) = faulty(Fault::Loses).await;
    assert_eq!(found, [3 * tenth(&report), 0, 0], "{report:#}");
}

#[tokio::test]
async fn messages_whose_place_another_one_takes_are_noticed() {
    let ([_, _, misordered], report) = faulty(Fault::LosesAndRenumbers).await;
    assert!(misordered >= tenth(&report), "{report:#}");
}

#[tokio::test]
async fn messages_that_come_twice_are_duplicated_for_each_member() {
    let (found, report) = faulty(Fault::Repeats).await;
    assert_eq!(found, [0, 3 * tenth(&report), 0], "{report:#}");
}

#[tokio::test]
async fn messages_that_are_stored_twice_are_duplicated_for_each_member() {
    let (found, report) = faulty(Fault::StoresTwice).await;
    assert_eq!(found, [0, 3 * tenth(&report), 0], "{report:#}");
}

#[tokio::test]
async fn messages_that_come_late_are_misordered_for_each_member() {
    let (found, report) = faulty(Fault::Swaps).await;
    assert!(found[2] >= 3 * (tenth(&report) - 1), "{report:#}");
    assert_eq!(found[1], 0, "{report:#}");
}

#[tokio::test]
async fn messages_that_are_stored_in_another_order_than_sent_are_misordered() {
    let (found, report) = faulty(Fault::Reorders).await;
    assert!(found[2] >= tenth(&report) - 1, "{report:#}");
}

#[tokio::test]
async fn a_host_that_is_not_this_machine_is_not_loaded_without_a_word() {
    let outcome = run(&["load", "--server=http://192.0.2.1:8080"]).await;
    assert_eq!(outcome.code, Some(2));
    assert_eq!(
        outcome.stderr,
        "hubbub: http://192.0.2.1:8080 is at 192.0.2.1:8080, which is not this machine; if you may load that host, \
         add --i-may-load-this-host\n"
    );
}

#[tokio::test]
async fn a_host_name_is_reached_at_the_address_that_resolve_gives() {
    let server = Server::start().await;
    let port = server.address().port();
    let flags = format!("--resolve=chat.local:{port}:127.0.0.1 --connections=2 --rate=10 --duration=1");
    let (report, code) = load(&format!("http://chat.local:{port}"), &flags).await;
    assert_eq!((number(&report, "joined"), code), (2, Some(0)), "{report:#}");
}

/// Reads what the command says about its stages.
pub(crate) async fn wait_for_stage(child: &mut tokio::process::Child, stage: &str) {
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    while let Some(line) = within(lines.next_line()).await.unwrap() {
        if line.starts_with(stage) {
            return;
        }
    }
    panic!("{stage} never began");
}

pub(crate) fn interrupt(child: &tokio::process::Child) {
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

/// Ctrl-C, when the server took so many sessions in all.
async fn stop_when(server: &Server, accepted: u64, child: &tokio::process::Child) {
    metric_reaches(server, "hubbub_accepted_total", accepted).await;
    interrupt(child);
}

async fn metric_reaches(server: &Server, name: &str, least: u64) {
    let reached = async {
        loop {
            let metrics = server.metrics().await;
            let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
            if value.is_some_and(|value| value >= least) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    within(reached).await;
}
