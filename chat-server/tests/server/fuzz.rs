//! Random frames and random requests at a real server: it lives, answers nothing with 500, and others notice nothing.
//!
//! What a run threw is repeated with `FUZZ_SEED=` and the number that a failure prints.

use std::{
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use futures::{SinkExt, StreamExt};
use hubbub_protocol::{MessageId, http::OPENAPI_PATH};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;

use crate::support::{Client, Connect, PATIENCE, Process, program, request};

/// A run is bounded by time: a slow machine throws less.
const RUN: Duration = Duration::from_secs(15);

/// Without these nothing would be thrown after the first seconds. Those of connections hold, and close some.
const RATES: &str = "connects=off,guests=off,requests=off,changes=off,user-changes=off,frames=1000/s+5000,\
    user-rooms=off,address-rooms=off";

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn pick<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: &impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z~._-]{0,12}",
        2 => ".{0,40}",
        1 => Just("\u{202e}\u{0}\u{feff}".to_owned()),
        1 => (1_000..9_000_usize).prop_map(|chars| "ü".repeat(chars)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        text().prop_map(Value::from),
        Just(json!("b9d7b6a0-3a34-4f4b-8b2e-0d6a0f8f5c11")),
        Just(json!("lobby")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// What is done to an object that is right.
#[derive(Debug, Clone)]
enum Mutation {
    None,
    Replace(usize, Value),
    Remove(usize),
    Add(String, Value),
    Cut(usize),
    Instead(Value),
    Nested(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        3 => Just(Mutation::None),
        4 => (0..6_usize, value()).prop_map(|(index, value)| Mutation::Replace(index, value)),
        2 => (0..6_usize).prop_map(Mutation::Remove),
        1 => (text(), value()).prop_map(|(name, value)| Mutation::Add(name, value)),
        1 => (0..200_usize).prop_map(Mutation::Cut),
        1 => value().prop_map(Mutation::Instead),
        1 => (1..3_000_usize).prop_map(Mutation::Nested),
    ]
}

fn mutated(mut object: Map<String, Value>, mutation: Mutation) -> String {
    let key = |object: &Map<String, Value>, index| object.keys().nth(index).cloned();
    match mutation {
        Mutation::None => {}
        Mutation::Replace(index, value) => {
            if let Some(key) = key(&object, index) {
                object.insert(key, value);
            }
        }
        Mutation::Remove(index) => {
            key(&object, index).and_then(|key| object.remove(&key));
        }
        Mutation::Add(name, value) => drop(object.insert(name, value)),
        Mutation::Cut(at) => {
            let text = Value::Object(object).to_string();
            return text.chars().take(at).collect();
        }
        Mutation::Instead(value) => return value.to_string(),
        Mutation::Nested(depth) => return format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
    }
    Value::Object(object).to_string()
}

fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// A frame of each kind, nearly right.
fn frame() -> impl Strategy<Value = String> {
    let id = || MessageId::random().to_string();
    let right = vec![
        json!({"type": "hello", "token": "none", "resume": [{"room": "lobby", "epoch": "e", "offset": 3}]}),
        json!({"type": "join", "room": "lobby", "history": 20}),
        json!({"type": "join", "room": "~p00112233445566778899aabbccddeeff"}),
        json!({"type": "leave", "room": "lobby"}),
        json!({"type": "send", "id": id(), "room": "lobby", "text": "@Ada hi"}),
        json!({"type": "edit", "id": id(), "room": "lobby", "offset": 1, "message": id(), "text": "ho"}),
        json!({"type": "delete", "id": id(), "room": "lobby", "offset": 1, "message": id()}),
        json!({"type": "react", "id": id(), "room": "lobby", "offset": 1, "message": id(), "emoji": "👍", "on": true}),
        json!({"type": "read", "room": "lobby", "offset": 1}),
        json!({"type": "rename", "name": "Ada"}),
        json!({"type": "typing", "room": "lobby"}),
        json!({"type": "ping"}),
    ];
    (0..right.len(), mutation()).prop_map(move |(index, mutation)| mutated(object(&right[index]), mutation))
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        20 => frame().prop_map(Message::text),
        2 => text().prop_map(Message::text),
        1 => vec(any::<u8>(), 0..200).prop_map(Message::binary),
        1 => vec(any::<u8>(), 0..100).prop_map(|bytes| Message::Ping(bytes.into())),
        1 => prop_oneof![Just(66_000_usize), Just(300_000)].prop_map(|bytes| Message::text("x".repeat(bytes))),
    ]
}

/// Throws frames over one socket after the other.
async fn throw_frames(server: SocketAddr, seed: u64, until: Instant) -> u64 {
    let (mut runner, frames, polite) = (runner(seed), vec(message(), 1..40), any::<bool>());
    let mut thrown = 0;
    while Instant::now() < until {
        let Ok(mut client) = Connect::to(server).await else { panic!("no socket is taken") };
        if pick(&mut runner, &polite) {
            client.hello(None, vec![]).await;
            client.join("lobby").await;
        }
        for message in pick(&mut runner, &frames) {
            // Closed by the server: that is an answer too.
            if client.socket.send(message).await.is_err() {
                break;
            }
            thrown += 1;
        }
        let last_words = async {
            let _ = client.socket.close(None).await;
            while let Some(Ok(_)) = client.socket.next().await {}
        };
        timeout(PATIENCE, last_words).await.expect("a socket is not let go");
    }
    thrown
}

/// A call of the API, as its document has it.
#[derive(Debug, Clone)]
struct Call {
    method: String,
    path: String,
    body: Map<String, Value>,
}

/// Something that a schema takes.
fn sample(document: &Value, schema: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return sample(document, document.pointer(&reference[1..]).unwrap());
    }
    if let Some(fields) = schema["properties"].as_object() {
        return fields.iter().map(|(name, schema)| (name.clone(), sample(document, schema))).collect();
    }
    if let Some(one) = ["oneOf", "allOf", "anyOf"].iter().find_map(|of| schema[of].as_array()?.last()) {
        return sample(document, one);
    }
    if let Some(choice) = schema["enum"].as_array().and_then(|choices| choices.first()) {
        return choice.clone();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match (kind, schema["format"].as_str()) {
        (Some("integer" | "number"), _) => json!(1),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => json!([sample(document, &schema["items"])]),
        (_, Some("uuid")) => json!(MessageId::random()),
        _ => json!("lobby"),
    }
}

async fn calls(server: SocketAddr) -> Vec<Call> {
    let document = request(server, "GET", OPENAPI_PATH, &[], "").await.json();
    let mut calls = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let body = object(&sample(&document, schema));
            calls.push(Call { method: method.to_uppercase(), path: path.clone(), body });
        }
    }
    for path in ["/", "/ws", "/config.json", "/api/docs/", "/user/", "/message/", "/api/v1/nothing"] {
        calls.push(Call { method: "GET".to_owned(), path: path.to_owned(), body: Map::new() });
    }
    assert!(calls.len() > 7, "the document is not read rightly");
    calls
}

/// The bytes of a request like a call.
fn request_bytes(calls: Vec<Call>, token: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let parameter = prop_oneof![
        3 => Just("lobby".to_owned()),
        2 => Just("1".to_owned()),
        2 => Just("b9d7b6a0-3a34-4f4b-8b2e-0d6a0f8f5c11".to_owned()),
        1 => "[!-~]{0,30}",
        1 => "(%[0-9a-f]{2}){0,9}",
        1 => Just("9".repeat(40)),
    ];
    let query = prop_oneof![
        4 => Just(String::new()),
        2 => (0..4_usize, parameter.clone()).prop_map(|(name, value)| {
            format!("?{}={value}", ["limit", "before", "after", "others"][name])
        }),
        1 => "\\?[!-~]{0,40}",
    ];
    let method =
        prop_oneof![8 => Just(None), 1 => "[A-Z]{1,9}".prop_map(Some), 1 => Just(Some("PATCH".to_owned()))];
    let header = prop_oneof![
        6 => Just(String::new()),
        6 => Just(format!("authorization: Bearer {token}\r\n")),
        1 => "[!-~]{0,60}".prop_map(|value| format!("authorization: {value}\r\n")),
        1 => "[!-~]{0,60}".prop_map(|value| format!("cookie: hubbub={value}\r\n")),
        1 => "[!-~]{0,40}".prop_map(|value| format!("x-forwarded-for: {value}\r\norigin: {value}\r\n")),
        1 => (0..90_000_usize).prop_map(|bytes| format!("x: {}\r\n", "x".repeat(bytes))),
        1 => Just("x: 1\r\n".repeat(200)),
        1 => Just("transfer-encoding: chunked\r\n".to_owned()),
        1 => "[ -~]{0,40}".prop_map(|line| format!("{line}\r\n")),
    ];
    let garbage = vec(any::<u8>(), 0..300);
    let parts = (0..calls.len(), method, vec(parameter, 3), query, header, mutation(), any::<u8>());
    (parts, garbage).prop_map(move |((index, method, parameters, query, header, mutation, odd), garbage)| {
        // One in thirty is no HTTP at all.
        if odd < 8 {
            return garbage;
        }
        let Call { method: right, path, body } = calls[index].clone();
        let mut parameters = parameters.into_iter();
        let path: Vec<_> = path
            .split('/')
            .map(|part| if part.starts_with('{') { parameters.next().unwrap_or_default() } else { part.to_owned() })
            .collect();
        let body = if odd < 20 { String::from_utf8_lossy(&garbage).into_owned() } else { mutated(body, mutation) };
        let (method, path) = (method.unwrap_or(right), path.join("/"));
        format!(
            "{method} {path}{query} HTTP/1.1\r\nhost: chat\r\nconnection: close\r\n{header}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    })
}

/// Throws requests, one a connection. None is answered with a defect of the server.
async fn throw_requests(server: SocketAddr, seed: u64, until: Instant) -> u64 {
    let mut runner = runner(seed);
    let calls = calls(server).await;
    let mut thrown = 0;
    while Instant::now() < until {
        // Among what is thrown is the end of its account.
        let guest = format!(r#"{{"id":"{}","name":"Ada"}}"#, MessageId::random());
        let guest = request(server, "POST", "/api/v1/guests", &[], &guest).await.json();
        let requests = request_bytes(calls.clone(), guest["token"].as_str().unwrap());
        for _ in 0..30 {
            let bytes = pick(&mut runner, &requests);
            let answer = timeout(PATIENCE, exchange(server, &bytes)).await;
            let asked = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).into_owned();
            let answer = answer.unwrap_or_else(|_| panic!("seed {seed}: no end of the answer to {asked}"));
            let status = answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).unwrap_or("000");
            let defect = status.starts_with('5') && status != "503";
            assert!(!defect, "seed {seed}: {answer}\nanswers\n{asked}");
            thrown += 1;
        }
    }
    thrown
}

async fn exchange(server: SocketAddr, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(server).await.unwrap();
    let mut answer = Vec::new();
    // A server that has read enough closes, and what still comes is reset.
    let _ = socket.write_all(request).await;
    let _ = socket.shutdown().await;
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Two who chat, and wait for each message at both. Returns how many there were.
async fn bystanders(server: SocketAddr, stop: CancellationToken) -> u64 {
    let (mut one, mut two) = (Client::guest(server).await, Client::guest(server).await);
    one.join("bystanders").await;
    two.join("bystanders").await;
    let mut said = 0;
    while !stop.is_cancelled() {
        let id = one.send("bystanders", "still here?").await;
        said += 1;
        for client in [&mut one, &mut two] {
            let message = client.message().await;
            assert_eq!((message.offset, message.id), (said, id), "a message is missing, or another came");
        }
        std::mem::swap(&mut one, &mut two);
    }
    said
}

#[tokio::test]
async fn whatever_is_thrown_at_it_the_server_lives_and_others_chat_on() {
    let seed = std::env::var("FUZZ_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("FUZZ_SEED={seed}");
    let mut log = tempfile::NamedTempFile::new().unwrap();
    let mut command = program(&["--rate", RATES, "--trusted-proxy", "127.0.0.1"]);
    command.stdout(Stdio::piped()).stderr(log.reopen().unwrap()).env("RUST_LOG", "warn");
    let mut process = Process::of(command.spawn().unwrap());
    let server = process.address("chat").await;
    let (until, stop) = (Instant::now() + RUN, CancellationToken::new());
    let chat = tokio::spawn(bystanders(server, stop.clone()));
    let (frames, more_frames, requests, more_requests) = tokio::join!(
        throw_frames(server, seed, until),
        throw_frames(server, seed.wrapping_add(1), until),
        throw_requests(server, seed.wrapping_add(2), until),
        throw_requests(server, seed.wrapping_add(3), until),
    );
    stop.cancel();
    let said = chat.await.unwrap();
    println!(
        "{} frames, {} requests, {said} messages of bystanders",
        frames + more_frames,
        requests + more_requests
    );
    assert!(said > 0 && frames > 0 && requests > 0);
    process.signal("-TERM").await;
    assert_eq!(process.exit_code().await, Some(0));
    let mut written = String::new();
    std::io::Read::read_to_string(log.as_file_mut(), &mut written).unwrap();
    assert!(!written.contains("panicked"), "seed {seed}: {written}");
}
