//! The contract `Rooms`, by way of what users do with rooms.

use chat_server::engine::rooms::NewRole;
use chat_server::engine::{Engine, EngineError, EngineEvent, Range, RoomEvent, RoomRefusal, StoredMessage};
use chat_server::rooms;
use hubbub_protocol::http::Role;
use hubbub_protocol::{MemberChange, MemberChanged, RoomName, RoomTitle, ServerFrame, User, UserId};

use crate::on_every_engine;
use crate::world::{World, user};

/// Makes a private room whose owner is the first, and invites the others in this order.
async fn private(engine: &dyn Engine, owner: &User, others: &[&User]) -> RoomName {
    let room = RoomName::private();
    let title = RoomTitle::parse("Plans").ok();
    rooms::create(engine, owner.clone(), room.clone(), title, None).await.unwrap();
    for other in others {
        rooms::set_role(engine, owner.clone(), room.clone(), (*other).clone(), NewRole::Member)
            .await
            .unwrap();
    }
    room
}

/// Who was made what, by whom.
fn change(StoredMessage { offset, frame }: &StoredMessage) -> (UserId, UserId, MemberChange) {
    match serde_json::from_str(frame).unwrap() {
        ServerFrame::Member(MemberChanged { user, member, change, offset: told, .. }) => {
            assert_eq!(*offset, told);
            (user.id, member.id, change)
        }
        other => panic!("not of a member: {other:?}"),
    }
}

async fn changes(engine: &dyn Engine, room: &RoomName) -> Vec<(UserId, UserId, MemberChange)> {
    let page = engine.history(room, Range::Latest(100)).await.unwrap();
    assert_eq!(page.latest, page.messages.len() as u64);
    page.messages.iter().map(change).collect()
}

async fn roles(engine: &dyn Engine, room: &RoomName, by: &User) -> Vec<(UserId, Role)> {
    let mut roles: Vec<_> = engine
        .members(room, by.id)
        .await
        .unwrap()
        .into_iter()
        .map(|member| (member.user.id, member.role))
        .collect();
    roles.sort_unstable_by_key(|(user, role)| (*role != Role::Owner, *user));
    roles
}

on_every_engine! {
    async fn when_the_last_owner_leaves_who_is_there_longest_is_the_next_and_that_is_an_event(world: &World) {
        let mut server = world.server().await;
        let [ada, bob, cleo] = ["Ada", "Bob", "Cleo \"}"].map(user);
        let engine = server.engine.clone();
        let room = private(&*engine, &ada, &[&bob, &cleo]).await;
        engine.subscribe(&room).await.unwrap();
        let leave = async |who: &User| rooms::set_role(&*engine, who.clone(), room.clone(), who.clone(), NewRole::Left).await;

        leave(&ada).await.unwrap();
        let expected = [
            (ada.id, bob.id, MemberChange::Invited),
            (ada.id, cleo.id, MemberChange::Invited),
            (ada.id, ada.id, MemberChange::Left),
            (ada.id, bob.id, MemberChange::Owner),
        ];
        assert_eq!(changes(&*engine, &room).await, expected);
        for expected in &expected[2..] {
            let told = server.wait_for(|event| matches!(event, EngineEvent::Room { .. })).await;
            let EngineEvent::Room { event: RoomEvent::Message { message, .. }, .. } = told else { panic!("{told:?}") };
            assert_eq!(change(&message), *expected);
        }
        assert_eq!(roles(&*engine, &room, &bob).await, [(bob.id, Role::Owner), (cleo.id, Role::Member)]);

        leave(&bob).await.unwrap();
        assert_eq!(changes(&*engine, &room).await[4..], [
            (bob.id, bob.id, MemberChange::Left),
            (bob.id, cleo.id, MemberChange::Owner),
        ]);
        leave(&cleo).await.unwrap();
        let gone = engine.view(&room, cleo.id, None).await;
        assert_eq!(gone, Err(EngineError::Refused(RoomRefusal::NoSuchRoom)));
    }

    async fn an_owner_who_is_not_the_last_leaves_without_an_heir(world: &World) {
        let (server, [ada, bob, cleo]) = (world.server().await, ["Ada", "Bob", "Cleo"].map(user));
        let engine = &*server.engine;
        let room = private(engine, &ada, &[&bob, &cleo]).await;
        rooms::set_role(engine, ada.clone(), room.clone(), cleo.clone(), NewRole::Owner).await.unwrap();
        rooms::set_role(engine, ada.clone(), room.clone(), ada.clone(), NewRole::Left).await.unwrap();
        assert_eq!(changes(engine, &room).await[2..], [
            (ada.id, cleo.id, MemberChange::Owner),
            (ada.id, ada.id, MemberChange::Left),
        ]);
        assert_eq!(roles(engine, &room, &bob).await, [(cleo.id, Role::Owner), (bob.id, Role::Member)]);
    }

    async fn who_leaves_all_rooms_has_a_part_in_none_and_those_who_stay_go_on(world: &World) {
        let (server, [ada, bob]) = (world.server().await, ["Ada", "Bob"].map(user));
        let engine = &*server.engine;
        let own = private(engine, &ada, &[&bob]).await;
        let bobs = private(engine, &bob, &[&ada]).await;
        let alone = private(engine, &ada, &[]).await;
        let direct = rooms::direct(engine, ada.clone(), bob.clone()).await.unwrap().room;
        let public = RoomName::parse("plans").unwrap();
        rooms::create(engine, ada.clone(), public.clone(), None, None).await.unwrap();
        let visited = RoomName::parse("visited").unwrap();
        engine.note(ada.id, &visited, None).await.unwrap();

        for _ in 0..2 {
            rooms::leave_all(engine, &ada).await.unwrap();
            assert_eq!(engine.list(ada.id).await.unwrap(), []);
        }
        for (room, role) in [(&own, Role::Owner), (&bobs, Role::Owner), (&direct, Role::Member)] {
            assert_eq!(roles(engine, room, &bob).await, [(bob.id, role)]);
            let seen = engine.view(room, ada.id, None).await;
            assert_eq!(seen, Err(EngineError::Refused(RoomRefusal::NoSuchRoom)));
        }
        let seen = engine.view(&alone, ada.id, None).await;
        assert_eq!(seen, Err(EngineError::Refused(RoomRefusal::NoSuchRoom)));
        assert_eq!(rooms::look(engine, bob.id, direct).await.unwrap().title, "Ada");
        assert_eq!(engine.members(&public, bob.id).await.unwrap(), []);
    }
}
