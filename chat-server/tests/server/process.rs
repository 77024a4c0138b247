//! The program as it is started.

use tokio::{process::Command, time::timeout};

use crate::support::{Client, PATIENCE, Process, program, request};

#[tokio::test]
async fn it_tells_where_it_listens_and_ends_well_on_a_signal() {
    for signal in ["-TERM", "-INT"] {
        let mut process = Process::start(&[]);
        let public = process.address("chat").await;
        let private = process.address("metrics").await;
        assert_eq!(request(private, "GET", "/healthz", &[], "").await.status, 200);
        let mut one = Client::guest(public).await;
        process.signal(signal).await;
        assert_eq!(one.closed().await, 4002);
        assert_eq!(process.stdout.next_line().await.unwrap(), None, "two lines and no more");
        assert_eq!(process.exit_code().await, Some(0));
    }
}

#[tokio::test]
async fn a_wrong_value_ends_the_start_with_one_line_that_names_it() {
    for (flags, expected) in [
        (["--max-connections", "0"], "chat-server: max-connections: 0 is too small; the least is 1\n"),
        (["--log", "xml"], "chat-server: log: \"xml\" is none; there are text and json\n"),
        (
            ["--history", "x"],
            "chat-server: invalid value 'x' for '--history <N>': invalid digit found in string\n",
        ),
    ] {
        let output = timeout(PATIENCE, program(&flags).output()).await.unwrap().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), expected);
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn the_environment_beats_the_file_and_a_flag_beats_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("hubbub.toml");
    std::fs::write(&file, "default-room = \"file\"\nname-api = \"http://file.test/\"\nhistory = 5\n")
        .unwrap();
    let flags = ["--config", file.to_str().unwrap(), "--default-room", "flag"];
    let mut command = program(&flags);
    command.env("HUBBUB_DEFAULT_ROOM", "environment").env("HUBBUB_NAME_API", "http://environment.test/");
    let mut process = Process::spawn(command);
    let public = process.address("chat").await;
    let answer = request(public, "GET", "/config.json", &[], "").await.json();
    assert_eq!(answer["defaultRoom"], "flag");
    assert_eq!(answer["nameApi"], "http://environment.test/");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat-server"));
    command.args(["--listen", &address, "--private-listen", "127.0.0.1:0"]);
    let output = timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with(&format!("chat-server: can't listen on {address}: ")), "{error}");
}
