//! Tokens of somebody else's login service, and this login for others.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chat_server::jwt::claims::{LEEWAY, user_id};
use hubbub_protocol::{
    ClientFrame, CloseCode, ErrorCode, ServerFrame, UserId, UserName,
    http::{JWKS_PATH, Profile, SessionCreated, TOKENS_PATH, TokenIssued},
};
use serde_json::{Value, json};

use crate::support::{Answer, Client, Connect, Issuer, PATIENCE, SigningKey, TestServer, config, request};

/// Seconds since 1970, so much later than now.
fn seconds(later: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + later
}

/// What a good token says.
fn claims() -> Value {
    json!({"iss": Issuer::NAME, "aud": "chat", "sub": "ada", "name": "Ada Lovelace", "exp": seconds(300), "iat": seconds(0)})
}

/// The same with other fields; those that are null are left out.
fn but(other: Value) -> Value {
    let mut claims = claims();
    let fields = claims.as_object_mut().unwrap();
    let Value::Object(other) = other else { panic!() };
    fields.extend(other);
    fields.retain(|_, value| !value.is_null());
    claims
}

fn ada() -> UserId {
    user_id(Issuer::NAME, "ada")
}

/// A server that takes the issuer's tokens, and asks it again after a moment.
async fn server(issuer: &Issuer, flags: &[&str]) -> TestServer {
    server_with_pause(issuer, flags, Duration::from_millis(20)).await
}

async fn server_with_pause(issuer: &Issuer, flags: &[&str], pause: Duration) -> TestServer {
    let url = issuer.keys_url();
    let fixed = ["--auth-issuer", Issuer::NAME, "--auth-audience", "chat", "--auth-jwks-url", &url];
    let mut config = config(&[&fixed, flags].concat());
    config.timing.keys_pause = pause;
    TestServer::start(config).await
}

async fn call(server: &TestServer, method: &str, path: &str, token: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request(server.ports.public, method, path, &[("authorization", &bearer)], &body).await
}

async fn me(server: &TestServer, token: &str) -> Answer {
    call(server, "GET", "/api/v1/me", token, &Value::Null).await
}

async fn refused_at_hello(server: &TestServer, token: Option<String>) {
    let mut client = server.connect().await;
    client.say(&ClientFrame::Hello { token, resume: vec![] }).await;
    client.refused(ErrorCode::BadToken, CloseCode::BadToken.code()).await;
}

async fn session(server: &TestServer, token: &str) -> Client {
    let mut client = server.connect().await;
    client.hello(Some(token.to_owned()), vec![]).await;
    client
}

/// Asks until the status is another; a test that waits too long has failed.
async fn until(status: u16, server: &TestServer, token: impl Fn() -> String) -> Answer {
    let asked = async {
        loop {
            let answer = me(server, &token()).await;
            if answer.status == status {
                return answer;
            }
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("no other answer")
}

#[tokio::test]
async fn whom_another_login_vouches_for_chats_under_the_name_that_it_says() {
    let key = SigningKey::new("one");
    let issuer = Issuer::start(&[&key]).await;
    let server = server(&issuer, &[]).await;
    let token = key.sign(&claims());
    let profile: Profile = serde_json::from_str(&me(&server, &token).await.body).unwrap();
    assert_eq!((profile.user.id, profile.user.name.as_str()), (ada(), "Ada Lovelace"));
    assert!(profile.account, "no guest");

    let (cookie, bearer) = (format!("hubbub={token}"), format!("Bearer {token}"));
    let mut by_cookie = Connect::with(server.ports.public, &[("cookie", &cookie)]).open().await.unwrap();
    assert_eq!(by_cookie.hello(None, vec![]).await, (profile.user.clone(), None));
    let by_proxy = Connect::with(server.ports.public, &[("authorization", &bearer)]).open().await;
    assert_eq!(by_proxy.unwrap().hello(None, vec![]).await, (profile.user.clone(), None));
    let mut client = session(&server, &token).await;
    client.join("lobby").await;
    client.send("lobby", "hello").await;
    assert_eq!(client.message().await.user, profile.user);

    client.say(&ClientFrame::Rename { name: UserName::parse("Eve").unwrap() }).await;
    let refused = client.find(|frame| matches!(frame, ServerFrame::Error(_))).await;
    let ServerFrame::Error(error) = refused else { panic!() };
    assert_eq!(error.code, ErrorCode::ForeignLogin);
    // The cookie is not ours to prolong.
    let answer = request(server.ports.public, "GET", "/api/v1/me", &[("cookie", &cookie)], "").await;
    assert_eq!((answer.status, answer.header("set-cookie")), (200, None));
    // Out is out of the sockets of this token; the token ends by itself.
    let out = call(&server, "DELETE", "/api/v1/sessions/current", &token, &Value::Null).await;
    assert_eq!(out.status, 204);
    assert_eq!(client.closed().await, CloseCode::BadToken.code());
    assert_eq!(me(&server, &token).await.status, 200);
}

#[tokio::test]
async fn what_is_for_the_other_login_to_do_is_refused() {
    let key = SigningKey::new("one");
    let issuer = Issuer::start(&[&key]).await;
    let server = server(&issuer, &[]).await;
    let token = key.sign(&claims());
    let account = json!({"email": "ada@example.org", "password": "correct horse"});
    for (method, path, body) in [
        ("POST", "/api/v1/guests", json!({"id": UserId::random(), "name": "Ada"})),
        ("POST", "/api/v1/users", account.clone()),
        ("POST", "/api/v1/sessions", account),
        ("PATCH", "/api/v1/me", json!({"name": "Eve"})),
        ("PUT", "/api/v1/me/password", json!({"old": "correct horse", "new": "battery staple"})),
        ("DELETE", "/api/v1/me", json!({})),
        ("POST", "/user/", json!({"email": "ada@example.org"})),
        ("PUT", "/user/", json!({"email": "ada@example.org", "key": "correct horse"})),
    ] {
        let answer = call(&server, method, path, &token, &body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (403, "foreignLogin"), "{method} {path}");
    }
    refused_at_hello(&server, None).await;
    let said = call(&server, "POST", "/message/", &token, &json!({"text": "hello"})).await;
    assert_eq!(said.status, 201);
}

#[tokio::test]
async fn a_token_that_is_not_right_in_everything_is_refused() {
    let (key, strangers) = (SigningKey::new("one"), SigningKey::new("one"));
    let issuer = Issuer::start(&[&key]).await;
    let server = server(&issuer, &[]).await;
    let leeway = i64::try_from(LEEWAY.as_secs()).unwrap();
    for (why, token) in [
        ("audience", key.sign(&but(json!({"aud": "mail"})))),
        ("no audience", key.sign(&but(json!({"aud": null})))),
        ("issuer", key.sign(&but(json!({"iss": "https://evil.example.org"})))),
        ("no issuer", key.sign(&but(json!({"iss": null})))),
        ("ended", key.sign(&but(json!({"exp": seconds(-leeway - 1)})))),
        ("no end", key.sign(&but(json!({"exp": null})))),
        ("not begun", key.sign(&but(json!({"nbf": seconds(leeway + 60)})))),
        ("nobody", key.sign(&but(json!({"sub": null})))),
        ("unsigned", key.unsigned(&claims())),
        ("a secret that everybody knows", key.sign_with_what_is_public(&claims())),
        ("another key of that name", strangers.sign(&claims())),
        ("changed", key.sign(&claims()).replacen('.', ".e", 1)),
        ("an own one", "6f1c9c1e9f3f4e578f0a0f5b7f5f7a10".to_owned() + &"0".repeat(64)),
    ] {
        let answer = me(&server, &token).await;
        assert_eq!((answer.status, answer.problem().as_str()), (401, "notLoggedIn"), "{why}");
        refused_at_hello(&server, Some(token)).await;
    }
    assert_eq!(me(&server, &key.sign(&but(json!({"aud": ["mail", "chat"]})))).await.status, 200);
}

#[tokio::test]
async fn a_key_that_is_new_is_asked_for_and_one_that_was_withdrawn_is_no_good() {
    let (old, new) = (SigningKey::new("old"), SigningKey::new("new"));
    let issuer = Issuer::start(&[&old]).await;
    let server = server(&issuer, &[]).await;
    assert_eq!(me(&server, &old.sign(&claims())).await.status, 200);
    issuer.publish(&[&new]);
    until(200, &server, || new.sign(&but(json!({"jti": UserId::random()})))).await;
    assert_eq!(me(&server, &old.sign(&but(json!({"jti": "another"})))).await.status, 401);
}

#[tokio::test]
async fn invented_keys_do_not_have_the_issuer_flooded() {
    let key = SigningKey::new("one");
    let issuer = Issuer::start(&[&key]).await;
    let (began, pause) = (Instant::now(), Duration::from_secs(10));
    let server = server_with_pause(&issuer, &[], pause).await;
    for number in 0..200 {
        let invented = SigningKey::new(&format!("invented-{number}")).sign(&claims());
        assert_eq!(me(&server, &invented).await.status, 401);
    }
    let most = 2 + began.elapsed().as_secs() / pause.as_secs();
    assert!((1..=most).contains(&(issuer.asked() as u64)), "asked {} times", issuer.asked());
    assert_eq!(me(&server, &key.sign(&claims())).await.status, 200);
}

#[tokio::test]
async fn while_the_issuer_is_away_its_old_keys_go_on_and_others_are_not_known() {
    let (key, other) = (SigningKey::new("one"), SigningKey::new("other"));
    let issuer = Issuer::start(&[&key]).await;
    let server = server(&issuer, &[]).await;
    assert_eq!(me(&server, &key.sign(&claims())).await.status, 200);
    issuer.go_away();
    let unknown = until(503, &server, || other.sign(&but(json!({"jti": UserId::random()})))).await;
    assert_eq!((unknown.problem().as_str(), unknown.header("retry-after")), ("loginUnavailable", Some("1")));
    assert_eq!(me(&server, &key.sign(&but(json!({"sub": "grace"})))).await.status, 200);
}

#[tokio::test]
async fn a_server_that_began_without_the_issuer_lets_in_as_soon_as_it_is_there() {
    let key = SigningKey::new("one");
    let issuer = Issuer::start(&[]).await;
    issuer.go_away();
    let server = server(&issuer, &[]).await;
    let token = key.sign(&claims());
    assert_eq!(me(&server, &token).await.problem(), "loginUnavailable");
    let mut client = server.connect().await;
    client.say(&ClientFrame::Hello { token: Some(token.clone()), resume: vec![] }).await;
    client.refused(ErrorCode::LoginUnavailable, 1013).await;
    issuer.publish(&[&key]);
    until(200, &server, || token.clone()).await;
}

#[tokio::test]
async fn a_session_is_closed_when_its_token_ends() {
    let key = SigningKey::new("one");
    let issuer = Issuer::start(&[&key]).await;
    let server = server(&issuer, &[]).await;
    let leeway = i64::try_from(LEEWAY.as_secs()).unwrap();
    let token = key.sign(&but(json!({"exp": seconds(3 - leeway)})));
    let mut client = session(&server, &token).await;
    client.join("lobby").await;
    assert_eq!(client.closed().await, CloseCode::BadToken.code());
    assert_eq!(me(&server, &token).await.status, 401);
}

#[tokio::test]
async fn a_later_token_with_another_name_is_a_rename_for_everyone() {
    let key = SigningKey::new("one");
    let issuer = Issuer::start(&[&key]).await;
    let server = server(&issuer, &[]).await;
    let mut client = session(&server, &key.sign(&but(json!({"iat": seconds(-60)})))).await;
    client.join("lobby").await;
    let renamed = key.sign(&but(json!({"name": "Countess Lovelace"})));
    assert_eq!(me(&server, &renamed).await.json()["user"]["name"], "Countess Lovelace");
    let told = client.find(|frame| matches!(frame, ServerFrame::Renamed { .. })).await;
    let ServerFrame::Renamed { user, name } = told else { panic!() };
    assert_eq!((user, name.as_str()), (ada(), "Countess Lovelace"));
}

#[tokio::test]
async fn guests_may_be_let_in_as_well_and_never_keep_the_id_of_a_user() {
    let key = SigningKey::new("one");
    let issuer = Issuer::start(&[&key]).await;
    let server = server(&issuer, &["--auth-guests"]).await;
    // Who knows the rule can be there first.
    let body = json!({"id": ada(), "name": "Eve"}).to_string();
    let guest = request(server.ports.public, "POST", "/api/v1/guests", &[], &body).await;
    let evil = guest.json()["token"].as_str().unwrap().to_owned();
    let mut eve = session(&server, &evil).await;
    let mut nobody = server.guest().await;
    assert_eq!(me(&server, &key.sign(&claims())).await.json()["user"]["name"], "Ada Lovelace");
    assert_eq!(eve.closed().await, CloseCode::BadToken.code());
    assert_eq!(me(&server, &evil).await.status, 401);
    nobody.join("lobby").await;
    let again = request(server.ports.public, "POST", "/api/v1/guests", &[], &body).await;
    assert_eq!(again.problem(), "guestTaken");
}

#[tokio::test]
async fn this_login_serves_another_chat() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pem");
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"])
        .arg(&file)
        .output()
        .expect("openssl makes keys, as docs/operations.md says");
    assert!(made.status.success(), "{made:?}");
    let name = "https://a.example.org";
    let flags = ["--auth-signing-issuer", name, "--auth-signing-key-file", file.to_str().unwrap()];
    let a = TestServer::start(config(&flags)).await;
    let keys = format!("http://{}{JWKS_PATH}", a.ports.public);
    let flags = ["--auth-issuer", name, "--auth-audience", "b", "--auth-jwks-url", &keys];
    let b = TestServer::start(config(&flags)).await;

    let body = json!({"email": "ada@example.org", "password": "correct horse", "name": "Ada"});
    let registered = request(a.ports.public, "POST", "/api/v1/users", &[], &body.to_string()).await;
    let SessionCreated { user, token: own, .. } = serde_json::from_str(&registered.body).unwrap();
    let issued = call(&a, "POST", TOKENS_PATH, &own, &json!({"audience": "b"})).await;
    assert_eq!((issued.status, issued.header("cache-control")), (201, Some("no-store")), "{}", issued.body);
    let TokenIssued { token, .. } = serde_json::from_str(&issued.body).unwrap();

    let mut client = b.connect().await;
    assert_eq!(client.hello(Some(token.clone()), vec![]).await, (user, None), "the same user");
    // Neither an own token of the one nor a token for somebody else is good at the other.
    assert_eq!(me(&b, &own).await.status, 401);
    let others = call(&a, "POST", TOKENS_PATH, &own, &json!({"audience": "c"})).await;
    let others = others.json()["token"].as_str().unwrap().to_owned();
    assert_eq!(me(&b, &others).await.status, 401);
    assert_eq!(me(&a, &token).await.status, 401, "what is signed is for others");
    // Who logged out gets no more of them; what was signed is good until it ends.
    assert_eq!(call(&a, "DELETE", "/api/v1/sessions/current", &own, &Value::Null).await.status, 204);
    assert_eq!(call(&a, "POST", TOKENS_PATH, &own, &json!({"audience": "b"})).await.status, 401);
    assert_eq!(client.until_pong().await, []);
    assert_eq!(me(&b, &token).await.status, 200);

    let keys = a.get(JWKS_PATH).await;
    assert_eq!(keys.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(b.get(JWKS_PATH).await.problem(), "notFound", "it signs nothing");
}

#[tokio::test]
async fn a_token_is_for_somebody() {
    let server = TestServer::default().await;
    let mut client = server.connect().await;
    let token = client.hello(None, vec![]).await.1.unwrap();
    let unsigned = call(&server, "POST", TOKENS_PATH, &token, &json!({"audience": "b"})).await;
    assert_eq!((unsigned.status, unsigned.problem().as_str()), (404, "notFound"));
}
