//! A proxy that cuts connections: what a network does to clients.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Connections are taken and ended at once.
    Shut,
}

/// Passes on what it gets, until it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    way: watch::Sender<(Way, u32)>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (way, watched) = watch::channel((Way::Open, 0));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass(client, to, watched.clone()));
            }
        });
        Self { address, way, _tasks: tasks }
    }

    /// Ends every connection; new ones are passed on.
    pub(crate) fn cut(&self) {
        self.way.send_modify(|(_, cuts)| *cuts += 1);
    }

    /// Ends every connection, and every new one.
    pub(crate) fn shut(&self) {
        self.way.send_modify(|way| *way = (Way::Shut, way.1 + 1));
    }

    pub(crate) fn open(&self) {
        self.way.send_modify(|way| way.0 = Way::Open);
    }
}

async fn pass(mut client: TcpStream, to: SocketAddr, mut way: watch::Receiver<(Way, u32)>) {
    let (now, cuts) = *way.borrow_and_update();
    if now == Way::Shut {
        return;
    }
    let mut server = TcpStream::connect(to).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = way.wait_for(|(_, now)| *now != cuts) => {}
    }
}
