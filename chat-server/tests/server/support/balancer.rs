//! A load balancer: one address for several servers.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Takes connections to the servers in turns, past those that do not listen, until it is dropped.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    servers: Arc<Mutex<Vec<SocketAddr>>>,
    _tasks: JoinSet<()>,
}

impl Balancer {
    pub(crate) async fn start(servers: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let servers = Arc::new(Mutex::new(servers));
        let (mut tasks, now) = (JoinSet::new(), Arc::clone(&servers));
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            for first in 0.. {
                let Ok((client, _)) = listener.accept().await else { return };
                let mut turns = now.lock().unwrap().clone();
                let first = first % turns.len();
                turns.rotate_left(first);
                connections.spawn(pass(client, turns));
            }
        });
        Self { address, servers, _tasks: tasks }
    }

    /// Takes connections to these servers instead.
    pub(crate) fn point_to(&self, servers: Vec<SocketAddr>) {
        *self.servers.lock().unwrap() = servers;
    }

    /// Takes no more connections to a server, as when it is not ready. Those there are stay.
    pub(crate) fn leave_out(&self, server: SocketAddr) {
        self.servers.lock().unwrap().retain(|other| *other != server);
    }
}

async fn pass(mut client: TcpStream, turns: Vec<SocketAddr>) {
    for server in turns {
        if let Ok(mut server) = TcpStream::connect(server).await {
            // Chat is small packets that should not wait for each other.
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            // However it ends, both ends are told by the drop.
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}
