//! Prints the TypeScript types of the wire, for the page. `make generate` writes them to
//! `web/src/lib/protocol/generated.ts`.

use hubbub_protocol::{
    ClientFrame, CloseCode, Epoch, ErrorCode, ErrorFrame, Limits, Message, MessageId, MessageText,
    ResumeFrom, RoomName, SUBPROTOCOL, ServerFrame, ServerId, SessionId, Timestamp, User, UserId, UserName,
    WEBSOCKET_PATH,
    http::{GUESTS_PATH, GuestCreated, GuestRequest, PAGE_CONFIG_PATH, PageConfig, Problem},
    limits::{NAME_CHARS, ROOM_CHARS, TEXT_CHARS},
};
use ts_rs::{Config, TS};

macro_rules! print_types {
    ($config:expr, $($name:ident),+ $(,)?) => {
        $(println!("\nexport {}", $name::decl($config));)+
    };
}

fn main() {
    println!("// Generated from the Rust crate hubbub-protocol by `make generate`. Do not edit.");
    println!("\nexport const SUBPROTOCOL = '{SUBPROTOCOL}';");
    println!("export const WEBSOCKET_PATH = '{WEBSOCKET_PATH}';");
    println!("export const GUESTS_PATH = '{GUESTS_PATH}';");
    println!("export const PAGE_CONFIG_PATH = '{PAGE_CONFIG_PATH}';");
    println!("export const NAME_CHARS = {NAME_CHARS};");
    println!("export const ROOM_CHARS = {ROOM_CHARS};");
    println!("export const TEXT_CHARS = {TEXT_CHARS};");
    println!("\nexport const CLOSE_CODES = {{");
    for code in CloseCode::ALL {
        println!("  {code:?}: {},", code.code());
    }
    println!("}} as const;");
    let config = Config::default();
    print_types!(
        &config,
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
        User,
        Message,
        Limits,
        ErrorFrame,
        ResumeFrom,
        ClientFrame,
        ServerFrame,
        GuestRequest,
        GuestCreated,
        PageConfig,
        Problem,
    );
}
