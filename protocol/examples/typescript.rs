//! Prints the TypeScript types of the wire, for the page. `make generate` writes them to
//! `web/src/lib/protocol/generated.ts`.

use hubbub_protocol::{
    Changed, ClientFrame, CloseCode, Deleted, DeviceId, DeviceName, Edited, Emoji, Epoch, Erased, ErrorCode,
    ErrorFrame, LeftReason, Limits, MemberChange, MemberChanged, Message, MessageId, MessageText, Reacted,
    Reaction, ResumeFrom, RoomKind, RoomName, RoomTitle, SUBPROTOCOL, Seen, ServerFrame, ServerId, SessionId,
    StreamEvent, Target, Timestamp, Topic, User, UserId, UserName, WEBSOCKET_PATH,
    http::{
        AccountDeletion, CreateRoom, DIRECT_PATH, Device, DeviceList, DirectRequest, EditRequest, EventPage,
        FormerName, GUESTS_PATH, GuestCreated, GuestRequest, LoginRequest, ME_PATH, MY_ROOMS_PATH, Member,
        MemberList, MemberRequest, MyRoom, MyRooms, OnlineSession, PAGE_CONFIG_PATH, PASSWORD_PATH,
        PageConfig, PasswordChange, PostRequest, Posted, Problem, Profile, ProfileChange, ROOMS_PATH,
        ReactRequest, ReadRequest, ReadState, RegisterRequest, Role, RoomChange, RoomInfo, RoomList,
        SESSIONS_PATH, SessionCreated, USERS_PATH,
    },
    limits::{
        EMAIL_CHARS, NAME_CHARS, PASSWORD_CHARS, PASSWORD_CHARS_MIN, ROOM_CHARS, TEXT_CHARS, TITLE_CHARS,
        TOPIC_CHARS, UNREAD_MAX,
    },
};
use ts_rs::{Config, TS};

macro_rules! print_types {
    ($config:expr, $($name:ident),+ $(,)?) => {
        $(println!("\nexport {}", $name::decl($config));)+
    };
}

macro_rules! print_texts {
    ($($name:ident),+ $(,)?) => {
        $(println!("export const {} = '{}';", stringify!($name), $name);)+
    };
}

macro_rules! print_numbers {
    ($($name:ident),+ $(,)?) => {
        $(println!("export const {} = {};", stringify!($name), $name);)+
    };
}

fn main() {
    println!("// Generated from the Rust crate hubbub-protocol by `make generate`. Do not edit.");
    println!("\nexport const SUBPROTOCOL = '{SUBPROTOCOL}';");
    println!("export const WEBSOCKET_PATH = '{WEBSOCKET_PATH}';");
    print_texts!(
        GUESTS_PATH,
        PAGE_CONFIG_PATH,
        USERS_PATH,
        SESSIONS_PATH,
        ME_PATH,
        PASSWORD_PATH,
        ROOMS_PATH,
        DIRECT_PATH,
        MY_ROOMS_PATH,
    );
    print_numbers!(
        NAME_CHARS,
        ROOM_CHARS,
        TEXT_CHARS,
        TITLE_CHARS,
        TOPIC_CHARS,
        EMAIL_CHARS,
        PASSWORD_CHARS_MIN,
        PASSWORD_CHARS,
        UNREAD_MAX,
    );
    println!("\nexport const CLOSE_CODES = {{");
    for code in CloseCode::ALL {
        println!("  {code:?}: {},", code.code());
    }
    println!("}} as const;");
    print_wire_types(&Config::default());
    print_http_types(&Config::default());
}

/// Of the WebSocket.
fn print_wire_types(config: &Config) {
    print_types!(
        config,
        UserId,
        MessageId,
        SessionId,
        Epoch,
        ServerId,
        UserName,
        RoomName,
        MessageText,
        Timestamp,
        ErrorCode,
        DeviceId,
        DeviceName,
        RoomTitle,
        Topic,
        Emoji,
        RoomKind,
        User,
        Reaction,
        Message,
        Edited,
        Deleted,
        Reacted,
        Erased,
        Changed,
        MemberChange,
        MemberChanged,
        Seen,
        StreamEvent,
        LeftReason,
        Target,
        Limits,
        ErrorFrame,
        ResumeFrom,
        ClientFrame,
        ServerFrame,
    );
}

/// Of the HTTP API.
fn print_http_types(config: &Config) {
    print_types!(
        config,
        GuestRequest,
        GuestCreated,
        PageConfig,
        Problem,
        RegisterRequest,
        LoginRequest,
        SessionCreated,
        OnlineSession,
        Device,
        DeviceList,
        FormerName,
        Profile,
        ProfileChange,
        PasswordChange,
        AccountDeletion,
        Role,
        RoomInfo,
        RoomList,
        CreateRoom,
        RoomChange,
        DirectRequest,
        MyRoom,
        MyRooms,
        Member,
        MemberList,
        MemberRequest,
        EventPage,
        PostRequest,
        EditRequest,
        ReactRequest,
        Posted,
        ReadRequest,
        ReadState,
    );
}
