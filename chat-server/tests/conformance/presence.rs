//! The contract `Presence`.

use chat_server::engine::{RoomEvent, Roster};
use hubbub_protocol::{SessionId, User, UserName};

use crate::on_every_engine;
use crate::world::{World, room, user};

on_every_engine! {
    async fn a_user_comes_with_the_first_session_and_goes_with_the_last(world: &World) {
        let (mut server, lobby, ada) = (world.server().await, room("lobby"), user("Ada"));
        let (phone, laptop) = (SessionId::random(), SessionId::random());
        server.engine.subscribe(&lobby).await.unwrap();

        server.engine.enter(&lobby, &ada, phone).await.unwrap();
        server.engine.enter(&lobby, &ada, laptop).await.unwrap();
        server.engine.enter(&lobby, &ada, laptop).await.unwrap();
        server.engine.leave(&lobby, ada.id, phone).await.unwrap();
        server.engine.leave(&lobby, ada.id, phone).await.unwrap();
        let roster = server.engine.roster(&lobby, 10).await.unwrap();
        assert_eq!(roster, Roster { members: vec![ada.clone()], count: 1 });
        server.engine.leave(&lobby, ada.id, laptop).await.unwrap();

        assert_eq!(server.room_event().await, (lobby.clone(), came(&ada, 1)));
        assert_eq!(server.room_event().await, (lobby.clone(), went(&ada, 0)));
        let roster = server.engine.roster(&lobby, 10).await.unwrap();
        assert_eq!(roster, Roster { members: vec![], count: 0 });
    }

    async fn a_change_of_presence_tells_how_many_there_are(world: &World) {
        let (mut server, lobby) = (world.server().await, room("lobby"));
        server.engine.subscribe(&lobby).await.unwrap();
        let (ada, grace) = (user("Ada"), user("Grace"));
        let (first, second) = (SessionId::random(), SessionId::random());
        server.engine.enter(&lobby, &ada, first).await.unwrap();
        server.engine.enter(&lobby, &grace, second).await.unwrap();
        server.engine.leave(&lobby, ada.id, first).await.unwrap();
        for expected in [came(&ada, 1), came(&grace, 2), went(&ada, 1)] {
            assert_eq!(server.room_event().await, (lobby.clone(), expected));
        }
    }

    async fn leaving_without_having_been_there_is_not_told(world: &World) {
        let (mut server, lobby, ada) = (world.server().await, room("lobby"), user("Ada"));
        server.engine.subscribe(&lobby).await.unwrap();
        server.engine.leave(&lobby, ada.id, SessionId::random()).await.unwrap();
        server.engine.enter(&lobby, &ada, SessionId::random()).await.unwrap();
        server.engine.leave(&lobby, ada.id, SessionId::random()).await.unwrap();
        server.engine.leave(&room("elsewhere"), ada.id, SessionId::random()).await.unwrap();
        assert_eq!(server.room_event().await, (lobby.clone(), came(&ada, 1)));
        assert_eq!(server.engine.roster(&lobby, 10).await.unwrap().count, 1);
    }

    async fn who_enters_again_with_another_name_is_listed_with_it_and_told_as_renamed_once(world: &World) {
        let (mut server, lobby, mut ada) = (world.server().await, room("lobby"), user("Ada \"}"));
        let (session, other) = (SessionId::random(), SessionId::random());
        server.engine.subscribe(&lobby).await.unwrap();
        server.engine.enter(&lobby, &ada, session).await.unwrap();
        server.engine.enter(&lobby, &ada, other).await.unwrap();
        assert_eq!(server.room_event().await, (lobby.clone(), came(&ada, 1)));

        ada.name = UserName::parse("Gräfin / Łovelace").unwrap();
        for session in [session, other] {
            server.engine.enter(&lobby, &ada, session).await.unwrap();
        }
        assert_eq!(server.room_event().await, (lobby.clone(), RoomEvent::Renamed(ada.clone())));
        let roster = server.engine.roster(&lobby, 10).await.unwrap();
        assert_eq!(roster, Roster { members: vec![ada.clone()], count: 1 });
        for session in [session, other] {
            server.engine.leave(&lobby, ada.id, session).await.unwrap();
        }
        assert_eq!(server.room_event().await, (lobby.clone(), went(&ada, 0)));
    }

    async fn a_roster_is_by_name_and_has_at_most_as_many_as_asked_for(world: &World) {
        let (server, lobby) = (world.server().await, room("lobby"));
        let users: Vec<_> = ["Cleo", "Ada", "Dora", "Bea"].map(user).into_iter().collect();
        for user in &users {
            server.engine.enter(&lobby, user, SessionId::random()).await.unwrap();
        }
        let names = |roster: &Roster| -> Vec<String> {
            roster.members.iter().map(|user| user.name.to_string()).collect()
        };
        let all = server.engine.roster(&lobby, 10).await.unwrap();
        assert_eq!((names(&all), all.count), (["Ada", "Bea", "Cleo", "Dora"].map(str::to_owned).to_vec(), 4));
        let some = server.engine.roster(&lobby, 2).await.unwrap();
        assert_eq!((some.members.len(), some.count), (2, 4));
        assert!(some.members.iter().all(|user| users.contains(user)));
        assert_eq!(server.engine.roster(&lobby, 0).await.unwrap(), Roster { members: vec![], count: 4 });
    }

    async fn who_is_in_one_room_is_not_in_another(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        server.engine.enter(&room("here"), &ada, SessionId::random()).await.unwrap();
        assert_eq!(server.engine.roster(&room("there"), 10).await.unwrap().count, 0);
    }
}

fn came(user: &User, count: usize) -> RoomEvent {
    RoomEvent::Presence { joined: vec![user.clone()], left: vec![], count }
}

fn went(user: &User, count: usize) -> RoomEvent {
    RoomEvent::Presence { joined: vec![], left: vec![user.id], count }
}
