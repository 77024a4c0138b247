//! docs/protocol.md says what the code does: its examples are parsed, and nothing is left out.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeSet;

use hubbub_protocol::{
    ClientFrame, CloseCode, ErrorCode, ServerFrame,
    admin::{AdminState, DrainRequest, ShedRequest},
    http::{
        AccountDeletion, CLASSIC_ROOM, CreateRoom, DeviceList, DirectRequest, EditRequest, EventPage,
        GuestCreated, GuestRequest, KeptMessage, KeyLogin, LoginRequest, MESSAGE_PATH, MemberList,
        MemberRequest, MyRooms, NewMessage, NewUser, PageConfig, PasswordChange, PostRequest, Posted,
        Problem, Profile, ProfileChange, ReactRequest, ReadRequest, ReadState, RegisterRequest, RoomChange,
        RoomInfo, RoomList, SessionCreated, TokenIssued, TokenRequest, USER_PATH, UserKey,
    },
    limits,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/protocol.md");

/// The word behind "json" of each example, and the example.
fn examples() -> Vec<(&'static str, &'static str)> {
    let blocks = DOCUMENT.split("\n```json ").skip(1);
    let examples: Vec<_> = blocks
        .map(|block| {
            let (kind, rest) = block.split_once('\n').unwrap();
            (kind.trim(), rest.split_once("\n```").unwrap().0)
        })
        .collect();
    assert!(examples.len() > 20, "the document is not read rightly");
    examples
}

fn of(kind: &str) -> Vec<&'static str> {
    examples().into_iter().filter(|(of, _)| *of == kind).map(|(_, text)| text).collect()
}

/// The types of frames.
fn types<'a>(frames: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let type_of = |text| serde_json::from_str::<Value>(text).unwrap()["type"].as_str().unwrap().to_owned();
    frames.into_iter().map(type_of).collect()
}

/// The example is read, and written again it is the same: it has no field that the code does not know.
fn is_exactly<T: Serialize + DeserializeOwned>(text: &str) {
    let value: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let expected: Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(value).unwrap(), expected);
}

#[test]
fn every_example_of_a_client_is_a_frame_and_every_frame_has_one() {
    let examples = of("client");
    let mut seen = BTreeSet::new();
    for text in &examples {
        let frame = ClientFrame::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_value(&frame).unwrap(), expected);
        // Whoever adds a frame has to name it here, and gives an example when this test fails.
        seen.insert(match frame {
            ClientFrame::Hello { .. } => "hello",
            ClientFrame::Join { .. } => "join",
            ClientFrame::Leave { .. } => "leave",
            ClientFrame::Send { .. } => "send",
            ClientFrame::Edit { .. } => "edit",
            ClientFrame::Delete { .. } => "delete",
            ClientFrame::React { .. } => "react",
            ClientFrame::Read { .. } => "read",
            ClientFrame::Rename { .. } => "rename",
            ClientFrame::Typing { .. } => "typing",
            ClientFrame::Ping => "ping",
        });
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
    assert_eq!(types(examples).len(), seen.len());
}

#[test]
fn every_example_of_a_server_is_a_frame_and_every_frame_has_one() {
    let examples = of("server");
    let mut seen = BTreeSet::new();
    for text in &examples {
        is_exactly::<ServerFrame>(text);
        seen.insert(match serde_json::from_str(text).unwrap() {
            ServerFrame::Welcome { .. } => "welcome",
            ServerFrame::Joined { .. } => "joined",
            ServerFrame::Left { .. } => "left",
            ServerFrame::Ack { .. } => "ack",
            ServerFrame::Message(_) => "message",
            ServerFrame::Edited(_) => "edited",
            ServerFrame::Deleted(_) => "deleted",
            ServerFrame::Reacted(_) => "reacted",
            ServerFrame::Erased(_) => "erased",
            ServerFrame::Changed(_) => "changed",
            ServerFrame::Member(_) => "member",
            ServerFrame::Seen(_) => "seen",
            ServerFrame::Read { .. } => "read",
            ServerFrame::RoomsChanged => "roomsChanged",
            ServerFrame::Renamed { .. } => "renamed",
            ServerFrame::Typing { .. } => "typing",
            ServerFrame::Pong => "pong",
            ServerFrame::Presence { .. } => "presence",
            ServerFrame::Reconnect { .. } => "reconnect",
            ServerFrame::Error(_) => "error",
        });
    }
    assert_eq!(seen.len(), 20, "{seen:?}");
    assert_eq!(types(examples).len(), seen.len());
}

#[test]
fn every_other_example_is_a_body_of_http() {
    let mut kinds = BTreeSet::new();
    for (kind, text) in examples() {
        match kind {
            "client" | "server" => continue,
            "Problem" => is_exactly::<Problem>(text),
            "GuestRequest" => is_exactly::<GuestRequest>(text),
            "GuestCreated" => is_exactly::<GuestCreated>(text),
            "RegisterRequest" => is_exactly::<RegisterRequest>(text),
            "LoginRequest" => is_exactly::<LoginRequest>(text),
            "SessionCreated" => is_exactly::<SessionCreated>(text),
            "DeviceList" => is_exactly::<DeviceList>(text),
            "Profile" => is_exactly::<Profile>(text),
            "ProfileChange" => is_exactly::<ProfileChange>(text),
            "PasswordChange" => is_exactly::<PasswordChange>(text),
            "AccountDeletion" => is_exactly::<AccountDeletion>(text),
            "CreateRoom" => is_exactly::<CreateRoom>(text),
            "RoomInfo" => is_exactly::<RoomInfo>(text),
            "RoomList" => is_exactly::<RoomList>(text),
            "RoomChange" => is_exactly::<RoomChange>(text),
            "DirectRequest" => is_exactly::<DirectRequest>(text),
            "MyRooms" => is_exactly::<MyRooms>(text),
            "MemberRequest" => is_exactly::<MemberRequest>(text),
            "MemberList" => is_exactly::<MemberList>(text),
            "EventPage" => is_exactly::<EventPage>(text),
            "PostRequest" => is_exactly::<PostRequest>(text),
            "EditRequest" => is_exactly::<EditRequest>(text),
            "ReactRequest" => is_exactly::<ReactRequest>(text),
            "Posted" => is_exactly::<Posted>(text),
            "ReadRequest" => is_exactly::<ReadRequest>(text),
            "ReadState" => is_exactly::<ReadState>(text),
            "NewUser" => is_exactly::<NewUser>(text),
            "UserKey" => is_exactly::<UserKey>(text),
            "KeyLogin" => is_exactly::<KeyLogin>(text),
            "NewMessage" => is_exactly::<NewMessage>(text),
            "TokenRequest" => is_exactly::<TokenRequest>(text),
            "TokenIssued" => is_exactly::<TokenIssued>(text),
            "KeptMessage" => is_exactly::<KeptMessage>(text),
            "PageConfig" => is_exactly::<PageConfig>(text),
            "AdminState" => is_exactly::<AdminState>(text),
            "DrainRequest" => is_exactly::<DrainRequest>(text),
            "ShedRequest" => is_exactly::<ShedRequest>(text),
            other => panic!("an example of {other}, which nobody reads"),
        }
        kinds.insert(kind);
    }
    assert_eq!(kinds.len(), 37, "{kinds:?}");
}

/// The first cells of the table below a heading, without their back-quotes.
fn first_cells(heading: &str) -> BTreeSet<String> {
    let section = DOCUMENT.split(&format!("\n## {heading}\n")).nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| "));
    rows.skip(1).map(|row| row.split(" |").next().unwrap().trim_matches('`').to_owned()).collect()
}

#[test]
fn every_error_code_is_explained_and_no_other() {
    let codes = ErrorCode::ALL.map(|code| code.as_str().to_owned());
    assert_eq!(first_cells("Errors"), BTreeSet::from(codes));
}

#[test]
fn every_close_code_is_explained_and_no_other() {
    let ours = CloseCode::ALL.map(|code| code.code().to_string());
    // WebSocket's own, for the engine that is away at hello.
    let expected = ours.into_iter().chain(["1013".to_owned()]).collect();
    assert_eq!(first_cells("Close codes"), expected);
}

#[test]
fn the_limits_are_those_of_the_code() {
    let section = DOCUMENT.split("\n## Limits\n").nth(1).unwrap().split("\n## ").next().unwrap();
    for part in [
        format!("1 to {} characters; no control", limits::NAME_CHARS),
        format!("1 to {} letters", limits::ROOM_CHARS),
        format!("1 to {} characters, not only", limits::TEXT_CHARS),
        format!("| frame of a client | {} bytes", limits::FRAME_BYTES),
        format!("| the same | {} bytes", limits::FRAME_BYTES_READ),
        format!("| rooms of a session | {} |", limits::ROOMS_PER_SESSION),
        format!("| {} | `badField`", limits::HISTORY_MAX),
        format!("| head of an HTTP request | {} bytes", limits::HEAD_BYTES),
        format!("| the same | complete within {} s", limits::HEAD_TIMEOUT.as_secs()),
        format!("| an HTTP request | complete within {} s", limits::REQUEST_TIMEOUT.as_secs()),
        format!("that are no WebSocket | {}, unless", limits::CONNECTIONS_PER_ADDRESS),
        format!("| the same, of all addresses | {} |", limits::CONNECTIONS_WITHOUT_SESSION),
        format!("| {} | answered with `recovered: false`", limits::RESUME_MAX),
        format!("have not said `hello` | {} |", limits::GREETINGS_PER_ADDRESS),
        format!("and at least {} |", limits::GREETINGS_MIN),
        format!("| members who see how far the others have read | {} |", limits::SEEN_MEMBERS),
        format!("| devices of a user | {} |", limits::DEVICES_PER_USER),
        format!("logins to an account | {} within", limits::FAILED_LOGINS_PER_ACCOUNT),
        format!("logins from an address | {} within", limits::FAILED_LOGINS_PER_ADDRESS),
    ] {
        assert!(section.contains(&part), "{part}");
    }
    for part in [
        format!("within {} s", limits::HELLO_TIMEOUT.as_secs()),
        format!("ping every {} s", limits::PING_INTERVAL.as_secs()),
        format!("more than {} messages were missed", limits::RESUME_MAX),
        format!("0 to {}, else {}", limits::HISTORY_MAX, limits::HISTORY_DEFAULT),
        format!("with up to {} former names", limits::NAMES_KEPT),
        format!("within {} minutes, counted", limits::FAILED_LOGINS_WINDOW.as_secs() / 60),
        format!("at most {} of those who are there", limits::MEMBERS_LISTED),
        format!("stays for {} s", limits::PRESENCE_LEASE.as_secs()),
        format!("public room `{CLASSIC_ROOM}`"),
        format!("an audience of 1 to {} characters", limits::AUDIENCE_CHARS),
        format!("good for {} minutes, and nobody", limits::SIGNED_TOKEN_LIFETIME.as_secs() / 60),
        format!("| POST {USER_PATH} |"),
        format!("| GET {MESSAGE_PATH} |"),
        format!("at least {} minutes", limits::DEDUPLICATION_WINDOW.as_secs() / 60),
        format!("at most {} s later; while", limits::COME_BACK_WITHIN.as_secs()),
        format!("in 20 s: {} as it is set", limits::CONNECTIONS_DEFAULT),
        format!("every list within {} s", (limits::PRESENCE_LEASE + limits::PRESENCE_SWEEP).as_secs()),
    ] {
        assert!(DOCUMENT.contains(&part), "{part}");
    }
}

#[test]
fn the_rates_are_those_of_the_code() {
    let section = DOCUMENT.split("\n### Rates\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let expected = limits::Limited::ALL.map(|limited| {
        let (scope, rate) = (limited.scope().as_str(), limited.usual());
        format!("| `{}` | {scope} | {} | {rate} |", limited.name(), limited.what())
    });
    assert_eq!(rows, expected);
}
