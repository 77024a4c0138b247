//! Scripts, and what they print, byte for byte. To write a new one: put the script into `tests/transcripts/NAME.script`,
//! run it with `hubbub script`, read the output, and keep it as `NAME.expected`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tokio::io::AsyncWriteExt;

use super::{
    server::{Server, hubbub, run, within},
    single_host::SingleHost,
};

/// The file of a script; that of its output has another extension.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(name).with_extension("script")
}

async fn check(name: &str, url: &str) {
    check_with(name, url, &[]).await;
}

/// Runs a script with more arguments, and compares what it prints.
pub(crate) async fn check_with(name: &str, url: &str, more: &[&str]) {
    let script = script(name);
    let expected = fs::read_to_string(script.with_extension("expected")).unwrap();
    let words = ["script", script.to_str().unwrap(), "--server", url, "--timeout=30"];
    let outcome = run(&[&words, more].concat()).await;
    assert_eq!(outcome.stdout, expected, "{name} at {url}: {}", outcome.stderr);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{name} at {url}");
}

macro_rules! transcripts {
    ($($test:ident: $file:literal),+ $(,)?) => {
        $(#[tokio::test]
        async fn $test() {
            let server = Server::start().await;
            check($file, &server.url()).await;
        })+

        const TRANSCRIPTS: &[&str] = &[$($file),+];
    };
}

transcripts! {
    two_users_chat: "two-users-chat",
    a_new_name_is_on_later_messages_and_in_the_list: "rename",
    who_leaves_hears_nothing_more: "leave",
    what_is_refused_is_answered_with_its_code: "errors",
    a_page_of_history_comes_before_what_is_new: "history",
    an_account_is_on_several_devices_and_each_can_be_logged_out: "accounts",
    a_guest_becomes_an_account_and_goes: "guests",
    messages_are_edited_deleted_and_reacted_to_by_who_may: "amendments",
    a_private_room_is_for_who_was_invited: "private-rooms",
    a_room_has_an_owner_whoever_goes: "owners",
    public_rooms_are_listed_and_changed_by_their_owners: "public-rooms",
    the_room_of_two_is_for_nobody_else: "direct-rooms",
    history_is_read_in_pages_both_ways: "pages",
    what_is_read_on_one_device_is_read_on_the_other: "reading",
    who_reads_in_a_room_by_invitation_is_seen_by_the_others: "seen",
}

#[test]
fn every_transcript_is_checked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut scripts: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "script"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    scripts.sort_unstable();
    let mut known = TRANSCRIPTS.to_vec();
    known.sort_unstable();
    assert_eq!(scripts, known);
}

/// Each on servers that know nothing yet, as the output of a script has the offsets of its rooms.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_transcript_is_the_same_on_three_servers_behind_haproxy() {
    let mut host = SingleHost::start(&[]).await;
    for name in TRANSCRIPTS {
        check(name, SingleHost::URL).await;
        host.forget_everything().await;
    }
    host.end().await;
}

#[tokio::test]
async fn an_expectation_that_is_not_met_names_its_line() {
    let server = Server::start().await;
    let url = server.url();
    let mut child = hubbub(&["script", "-", "--server", &url, "--timeout=1"]);
    let mut child = child.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let script = b"login Ada\njoin tea\n\n# nobody says this\nexpect tea Good morning\n";
    child.stdin.take().unwrap().write_all(script).await.unwrap();
    let output = within(child.wait_with_output()).await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "hubbub: script:5: Ada got no message \"Good morning\" in tea within 1 s\n");
}

#[tokio::test]
async fn a_mistake_is_found_before_anything_is_run() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "login Ada\njion tea\n").unwrap();
    let path = file.path().to_str().unwrap();
    let outcome = run(&["script", path, "--server=http://localhost:1"]).await;
    assert_eq!(outcome.code, Some(2));
    assert_eq!(outcome.stderr, format!("hubbub: {path}:2: \"jion\" is no command; did you mean \"join\"?\n"));
    assert_eq!(outcome.stdout, "");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_with_what_to_do() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "login Ada\n").unwrap();
    let outcome = run(&["script", file.path().to_str().unwrap(), "--server=http://127.0.0.1:1"]).await;
    assert_eq!(outcome.code, Some(3));
    assert!(outcome.stderr.starts_with("hubbub: can't reach http://127.0.0.1:1: "), "{}", outcome.stderr);
    assert!(outcome.stderr.ends_with("start a server with `make run`, or name another one with --server\n"));
}
