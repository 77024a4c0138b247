//! The Lua scripts. Each says in its file what it takes and answers; all may run twice with the same arguments.

use std::sync::LazyLock;

use fred::prelude::{Client, Error, FromValue, Key, LuaInterface, Value};
use fred::types::scripts::Script;

macro_rules! script {
    ($(#[$doc:meta])* $name:ident, $($file:literal),+) => {
        $(#[$doc])*
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::from_lua(concat!($(include_str!(concat!("scripts/", $file, ".lua"))),+)));
    };
}

script!(/// Stores a message.
    PUBLISH, "roles", "room", "append", "publish");
script!(/// Reads an event that is to be changed.
    LOOK_UP, "room", "append", "find", "look_up");
script!(/// Changes an event.
    AMEND, "roles", "room", "append", "find", "amend");
script!(/// Reads messages.
    HISTORY, "room", "history");
script!(/// Has a room live on.
    KEEP, "keep");
script!(/// Makes a room.
    CREATE_ROOM, "create_room");
script!(/// Changes a room's settings.
    CHANGE_ROOM, "roles", "charter", "room", "append", "change_room");
script!(/// Changes who somebody is in a room.
    SET_ROLE, "roles", "charter", "room", "append", "set_role");
script!(/// Ends a room.
    DELETE_ROOM, "roles", "charter", "delete_room");
script!(/// Reads who may be in a room.
    ADMITTED, "roles", "admitted");
script!(/// Reads a room as somebody sees it.
    VIEW_ROOM, "roles", "room", "view_room");
script!(/// Reads who has a part in a room.
    MEMBERS_OF_ROOM, "roles", "members_of_room");
script!(/// Notes a room on a user's own list.
    NOTE_ROOM, "note_room");
script!(/// Notes a session in a room.
    ENTER, "roles", "enter");
script!(/// Forgets a session in a room.
    LEAVE, "leave");
script!(/// Reads who is in a room.
    ROSTER, "roster");
script!(/// Reads which leases a room knows.
    LEASES, "leases");
script!(/// Forgets the sessions of leases that ended.
    SWEEP, "sweep");
script!(/// Notes a session in the register.
    BEGIN_SESSION, "begin_session");
script!(/// Forgets a session in the register.
    END_SESSION, "end_session");
script!(/// Forgets the sessions of leases that ended in the register.
    SWEEP_REGISTER, "sweep_register");
script!(/// Renews a lease and reads all others.
    RENEW, "renew");
script!(/// Replaces a record if it says what is believed.
    REPLACE_RECORD, "replace_record");
script!(/// Counts an attempt.
    COUNT_ATTEMPT, "count_attempt");
script!(/// Takes an attempt back.
    TAKE_BACK_ATTEMPT, "take_back_attempt");

/// Runs a script by its hash, or by its text where Redis does not have it: a fresh one, or after SCRIPT FLUSH.
pub(super) async fn run<T: FromValue>(
    script: &Script,
    client: &Client,
    keys: &[Key],
    arguments: &[Value],
) -> Result<T, Error> {
    match client.evalsha(script.sha1().clone(), keys.to_vec(), arguments.to_vec()).await {
        Err(error) if error.details().starts_with("NOSCRIPT") => {
            let text = script.lua().cloned().unwrap_or_default();
            client.eval(text, keys.to_vec(), arguments.to_vec()).await
        }
        answer => answer,
    }
}
