//! Accounts, devices and sessions over HTTP, and what they mean for sockets.

use std::time::{Duration, Instant};

use hubbub_protocol::{
    CloseCode, ErrorCode, MemberChange, ServerFrame, User,
    http::{DeviceList, GuestCreated, MemberList, Profile, Role, RoomInfo, SessionCreated},
    limits::FAILED_LOGINS_PER_ACCOUNT,
};
use serde_json::json;

use crate::support::{Answer, Client, Connect, RedisServer, TestServer, config, figure, promised, request};

const EMAIL: &str = "Ada@Example.org";
const PASSWORD: &str = "correct horse";

/// A request as the one who has the token, if there is one.
async fn call(
    server: &TestServer,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &serde_json::Value,
) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    request(server.ports.public, method, path, &headers, &body).await
}

async fn get(server: &TestServer, path: &str, token: &str) -> Answer {
    call(server, "GET", path, Some(token), &json!(null)).await
}

fn created(answer: &Answer) -> SessionCreated {
    assert_eq!(answer.status, 201, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

async fn register(server: &TestServer, email: &str, name: &str) -> SessionCreated {
    let body = json!({"email": email, "password": PASSWORD, "name": name, "device": "browser"});
    created(&call(server, "POST", "/api/v1/users", None, &body).await)
}

async fn log_in(server: &TestServer, password: &str, device: &str) -> Answer {
    let body = json!({"email": EMAIL, "password": password, "device": device});
    call(server, "POST", "/api/v1/sessions", None, &body).await
}

async fn devices(server: &TestServer, token: &str) -> DeviceList {
    let answer = get(server, "/api/v1/sessions", token).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

async fn session(server: &TestServer, token: &str) -> (Client, User) {
    let mut client = server.connect().await;
    let (user, new) = client.hello(Some(token.to_owned()), vec![]).await;
    assert_eq!(new, None);
    (client, user)
}

async fn on_redis(redis: &RedisServer) -> TestServer {
    TestServer::start(config(&["--engine", "redis", "--redis-url", &redis.url()])).await
}

#[tokio::test]
async fn who_registers_is_logged_in_and_can_log_in_again() {
    let server = TestServer::default().await;
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let answer = call(&server, "POST", "/api/v1/users", None, &body).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let registered = created(&answer);
    let expected = format!("hubbub={}; HttpOnly; SameSite=Lax; Path=/; Max-Age=2592000", registered.token);
    assert_eq!(answer.header("set-cookie"), Some(&*expected));
    assert_eq!(registered.user.name.as_str(), "Ada", "as the address says");

    let phone = created(&log_in(&server, PASSWORD, "phone").await);
    assert_eq!(phone.user, registered.user);
    assert_eq!(session(&server, &phone.token).await.1, registered.user);
    let profile: Profile =
        serde_json::from_str(&get(&server, "/api/v1/me", &phone.token).await.body).unwrap();
    assert_eq!((profile.user, profile.account, profile.email.as_deref()), (phone.user, true, Some(EMAIL)));
    let again = call(
        &server,
        "POST",
        "/api/v1/users",
        None,
        &json!({"email": "ADA@example.org", "password": PASSWORD}),
    )
    .await;
    assert_eq!((again.status, again.problem().as_str()), (409, "emailTaken"));
}

#[tokio::test]
async fn a_guest_becomes_an_account_and_keeps_its_id_and_its_socket() {
    let server = TestServer::default().await;
    let id = uuid();
    let answer = call(&server, "POST", "/api/v1/guests", None, &json!({"id": id, "name": "Guest"})).await;
    let GuestCreated { user, token } = serde_json::from_str(&answer.body).unwrap();
    let (mut client, _) = session(&server, &token).await;
    let body = json!({"email": EMAIL, "password": PASSWORD, "name": "Ada"});
    let account = created(&call(&server, "POST", "/api/v1/users", Some(&token), &body).await);
    assert_eq!(account.user.id, user.id);
    let renamed = ServerFrame::Renamed { user: user.id, name: account.user.name.clone() };
    client.find(|frame| *frame == renamed).await;
    let profile: Profile = serde_json::from_str(&get(&server, "/api/v1/me", &token).await.body).unwrap();
    assert!(profile.account);
    assert_eq!(profile.names[0].name, user.name);
}

fn uuid() -> String {
    hubbub_protocol::UserId::random().to_string()
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_named() {
    let server = TestServer::default().await;
    for (body, code) in [
        (json!({"email": "ada", "password": PASSWORD}), "badEmail"),
        (json!({"email": EMAIL, "password": "short"}), "badPassword"),
        (json!({"email": EMAIL, "password": PASSWORD, "name": " "}), "emptyName"),
        (json!({"email": EMAIL, "password": PASSWORD, "device": ""}), "badField"),
        (json!({"email": EMAIL}), "missingField"),
    ] {
        let answer = call(&server, "POST", "/api/v1/users", None, &body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, code), "{body}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let server = TestServer::default().await;
    register(&server, EMAIL, "Ada").await;
    let wrong = log_in(&server, "wrong horse", "phone").await;
    let body = json!({"email": "nobody@example.org", "password": PASSWORD});
    let unknown = call(&server, "POST", "/api/v1/sessions", None, &body).await;
    assert_eq!((wrong.status, wrong.problem().as_str()), (401, "wrongPassword"));
    assert_eq!((unknown.status, &unknown.body), (wrong.status, &wrong.body));
}

#[tokio::test]
async fn too_many_failed_logins_are_refused_for_a_while_on_every_server() {
    let redis = RedisServer::start();
    let servers = [on_redis(&redis).await, on_redis(&redis).await];
    register(&servers[0], EMAIL, "Ada").await;
    // One that succeeds takes nothing.
    created(&log_in(&servers[0], PASSWORD, "phone").await);
    for number in 0..FAILED_LOGINS_PER_ACCOUNT {
        let server = &servers[usize::try_from(number % 2).unwrap()];
        assert_eq!(log_in(server, "wrong horse", "phone").await.status, 401);
    }
    for (server, password) in [(&servers[0], "wrong horse"), (&servers[1], PASSWORD)] {
        let answer = log_in(server, password, "phone").await;
        assert_eq!((answer.status, answer.problem().as_str()), (429, "tooManyAttempts"));
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=900).contains(&seconds), "{seconds}");
    }
    // For an address that nobody has, it is the same.
    for _ in 0..=FAILED_LOGINS_PER_ACCOUNT {
        let body = json!({"email": "nobody@example.org", "password": PASSWORD});
        let answer = call(&servers[0], "POST", "/api/v1/sessions", None, &body).await;
        assert!([401, 429].contains(&answer.status));
    }
    let body = json!({"email": "nobody@example.org", "password": PASSWORD});
    assert_eq!(call(&servers[1], "POST", "/api/v1/sessions", None, &body).await.problem(), "tooManyAttempts");
}

#[tokio::test]
async fn a_logout_closes_the_sockets_of_that_device_on_every_server_and_its_token_is_refused() {
    let redis = RedisServer::start();
    let servers = [on_redis(&redis).await, on_redis(&redis).await];
    let laptop = register(&servers[0], EMAIL, "Ada").await;
    let phone = created(&log_in(&servers[1], PASSWORD, "phone").await);
    let mut on_phone =
        [session(&servers[0], &phone.token).await.0, session(&servers[1], &phone.token).await.0];
    let mut on_laptop = session(&servers[1], &laptop.token).await.0;
    let list = devices(&servers[0], &laptop.token).await;
    assert_eq!(list.devices.len(), 2);
    assert!(list.devices.iter().any(|device| device.current && device.id == laptop.device));

    let path = format!("/api/v1/sessions/{}", phone.device);
    assert_eq!(call(&servers[0], "DELETE", &path, Some(&laptop.token), &json!(null)).await.status, 204);
    for client in &mut on_phone {
        assert_eq!(client.closed().await, CloseCode::BadToken.code());
    }
    for server in &servers {
        assert_eq!(get(server, "/api/v1/me", &phone.token).await.problem(), "notLoggedIn");
        let mut client = server.connect().await;
        client
            .say(&hubbub_protocol::ClientFrame::Hello { token: Some(phone.token.clone()), resume: vec![] })
            .await;
        client.refused(ErrorCode::BadToken, CloseCode::BadToken.code()).await;
    }
    assert_eq!(on_laptop.until_pong().await, []);
    assert_eq!(devices(&servers[1], &laptop.token).await.devices.len(), 1);
}

#[tokio::test]
async fn one_logs_out_of_this_device_of_all_others_or_of_all() {
    let server = TestServer::default().await;
    let first = register(&server, EMAIL, "Ada").await.token;
    let second = created(&log_in(&server, PASSWORD, "second").await).token;
    let third = created(&log_in(&server, PASSWORD, "third").await).token;
    let answer = call(&server, "DELETE", "/api/v1/sessions/current", Some(&first), &json!(null)).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").unwrap().starts_with("hubbub=; "));
    assert_eq!(get(&server, "/api/v1/me", &first).await.status, 401);
    assert_eq!(
        call(&server, "DELETE", "/api/v1/sessions?others=true", Some(&second), &json!(null)).await.status,
        204
    );
    assert_eq!(get(&server, "/api/v1/me", &third).await.status, 401);
    assert_eq!(
        call(&server, "DELETE", "/api/v1/sessions?others=yes", Some(&second), &json!(null)).await.status,
        400
    );
    assert_eq!(call(&server, "DELETE", "/api/v1/sessions", Some(&second), &json!(null)).await.status, 204);
    assert_eq!(get(&server, "/api/v1/me", &second).await.status, 401);
    // A browser with a token that is no good gets rid of its cookie.
    let answer = call(&server, "DELETE", "/api/v1/sessions/current", Some(&second), &json!(null)).await;
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn another_password_logs_out_all_other_devices() {
    let server = TestServer::default().await;
    let laptop = register(&server, EMAIL, "Ada").await;
    let phone = created(&log_in(&server, PASSWORD, "phone").await);
    let mut on_phone = session(&server, &phone.token).await.0;
    let change = |old: &str, new: &str| json!({"old": old, "new": new});
    for (body, status) in [(change("wrong horse", "battery staple"), 401), (change(PASSWORD, "short"), 400)] {
        assert_eq!(
            call(&server, "PUT", "/api/v1/me/password", Some(&laptop.token), &body).await.status,
            status
        );
    }
    let body = change(PASSWORD, "battery staple");
    assert_eq!(call(&server, "PUT", "/api/v1/me/password", Some(&laptop.token), &body).await.status, 204);
    assert_eq!(on_phone.closed().await, CloseCode::BadToken.code());
    assert_eq!(get(&server, "/api/v1/me", &laptop.token).await.status, 200);
    assert_eq!(log_in(&server, PASSWORD, "phone").await.status, 401);
    created(&log_in(&server, "battery staple", "phone").await);
}

#[tokio::test]
async fn a_deleted_account_has_no_sockets_no_token_and_no_address() {
    let redis = RedisServer::start();
    let servers = [on_redis(&redis).await, on_redis(&redis).await];
    let ada = register(&servers[0], EMAIL, "Ada").await;
    let (mut client, user) = session(&servers[1], &ada.token).await;
    client.join("lobby").await;
    client.send("lobby", "it stays").await;
    client.message().await;
    let mut other = servers[0].guest().await;
    other.join("lobby").await;

    let wrong =
        call(&servers[0], "DELETE", "/api/v1/me", Some(&ada.token), &json!({"password": "wrong horse"}))
            .await;
    assert_eq!(wrong.problem(), "wrongPassword");
    let answer =
        call(&servers[0], "DELETE", "/api/v1/me", Some(&ada.token), &json!({"password": PASSWORD})).await;
    assert_eq!(answer.status, 204, "{}", answer.body);
    assert_eq!(client.closed().await, CloseCode::BadToken.code());
    other.find(|frame| matches!(frame, ServerFrame::Presence { left, .. } if left.contains(&user.id))).await;
    assert_eq!(get(&servers[1], "/api/v1/me", &ada.token).await.problem(), "notLoggedIn");
    let again = register(&servers[1], EMAIL, "Ada again").await;
    let path = format!("/api/v1/users/{}", ada.user.id);
    assert_eq!(get(&servers[1], &path, &again.token).await.problem(), "noSuchUser");
    let taken =
        call(&servers[1], "POST", "/api/v1/guests", None, &json!({"id": ada.user.id, "name": "Eve"})).await;
    assert_eq!(taken.problem(), "guestTaken", "nobody speaks as who is gone");
    let joined = other.join("lobby").await;
    let ServerFrame::Joined { messages, .. } = joined else { panic!("{joined:?}") };
    assert_eq!(messages.len(), 1);
}

#[tokio::test]
async fn who_is_deleted_has_no_part_in_any_room_and_leaves_its_own_to_the_next() {
    let redis = RedisServer::start();
    let servers = [on_redis(&redis).await, on_redis(&redis).await];
    let (ada, bob) =
        (register(&servers[0], EMAIL, "Ada").await, register(&servers[0], "bob@example.org", "Bob").await);
    let body = json!({"kind": "private", "title": "Plans"});
    let private: RoomInfo =
        serde_json::from_str(&call(&servers[0], "POST", "/api/v1/rooms", Some(&ada.token), &body).await.body)
            .unwrap();
    let path = format!("/api/v1/rooms/{}/members/{}", private.room, bob.user.id);
    let invited = call(&servers[0], "PUT", &path, Some(&ada.token), &json!({"role": "member"})).await;
    assert_eq!(invited.status, 204);
    let (mut adas, _) = session(&servers[1], &ada.token).await;
    let (mut bobs, _) = session(&servers[1], &bob.token).await;
    for client in [&mut adas, &mut bobs] {
        client.join(private.room.as_str()).await;
    }

    let body = json!({"password": PASSWORD});
    assert_eq!(call(&servers[0], "DELETE", "/api/v1/me", Some(&ada.token), &body).await.status, 204);
    assert_eq!(adas.closed().await, CloseCode::BadToken.code());
    for (member, change) in [(&ada.user, MemberChange::Left), (&bob.user, MemberChange::Owner)] {
        let told = bobs.find(|frame| matches!(frame, ServerFrame::Member(_))).await;
        let ServerFrame::Member(told) = told else { panic!("{told:?}") };
        assert_eq!((told.user.id, told.member.id, told.change), (ada.user.id, member.id, change));
    }
    let path = format!("/api/v1/rooms/{}/members", private.room);
    let list: MemberList = serde_json::from_str(&get(&servers[1], &path, &bob.token).await.body).unwrap();
    let members: Vec<_> = list.members.iter().map(|member| (member.user.id, member.role)).collect();
    assert_eq!(members, [(bob.user.id, Role::Owner)]);
    assert!(!redis.dump().contains(&format!("hubbub:rooms:{}", ada.user.id)), "its own list is gone");
}

#[tokio::test]
async fn a_rename_over_http_reaches_sessions_and_rooms_on_every_server() {
    let redis = RedisServer::start();
    let servers = [on_redis(&redis).await, on_redis(&redis).await];
    let ada = register(&servers[0], EMAIL, "Ada").await;
    let (mut client, user) = session(&servers[1], &ada.token).await;
    client.join("lobby").await;
    let mut other = servers[0].guest().await;
    other.join("lobby").await;
    let asked = Instant::now();
    let answer =
        call(&servers[0], "PATCH", "/api/v1/me", Some(&ada.token), &json!({"name": "Countess"})).await;
    let profile: Profile = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(profile.user.name.as_str(), "Countess");
    let renamed = ServerFrame::Renamed { user: user.id, name: profile.user.name.clone() };
    client.find(|frame| *frame == renamed).await;
    other.find(|frame| *frame == renamed).await;
    figure(
        "a_rename_over_http_reaches_sessions_and_rooms_on_every_server",
        &format!("told after {}", promised(asked.elapsed(), Duration::from_secs(1))),
    );
    let path = format!("/api/v1/users/{}", user.id);
    let found: User = serde_json::from_str(&get(&servers[1], &path, &ada.token).await.body).unwrap();
    assert_eq!(found, profile.user);
}

#[tokio::test]
async fn a_browser_speaks_by_its_cookie_and_a_token_beats_it() {
    let server = TestServer::default().await;
    let ada = register(&server, EMAIL, "Ada").await;
    let grace = register(&server, "grace@example.org", "Grace").await;
    let cookie = format!("theme=dark; hubbub={}", ada.token);
    let me = request(server.ports.public, "GET", "/api/v1/me", &[("cookie", &cookie)], "").await;
    assert_eq!(me.json()["user"]["name"], "Ada");
    assert!(me.header("set-cookie").unwrap().contains(&ada.token), "the cookie lives on");
    let connect =
        || async { Connect::with(server.ports.public, &[("cookie", &cookie)]).open().await.unwrap() };
    assert_eq!(connect().await.hello(None, vec![]).await, (ada.user, None));
    assert_eq!(connect().await.hello(Some(grace.token), vec![]).await, (grace.user, None));
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let server = TestServer::default().await;
    let ada = register(&server, EMAIL, "Ada").await;
    let cookie = format!("hubbub={}", ada.token);
    let headers = [("cookie", cookie.as_str()), ("origin", "https://evil.example.org")];
    let renamed = request(server.ports.public, "PATCH", "/api/v1/me", &headers, r#"{"name":"Eve"}"#).await;
    assert_eq!((renamed.status, renamed.problem().as_str()), (403, "badOrigin"));
    let own = format!("http://{}", server.ports.public);
    let headers = [("cookie", cookie.as_str()), ("origin", own.as_str())];
    let renamed =
        request(server.ports.public, "PATCH", "/api/v1/me", &headers, r#"{"name":"Countess"}"#).await;
    assert_eq!(renamed.status, 200);
}

#[tokio::test]
async fn behind_tls_the_cookie_is_secure() {
    let server = TestServer::start(config(&["--trusted-proxy", "127.0.0.0/8"])).await;
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let headers = [("x-forwarded-proto", "https")];
    let answer = request(server.ports.public, "POST", "/api/v1/users", &headers, &body).await;
    assert!(answer.header("set-cookie").unwrap().ends_with("; Secure"), "{:?}", answer.header("set-cookie"));
}

#[tokio::test]
async fn a_logout_that_was_not_told_is_found_after_an_interruption() {
    let (server, engine) = TestServer::start_on(config(&[]), |event| {
        !matches!(event, chat_server::engine::EngineEvent::User { .. })
    })
    .await;
    let laptop = register(&server, EMAIL, "Ada").await;
    let phone = created(&log_in(&server, PASSWORD, "phone").await);
    let mut on_phone = session(&server, &phone.token).await.0;
    let mut on_laptop = session(&server, &laptop.token).await.0;
    let path = format!("/api/v1/sessions/{}", phone.device);
    assert_eq!(call(&server, "DELETE", &path, Some(&laptop.token), &json!(null)).await.status, 204);
    assert_eq!(on_phone.until_pong().await, [], "nobody told");
    engine.say(chat_server::engine::EngineEvent::Interrupted).await;
    assert_eq!(on_phone.closed().await, CloseCode::BadToken.code());
    on_laptop.find(|frame| *frame == ServerFrame::RoomsChanged).await;
    assert_eq!(on_laptop.until_pong().await, []);
}
