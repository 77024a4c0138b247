//! The names of all keys and channels. Those of one room share the hash tag `{room}`, so that a Cluster keeps them
//! in one slot and one script may touch them all. A room's name can't have braces, see [`RoomName`].

use std::ops::RangeInclusive;

use hubbub_protocol::{MessageId, RoomName, UserId};

use super::sessions::Bucket;
use super::topology::slot;
use crate::engine::accounts::RecordKey;

/// A sorted set: each server's lease and when it ends, see `lease.rs`.
pub(super) const SERVERS: &str = "hubbub:servers";

/// A sorted set, all with the score 0: the names of public rooms.
pub(super) const PUBLIC_ROOMS: &str = "hubbub:rooms";

/// The sharded channel on which every server hears what concerns users.
pub(super) const CONTROL: &str = "hubbub:control";

/// A hash: the stream's name, its epoch and its latest offset.
pub(super) fn meta(room: &RoomName) -> String {
    format!("hubbub:{{{room}}}:meta")
}

/// A list: the latest events of a room's stream, see `room.lua`.
pub(super) fn stream(room: &RoomName) -> String {
    format!("hubbub:{{{room}}}:stream")
}

/// Where and when a message was stored; ends with the deduplication window.
pub(super) fn id(room: &RoomName, id: MessageId) -> String {
    format!("hubbub:{{{room}}}:id:{id}")
}

/// A hash: each user in the room, with name, sessions and the leases of their servers.
pub(super) fn members(room: &RoomName) -> String {
    format!("hubbub:{{{room}}}:members")
}

/// A hash: who has a part in a room, see `roles.lua`.
pub(super) fn roles(room: &RoomName) -> String {
    format!("hubbub:{{{room}}}:roles")
}

/// A hash: when a room was made, its title and topic.
pub(super) fn settings(room: &RoomName) -> String {
    format!("hubbub:{{{room}}}:settings")
}

/// A hash: the rooms on a user's own list, see `note_room.lua`.
pub(super) fn own_rooms(user: UserId) -> String {
    format!("hubbub:rooms:{user}")
}

/// The sharded channel on which a room's events go out.
pub(super) fn channel(room: &RoomName) -> String {
    format!("hubbub:{{{room}}}")
}

/// A hash: the sessions of each user of one part of the register, with the leases of their servers.
pub(super) fn register(bucket: Bucket) -> String {
    format!("hubbub:{{sessions:{}}}", bucket.number())
}

/// A set: the leases that are in a part of the register.
pub(super) fn leases(bucket: Bucket) -> String {
    format!("{}:leases", register(bucket))
}

/// A record of the accounts. All keys of one user have the hash tag `{user:<id>}`.
pub(super) fn record(key: &RecordKey) -> String {
    match key {
        RecordKey::User(id) => format!("hubbub:{{user:{id}}}"),
        RecordKey::Email(email) => format!("hubbub:email:{email}"),
    }
}

/// A counter of attempts.
pub(super) fn attempts(of: &str) -> String {
    format!("hubbub:attempts:{of}")
}

/// A key in one of these slots, to which nothing is written that counts: a server that has the slots takes a
/// write there, or takes none at all.
pub(super) fn probe(slots: &RangeInclusive<u16>) -> String {
    // One number in 16384 is the right one.
    (0..u64::MAX)
        .map(|number| format!("hubbub:probe:{{{number}}}"))
        .find(|key| slots.contains(&slot(key)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_probe_for_any_slot() {
        for slots in [0..=16_383, 5_461..=5_461, 16_000..=16_383] {
            assert!(slots.contains(&slot(&probe(&slots))), "{slots:?}");
        }
    }

    #[test]
    fn all_keys_of_a_room_have_one_hash_tag() {
        let room = RoomName::parse("küche-2").unwrap();
        for key in [
            meta(&room),
            stream(&room),
            id(&room, MessageId::random()),
            members(&room),
            roles(&room),
            settings(&room),
            channel(&room),
        ] {
            assert!(key.starts_with("hubbub:{küche-2}"), "{key}");
        }
    }
}
