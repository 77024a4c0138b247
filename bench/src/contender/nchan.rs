//! Nchan, a module of nginx: a room is a channel. It keeps as many messages of a room as chat-server does.

use std::io;

use tempfile::TempDir;

use super::{Contender, Servers, Step};
use crate::host::{Process, Site, Unavailable, free_port};

/// nginx with Nchan.
pub(super) struct Nchan {
    name: &'static str,
    redis: bool,
}

impl Nchan {
    pub(super) const MEMORY: Self = Self { name: "Nchan (memory)", redis: false };
    pub(super) const REDIS: Self = Self { name: "Nchan (Redis)", redis: true };
}

#[async_trait::async_trait]
impl Contender for Nchan {
    fn name(&self) -> &'static str {
        self.name
    }

    fn scales(&self) -> bool {
        self.redis
    }

    async fn start(&self, site: &Site, servers: usize) -> Result<Servers, Unavailable> {
        let (mut started, redis) = Servers::beside_redis_if(self.redis, site).await?;
        for _ in 0..servers {
            let port = free_port("nginx")?;
            let process = Process::start(site, "nginx", |folder| arguments(folder, port, redis))?;
            started.add(process, port).await?;
        }
        Ok(started)
    }

    fn path(&self, room: &str) -> String {
        format!("/room/{room}")
    }

    /// The path says all.
    fn greeting(&self, _room: &str) -> Vec<Step> {
        Vec::new()
    }

    fn publish(&self, _room: &str, text: &str, _number: u64) -> String {
        text.to_owned()
    }
}

fn arguments(folder: &TempDir, port: u16, redis: Option<u16>) -> io::Result<Vec<String>> {
    let at = folder.path().to_string_lossy().into_owned();
    let path = folder.path().join("nginx.conf");
    std::fs::write(&path, settings(&at, port, redis))?;
    Ok(vec![
        "-p".to_owned(),
        at,
        "-c".to_owned(),
        path.to_string_lossy().into_owned(),
        "-e".to_owned(),
        "stderr".to_owned(),
    ])
}

/// One worker, since there is one core; the rest is as its documentation has it.
fn settings(folder: &str, port: u16, redis: Option<u16>) -> String {
    let upstream =
        redis.map(|port| format!("upstream redis {{ nchan_redis_server redis://127.0.0.1:{port}; }}"));
    let through = redis.map_or("", |_| "nchan_redis_pass redis;");
    format!(
        "daemon off; user root; worker_processes 1; worker_rlimit_nofile 20000; pid {folder}/nginx.pid;
load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
error_log stderr error;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  nchan_shared_memory_size 1024M;
  {upstream}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location ~ ^/room/(.+)$ {{
      nchan_pubsub websocket; nchan_channel_id $1; nchan_message_buffer_length 1000;
      nchan_subscriber_first_message newest; {through}
    }}
  }}
}}
",
        upstream = upstream.unwrap_or_default()
    )
}
