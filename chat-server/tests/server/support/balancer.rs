//! A load balancer: one address for several servers.

use std::net::SocketAddr;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// Takes connections to the servers in turns, past those that do not listen, until it is dropped.
pub(crate) struct Balancer {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Balancer {
    pub(crate) async fn start(servers: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            for first in 0.. {
                let Ok((client, _)) = listener.accept().await else { return };
                let mut turns = servers.clone();
                turns.rotate_left(first % servers.len());
                connections.spawn(pass(client, turns));
            }
        });
        Self { address, _tasks: tasks }
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
