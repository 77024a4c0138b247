//! The command over TLS, which HAProxy ends with a certificate of an authority that this test made.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Stdio,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};
use tokio_rustls::TlsConnector;

use super::{
    server::{LOOK_AGAIN, Server, run, within},
    transcripts::{check_with, script},
};

/// What openssl is to write into certificates.
const CERTIFICATES: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = Hubbub test
[authority]
basicConstraints = critical,CA:TRUE
[server]
basicConstraints = critical,CA:FALSE
subjectAltName = DNS:localhost
";

/// A server behind a HAProxy that ends TLS.
struct Secure {
    port: u16,
    /// `ca.pem` is the authority.
    folder: TempDir,
    _proxy: Child,
    _server: Server,
}

impl Secure {
    async fn start() -> Self {
        let server = Server::start_with(&["--trusted-proxy=127.0.0.1"]).await;
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("openssl.cnf"), CERTIFICATES).unwrap();
        certificate(folder.path(), "authority", &["-keyout", "ca.key", "-out", "ca.pem"]).await;
        let signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-keyout", "server.pem.key", "-out", "server.pem"];
        certificate(folder.path(), "server", &signed).await;

        // Somebody else may take the port between our looking and HAProxy's binding: then another one.
        loop {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let configuration = folder.path().join("haproxy.cfg");
            fs::write(&configuration, haproxy_cfg(port, folder.path(), &server)).unwrap();
            let mut proxy = haproxy(&configuration);
            let listens = async {
                // Nobody tells when a proxy listens.
                while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            };
            tokio::select! {
                () = within(listens) => return Self { port, folder, _proxy: proxy, _server: server },
                _ = proxy.wait() => {}
            }
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

/// A new key, and a certificate for it.
async fn certificate(folder: &Path, kind: &str, files: &[&str]) {
    let made = Command::new("openssl")
        .args(["req", "-config", "openssl.cnf", "-x509", "-days", "1", "-nodes", "-extensions", kind])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(files)
        .current_dir(folder)
        .output();
    let made = within(made).await;
    let made =
        made.unwrap_or_else(|error| panic!("this test needs openssl (apt-get install openssl): {error}"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn haproxy_cfg(port: u16, folder: &Path, server: &Server) -> String {
    format!(
        "defaults\n mode http\n timeout connect 10s\n timeout client 60s\n timeout server 60s\n\
         listen tls\n bind 127.0.0.1:{port} ssl crt {}/server.pem\n \
         http-request set-header X-Forwarded-For %[src]\n \
         http-request set-header X-Forwarded-Proto https\n server server {}\n",
        folder.display(),
        server.address(),
    )
}

fn haproxy(configuration: &Path) -> Child {
    let started = Command::new("haproxy")
        .args(["-q", "-db", "-f", configuration.to_str().unwrap()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn();
    started.unwrap_or_else(|error| panic!("this test needs HAProxy (apt-get install haproxy): {error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transcript_is_the_same_over_tls_with_an_authority_of_ones_own() {
    // It has both ways: WebSocket and HTTP.
    let host = Secure::start().await;
    check_with("accounts", &host.url(), &["--ca-file", host.authority().to_str().unwrap()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_nobody_vouches_for_is_not_spoken_to() {
    let host = Secure::start().await;
    let authority = host.authority();
    let other_name = format!("https://127.0.0.1:{}", host.port);
    for (name, url, more, reason) in [
        ("leave", host.url(), None, "UnknownIssuer"),
        ("accounts", host.url(), None, "UnknownIssuer"),
        ("leave", other_name, Some(authority.to_str().unwrap()), "not valid for name"),
    ] {
        let file = script(name);
        let mut words = vec!["script", file.to_str().unwrap(), "--server", &url];
        words.extend(more.into_iter().flat_map(|authority| ["--ca-file", authority]));
        let outcome = run(&words).await;
        assert_eq!(outcome.code, Some(3), "{name} at {url}");
        assert!(outcome.stderr.contains(reason), "{}", outcome.stderr);
    }
}

#[tokio::test]
async fn a_file_that_names_no_authority_is_told_before_anything_is_run() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for (path, reason) in
        [(file.path().to_str().unwrap(), "has no certificate"), ("/nowhere", "can't be read")]
    {
        let outcome = run(&["script", "-", "--ca-file", path]).await;
        assert_eq!(outcome.code, Some(2));
        assert!(outcome.stderr.contains(reason), "{}", outcome.stderr);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_is_secure_behind_a_proxy_that_speaks_tls() {
    let host = Secure::start().await;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(host.authority()).unwrap()).unwrap();
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", host.port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = TlsConnector::from(std::sync::Arc::new(config)).connect(name, stream).await.unwrap();
    let body = r#"{"email":"ada@example.org","password":"correct horse","name":"Ada"}"#;
    let request = format!(
        "POST /api/v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // HAProxy may end TCP without ending TLS first.
    let _ = within(stream.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer);
    let cookie = answer.lines().find(|line| line.starts_with("set-cookie: hubbub="));
    assert!(cookie.is_some_and(|cookie| cookie.ends_with("; Secure")), "{answer}");
}
