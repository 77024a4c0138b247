use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{
    proxy::Proxy,
    server::{Server, hubbub, url, within},
};

/// `hubbub chat` with pipes.
struct Chat {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Chat {
    fn start(url: &str, name: &str) -> Self {
        let mut child = hubbub(&["chat", "--server", url, "--room=tea", "--name", name])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { stdin: child.stdin.take(), child, lines }
    }

    async fn types(&mut self, line: &str) {
        self.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Reads up to a line that ends like this.
    async fn shows(&mut self, end: &str) -> String {
        let mut seen = Vec::new();
        while let Some(line) = within(self.lines.next_line()).await.unwrap() {
            if line.ends_with(end) {
                return line;
            }
            seen.push(line);
        }
        panic!("{end:?} was not shown: {seen:#?}");
    }

    async fn ends(mut self) -> Option<i32> {
        drop(self.stdin.take());
        within(self.child.wait()).await.unwrap().code()
    }
}

#[tokio::test]
async fn what_is_said_in_one_terminal_is_shown_in_the_other_with_time_and_name() {
    let server = Server::start().await;
    let mut ada = Chat::start(&server.url(), "Ada");
    ada.shows("* in tea: Ada").await;
    let mut bob = Chat::start(&server.url(), "Bob");
    ada.shows("* Bob came").await;
    bob.types("Good morning").await;
    let line = ada.shows(" Bob: Good morning").await;
    let time = line.split_once(' ').unwrap().0;
    assert!(time.len() == 5 && time.as_bytes()[2] == b':', "{line}");

    bob.types("/name Robert").await;
    ada.shows("* Bob is Robert now").await;
    ada.types("/who").await;
    ada.shows("* in tea: Ada, Robert").await;
    bob.types("/dance").await;
    bob.shows("/register, /login, /help, /quit").await;
    bob.types("/quit").await;
    ada.shows("* Robert left").await;
    assert_eq!(bob.ends().await, Some(0));
    assert_eq!(ada.ends().await, Some(0));
}

#[tokio::test]
async fn what_is_piped_in_is_stored_before_the_command_ends() {
    let server = Server::start().await;
    let mut ada = Chat::start(&server.url(), "Ada");
    ada.types("one").await;
    ada.types("two").await;
    drop(ada.stdin.take());
    ada.shows(" Ada: one").await;
    ada.shows(" Ada: two").await;
    assert_eq!(ada.ends().await, Some(0));
}

#[tokio::test]
async fn a_lost_connection_is_told_and_what_is_typed_meanwhile_is_sent_later() {
    let server = Server::start().await;
    let proxy = Proxy::start(server.address()).await;
    let mut ada = Chat::start(&url(proxy.address), "Ada");
    ada.shows("* in tea: Ada").await;
    proxy.shut();
    let line = ada.shows("at once").await;
    assert!(line.contains("; reconnecting at once"), "{line}");
    ada.types("from the dark").await;
    proxy.open();
    ada.shows("* connected again").await;
    ada.shows(" Ada: from the dark").await;
    assert_eq!(ada.ends().await, Some(0));
}

#[tokio::test]
async fn a_message_can_not_command_the_terminal() {
    let server = Server::start().await;
    let mut ada = Chat::start(&server.url(), "Ada");
    ada.types("\x1b[2Jboo").await;
    let line = ada.shows("boo").await;
    assert!(line.ends_with(" Ada: \u{fffd}[2Jboo"), "{line}");
}
