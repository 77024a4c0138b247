//! The generator against a real chat-server: that it delivers, and that nothing is lost. How fast is not asked here.

use std::{ffi::OsString, time::Duration};

use chat_server::{application::Application, config::Config};
use hubbub_bench::{
    contender,
    generator::{Fleet, Shape},
};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

/// Longer than anything takes on a busy machine.
const NEVER: Duration = Duration::from_mins(1);

#[tokio::test]
async fn what_is_said_in_rooms_comes_to_all_members_once() {
    let flags = ["chat-server", "--listen=127.0.0.1:0", "--private-listen=127.0.0.1:0"].map(OsString::from);
    let application = Application::build(Config::read(flags).unwrap()).await.unwrap();
    let address = application.ports().public;
    let stop = CancellationToken::new();
    let running = tokio::spawn(application.run(stop.clone()));

    let hubbub = contender::all()[0];
    let shape = Shape { rooms: 3, members: 5, senders: 2 };
    let trial = LocalSet::new()
        .run_until(async {
            let mut fleet = Fleet::open(hubbub, &[address], shape).await.unwrap();
            fleet.set_patience(NEVER);
            fleet.trial(40.0, Duration::from_millis(500)).await
        })
        .await;
    assert!(trial.is_whole(), "{trial:?}");
    assert!(trial.sent > 0 && trial.expected == trial.sent * 5, "{trial:?}");

    stop.cancel();
    running.await.unwrap().unwrap();
}
