//! The contract `Broker`: changes of what is stored.

use chat_server::engine::frame::decode;
use chat_server::engine::{
    Amendment, Found, Frame, FrameTemplate, HistoryLimits, Present, Range, RoomEvent, StoredMessage,
};
use futures::future::join_all;
use hubbub_protocol::{
    Deleted, Edited, Erased, Message, MessageId, MessageText, RoomName, StreamEvent, Timestamp,
};

use crate::on_every_engine;
use crate::world::{Server, World, room};

on_every_engine! {
    async fn a_change_is_an_event_and_the_message_is_served_as_it_is_now(world: &World) {
        let (mut server, lobby) = (world.server().await, room("lobby"));
        server.engine.subscribe(&lobby).await.unwrap();
        server.say(&lobby, "hello").await;
        server.say(&lobby, "behind").await;
        let Found::Done(published) = edit(&server, &lobby, 1, MessageId::random(), "better").await else {
            panic!("not done")
        };
        assert_eq!((published.offset, published.duplicate), (3, false));

        let [StreamEvent::Message(first), StreamEvent::Message(_), StreamEvent::Edited(edited)] =
            <[StreamEvent; 3]>::try_from(page(&server, &lobby, Range::Latest(10)).await).unwrap()
        else {
            panic!("other events")
        };
        assert_eq!((first.text.as_str(), first.offset, first.amended), ("better", 1, 3));
        assert_eq!((edited.offset, edited.of, edited.id), (3, 1, first.id));
        for _ in 0..2 {
            server.room_event().await;
        }
        let (_, RoomEvent::Message { epoch, message }) = server.room_event().await else { panic!("no event") };
        assert_eq!((epoch, message.offset), (published.epoch, 3));
        assert_eq!(decode(&message.frame).unwrap(), StreamEvent::Edited(edited));
    }

    async fn a_change_under_an_id_that_was_stored_is_done_once(world: &World) {
        let (server, lobby, id) = (world.server().await, room("lobby"), MessageId::random());
        server.say(&lobby, "hello").await;
        let Found::Done(first) = edit(&server, &lobby, 1, id, "better").await else { panic!("not done") };
        let mut known = first.clone();
        known.duplicate = true;
        assert_eq!(server.engine.look_up(&lobby, 1, id).await.unwrap(), Found::Done(known.clone()));
        let present = present(&server, &lobby, 1).await;
        let again = edited(present, &lobby, id, "worse");
        assert_eq!(server.engine.amend(again).await.unwrap(), Found::Done(known));
        assert_eq!(texts(&server, &lobby).await, ["better", "better"]);
    }

    async fn who_read_an_older_state_is_told_the_present_one_and_changes_nothing(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        server.say(&lobby, "hello").await;
        let old = present(&server, &lobby, 1).await;
        edit(&server, &lobby, 1, MessageId::random(), "first").await;
        let late = edited(old, &lobby, MessageId::random(), "late");
        let Found::Present(now) = server.engine.amend(late).await.unwrap() else { panic!("done") };
        assert_eq!((now.amended, now.edit.map(|edit| edit.offset)), (2, Some(2)));
        assert_eq!(texts(&server, &lobby).await, ["first", "first"]);
    }

    async fn of_changes_at_once_each_is_done_in_the_end(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        server.say(&lobby, "0").await;
        join_all((0..20).map(|_| async {
            let id = MessageId::random();
            let mut found = server.engine.look_up(&lobby, 1, id).await.unwrap();
            loop {
                let present = match found {
                    Found::Present(present) => present,
                    Found::Done(_) => return,
                    Found::Nothing => panic!("it is gone"),
                };
                let text = match decode(&present.event.frame).unwrap() {
                    StreamEvent::Message(message) => message.text.as_str().parse::<u32>().unwrap() + 1,
                    other => panic!("{other:?}"),
                };
                found = server.engine.amend(edited(present, &lobby, id, &text.to_string())).await.unwrap();
            }
        }))
        .await;
        assert_eq!(texts(&server, &lobby).await[0], "20");
        assert_eq!(server.page(&lobby, Range::Latest(0)).await.latest, 21);
    }

    async fn what_is_not_kept_can_not_be_changed(world: &World) {
        let (server, lobby) = (world.server_that_keeps(HistoryLimits::events(2)).await, room("lobby"));
        for text in ["trimmed", "changed", "latest"] {
            server.say(&lobby, text).await;
        }
        for offset in [0, 1, 4, u64::MAX] {
            let found = server.engine.look_up(&lobby, offset, MessageId::random()).await.unwrap();
            assert_eq!(found, Found::Nothing, "{offset}");
        }
        // It is trimmed by its own change.
        let Found::Done(published) = edit(&server, &lobby, 2, MessageId::random(), "gone").await else {
            panic!("not done")
        };
        assert_eq!(published.offset, 4);
        assert_eq!(texts(&server, &lobby).await, ["latest", "gone"]);
        let nowhere = server.engine.look_up(&room("nowhere"), 1, MessageId::random()).await.unwrap();
        assert_eq!(nowhere, Found::Nothing);
    }

    async fn a_text_that_was_replaced_is_nowhere_and_offsets_have_no_gap(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        for text in ["secret-1", "between"] {
            server.say(&lobby, text).await;
        }
        edit(&server, &lobby, 1, MessageId::random(), "secret-2").await;
        edit(&server, &lobby, 1, MessageId::random(), "secret-3").await;
        assert_eq!(texts(&server, &lobby).await, ["secret-3", "between", "", "secret-3"]);
        let present = present(&server, &lobby, 1).await;
        let deletion = deleted(present, &lobby);
        assert!(matches!(server.engine.amend(deletion).await.unwrap(), Found::Done(_)));
        assert_eq!(texts(&server, &lobby).await, ["", "between", "", "", ""]);
        let page = server.page(&lobby, Range::After { offset: 0, limit: 9 }).await;
        assert_eq!(page.messages.iter().map(|m| m.offset).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        if let World::Redis(redis) = world {
            assert_eq!(redis.dump().matches("secret").count(), 0);
        }
    }
}

async fn present(server: &Server, room: &RoomName, offset: u64) -> Present {
    match server.engine.look_up(room, offset, MessageId::random()).await.unwrap() {
        Found::Present(present) => present,
        other => panic!("{other:?}"),
    }
}

async fn edit(server: &Server, room: &RoomName, offset: u64, id: MessageId, text: &str) -> Found {
    let present = present(server, room, offset).await;
    server.engine.amend(edited(present, room, id, text)).await.unwrap()
}

fn message(present: &Present) -> Message {
    match decode(&present.event.frame).unwrap() {
        StreamEvent::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

fn present_user(present: &Present) -> hubbub_protocol::UserId {
    message(present).user.id
}

/// What took the place of an `edited`.
fn bare(edit: &StoredMessage) -> Frame {
    let StreamEvent::Edited(edited) = decode(&edit.frame).unwrap() else { panic!("not an edit") };
    serde_json::to_string(&StreamEvent::Edited(Edited { text: None, ..edited })).unwrap().into()
}

fn edited(present: Present, room: &RoomName, id: MessageId, text: &str) -> Amendment {
    let text = MessageText::parse(text).unwrap();
    let time = Timestamp::from_unix_millis(1_769_846_719_042);
    let message = message(&present);
    let event = Edited {
        room: room.clone(),
        offset: 0,
        of: message.offset,
        id: message.id,
        user: message.user.clone(),
        text: Some(text.clone()),
        mentions: vec![],
        time,
    };
    let replacement = Message { text, edited: Some(time), ..message };
    Amendment {
        room: room.clone(),
        id,
        by: present_user(&present),
        time,
        event: FrameTemplate::at_offset(&StreamEvent::Edited(event)).unwrap(),
        replacement: FrameTemplate::amended(replacement).unwrap(),
        event_has_text: true,
        superseded: present.edit.as_ref().map(bare),
        present,
    }
}

fn deleted(present: Present, room: &RoomName) -> Amendment {
    let time = Timestamp::from_unix_millis(1_769_846_729_042);
    let Message { offset, id, user, time: sent, .. } = message(&present);
    let event = Deleted { room: room.clone(), offset: 0, of: offset, id, user: user.clone(), time };
    let replacement = Erased { room: room.clone(), offset, id, user, time: sent, amended: 0 };
    Amendment {
        room: room.clone(),
        id: MessageId::random(),
        by: present_user(&present),
        time,
        event: FrameTemplate::at_offset(&StreamEvent::Deleted(event)).unwrap(),
        replacement: FrameTemplate::erased(replacement).unwrap(),
        event_has_text: false,
        superseded: present.edit.as_ref().map(bare),
        present,
    }
}

async fn page(server: &Server, room: &RoomName, range: Range) -> Vec<StreamEvent> {
    let page = server.page(room, range).await;
    page.messages.iter().map(|stored| decode(&stored.frame).unwrap()).collect()
}

/// What each event of a room says; empty where it says nothing.
async fn texts(server: &Server, room: &RoomName) -> Vec<String> {
    let text = |event| match event {
        StreamEvent::Message(message) => message.text.to_string(),
        StreamEvent::Edited(edited) => edited.text.map(|text| text.to_string()).unwrap_or_default(),
        _ => String::new(),
    };
    page(server, room, Range::Latest(100)).await.into_iter().map(text).collect()
}
