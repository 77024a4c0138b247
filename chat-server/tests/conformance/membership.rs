//! The contract `Rooms`: who may be in a room, and who says so.

use std::sync::atomic::{AtomicI64, Ordering};

use chat_server::engine::frame::decode;
use chat_server::engine::rooms::{Founding, NewRole, RoleChange, RoleOutcome, SettingsChange};
use chat_server::engine::{Draft, EngineError, EngineEvent, FrameTemplate, Range, RoomEvent, RoomRefusal};
use chat_server::rooms;
use futures::future::{join, join_all};
use hubbub_protocol::http::Role;
use hubbub_protocol::limits::MEMBERS_PER_ROOM;
use hubbub_protocol::{
    Changed, MemberChange, MemberChanged, RoomName, RoomTitle, SessionId, StreamEvent, Timestamp, Topic,
    User, UserName,
};

use crate::on_every_engine;
use crate::world::{HISTORY, Server, World, draft, room, user};

on_every_engine! {
    async fn a_room_is_made_once_and_is_as_its_owner_made_it(world: &World) {
        let (server, tea, ada, eve) = (world.server().await, room("tea"), user("Ada"), user("Eve"));
        found(&server, &tea, &ada).await.unwrap();
        assert_eq!(found(&server, &tea, &eve).await, refused(RoomRefusal::Taken));
        let view = server.engine.view(&tea, ada.id, None).await.unwrap();
        assert_eq!((view.role, view.created), (Some(Role::Owner), Some(founded())));
        assert_eq!((view.title, view.topic), (Some(title("Tea time")), Some(topic("Hot drinks"))));
        assert_eq!((view.present, view.latest, view.unread), (0, 0, 0));
        assert_eq!(server.engine.view(&tea, eve.id, None).await.unwrap().role, None);
    }

    async fn a_room_that_came_to_be_by_itself_can_not_be_made_and_is_nobodys(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        let (written, entered, nowhere) = (room("written"), room("entered"), room("nowhere"));
        server.say(&written, "hello").await;
        server.engine.enter(&entered, &ada, SessionId::random()).await.unwrap();
        for there in [&written, &entered] {
            assert_eq!(found(&server, there, &ada).await, refused(RoomRefusal::Taken));
            assert_eq!(server.engine.view(there, ada.id, None).await.unwrap().created, None);
            assert_eq!(server.engine.members(there, ada.id).await.unwrap(), []);
            for answer in as_an_owner(&server, there, &ada).await {
                assert_eq!(answer, refused(RoomRefusal::NotAllowed));
            }
        }
        for answer in as_an_owner(&server, &nowhere, &ada).await {
            assert_eq!(answer, refused(RoomRefusal::NoSuchRoom));
        }
    }

    async fn of_many_who_make_a_room_at_once_one_does(world: &World) {
        let (server, tea) = (world.server().await, room("tea"));
        let users: Vec<_> = (0..10).map(|n| user(&format!("User {n}"))).collect();
        let made = join_all(users.iter().map(|user| found(&server, &tea, user))).await;
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1, "{made:?}");
        for (user, made) in users.iter().zip(made) {
            let role = server.engine.view(&tea, user.id, None).await.unwrap().role;
            assert_eq!(role, made.is_ok().then_some(Role::Owner));
        }
    }

    async fn to_who_has_no_part_in_it_a_room_by_invitation_is_not_there(world: &World) {
        let (server, ada, eve) = (world.server().await, user("Ada"), user("Eve"));
        let (club, nowhere) = (RoomName::private(), RoomName::private());
        found(&server, &club, &ada).await.unwrap();
        for name in [&club, &nowhere] {
            let engine = &server.engine;
            let no = EngineError::from(RoomRefusal::NoSuchRoom);
            assert_eq!(engine.view(name, eve.id, None).await.unwrap_err(), no);
            assert_eq!(engine.members(name, eve.id).await.unwrap_err(), no);
            assert_eq!(engine.enter(name, &eve, SessionId::random()).await.unwrap_err(), no);
            assert_eq!(say(&server, name, &eve).await.unwrap_err(), no);
            for answer in as_an_owner(&server, name, &eve).await {
                assert_eq!(answer.unwrap_err(), no);
            }
            assert_eq!(give(&server, name, &eve, &eve, NewRole::Left).await.unwrap_err(), no);
        }
        let admitted = server.engine.admitted(&club, &[eve.id, ada.id]).await.unwrap();
        assert_eq!(admitted, [ada.id]);
        assert_eq!(server.engine.admitted(&nowhere, &[ada.id]).await.unwrap(), []);
        assert_eq!(server.engine.admitted(&room("tea"), &[eve.id]).await.unwrap(), [eve.id], "a public one");
    }

    async fn a_change_is_for_owners_and_is_told_as_an_event_of_the_stream(world: &World) {
        let (mut server, tea, ada, bob) = (world.server().await, room("tea"), user("Ada"), user("Bob"));
        found(&server, &tea, &ada).await.unwrap();
        give(&server, &tea, &ada, &bob, NewRole::Member).await.unwrap();
        server.engine.subscribe(&tea).await.unwrap();
        assert_eq!(change(&server, &tea, &bob, None, Some("Mine")).await, refused(RoomRefusal::NotAllowed));
        change(&server, &tea, &ada, None, Some("Cold drinks")).await.unwrap();
        change(&server, &tea, &ada, Some("Tea"), None).await.unwrap();

        let (_, RoomEvent::Message { message, .. }) = server.room_event().await else { panic!("no event") };
        let StreamEvent::Changed(changed) = decode(&message.frame).unwrap() else { panic!("{message:?}") };
        assert_eq!((changed.offset, changed.title, changed.topic), (2, None, Some(topic("Cold drinks"))));
        let view = server.engine.view(&tea, bob.id, None).await.unwrap();
        assert_eq!((view.role, view.latest), (Some(Role::Member), 3));
        assert_eq!((view.title, view.topic), (Some(title("Tea")), Some(topic("Cold drinks"))));
        change(&server, &tea, &ada, None, Some("")).await.unwrap();
        let view = server.engine.view(&tea, bob.id, None).await.unwrap();
        assert_eq!(view.topic.unwrap_or_default(), topic(""));
    }

    async fn who_is_given_what_they_are_already_is_not_told_of_again(world: &World) {
        let (server, club) = (world.server().await, RoomName::private());
        let (ada, bob) = (user("Ada"), user("Bob"));
        found(&server, &club, &ada).await.unwrap();
        for role in [NewRole::Member, NewRole::Member, NewRole::Owner, NewRole::Owner, NewRole::Member] {
            give(&server, &club, &ada, &bob, role).await.unwrap();
        }
        let expected = [MemberChange::Invited, MemberChange::Owner, MemberChange::Member];
        assert_eq!(changes(&server, &club).await, expected);
        assert_eq!(roles(&server, &club, &ada).await, "Ada Owner, Bob Member");
    }

    async fn who_is_removed_says_nothing_behind_the_event_that_tells_of_it(world: &World) {
        let (server, club) = (world.server().await, RoomName::private());
        let (ada, bob) = (user("Ada"), user("Bob"));
        found(&server, &club, &ada).await.unwrap();
        give(&server, &club, &ada, &bob, NewRole::Member).await.unwrap();
        say(&server, &club, &bob).await.unwrap();
        let talking = join_all((0..100).map(|_| say(&server, &club, &bob)));
        let (said, removed) = join(talking, give(&server, &club, &ada, &bob, NewRole::Removed)).await;
        removed.unwrap();

        let stored = events(&server, &club).await;
        let removal = stored.iter().find(|event| {
            matches!(event, StreamEvent::Member(event) if event.change == MemberChange::Removed)
        });
        let removal = removal.unwrap().offset();
        let last = stored.iter().rfind(|event| matches!(event, StreamEvent::Message(_)));
        assert!(last.unwrap().offset() < removal);
        for answer in said {
            match answer {
                Ok(said) => assert!(said.offset < removal),
                Err(error) => assert_eq!(error, RoomRefusal::NoSuchRoom.into()),
            }
        }
        let session = SessionId::random();
        assert_eq!(server.engine.enter(&club, &bob, session).await, refused(RoomRefusal::NoSuchRoom));
        assert_eq!(roles(&server, &club, &ada).await, "Ada Owner");
    }

    async fn who_was_removed_from_a_public_room_stays_out_until_an_owner_puts_them_back(world: &World) {
        let (server, tea, ada, eve) = (world.server().await, room("tea"), user("Ada"), user("Eve"));
        found(&server, &tea, &ada).await.unwrap();
        give(&server, &tea, &ada, &eve, NewRole::Removed).await.unwrap();
        assert_eq!(say(&server, &tea, &eve).await, refused(RoomRefusal::NoSuchRoom));
        assert_eq!(give(&server, &tea, &eve, &eve, NewRole::Left).await, refused(RoomRefusal::NoSuchRoom));
        assert_eq!(server.engine.admitted(&tea, &[eve.id]).await.unwrap(), []);
        assert_eq!(roles(&server, &tea, &ada).await, "Ada Owner");
        give(&server, &tea, &ada, &eve, NewRole::Member).await.unwrap();
        say(&server, &tea, &eve).await.unwrap();
        assert_eq!(changes(&server, &tea).await, [MemberChange::Removed, MemberChange::Invited]);
    }

    async fn nobody_can_be_removed_who_has_no_part_in_a_room_by_invitation(world: &World) {
        let (server, club, ada, eve) = (world.server().await, RoomName::private(), user("Ada"), user("Eve"));
        found(&server, &club, &ada).await.unwrap();
        let answer = give(&server, &club, &ada, &eve, NewRole::Removed).await;
        assert_eq!(answer, refused(RoomRefusal::NoSuchMember));
        assert_eq!(changes(&server, &club).await, []);
    }

    async fn a_room_keeps_an_owner_and_who_is_there_longest_is_the_next(world: &World) {
        let (server, club) = (world.server().await, RoomName::private());
        let (ada, bob, cleo) = (user("Ada"), user("Bob"), user("Cleo"));
        found(&server, &club, &ada).await.unwrap();
        for guest in [&bob, &cleo] {
            give(&server, &club, &ada, guest, NewRole::Member).await.unwrap();
        }
        for role in [NewRole::Member, NewRole::Removed] {
            assert_eq!(give(&server, &club, &ada, &ada, role).await, refused(RoomRefusal::NotAllowed));
        }
        leave(&server, &club, &ada).await;
        assert_eq!(roles(&server, &club, &cleo).await, "Bob Owner, Cleo Member");
        // Of two owners, one may be made less.
        give(&server, &club, &bob, &cleo, NewRole::Owner).await.unwrap();
        give(&server, &club, &cleo, &bob, NewRole::Member).await.unwrap();
        assert_eq!(roles(&server, &club, &bob).await, "Bob Member, Cleo Owner");
    }

    async fn a_room_by_invitation_that_everyone_left_is_no_more(world: &World) {
        let (mut server, club) = (world.server().await, RoomName::private());
        let (ada, bob) = (user("Ada"), user("Bob"));
        found(&server, &club, &ada).await.unwrap();
        give(&server, &club, &ada, &bob, NewRole::Member).await.unwrap();
        say(&server, &club, &ada).await.unwrap();
        server.engine.subscribe(&club).await.unwrap();
        for person in [&ada, &bob] {
            server.engine.enter(&club, person, SessionId::random()).await.unwrap();
            leave(&server, &club, person).await;
        }
        let deleted = EngineEvent::Room { room: club.clone(), event: RoomEvent::Deleted };
        server.wait_for(|event| *event == deleted).await;
        for person in [&ada, &bob] {
            assert_eq!(say(&server, &club, person).await, refused(RoomRefusal::NoSuchRoom));
        }
        assert_eq!(server.engine.roster(&club, 10).await.unwrap().count, 0);
        assert_eq!(server.page(&club, Range::Latest(10)).await.latest, 0);
    }

    async fn a_room_that_is_deleted_is_gone_with_all_that_was_in_it_and_may_be_made_anew(world: &World) {
        let (mut server, tea) = (world.server().await, room("tea"));
        let (ada, bob) = (user("Ada"), user("Bob"));
        found(&server, &tea, &ada).await.unwrap();
        give(&server, &tea, &ada, &bob, NewRole::Member).await.unwrap();
        let said = say(&server, &tea, &bob).await.unwrap();
        server.engine.subscribe(&tea).await.unwrap();
        let session = SessionId::random();
        server.engine.enter(&tea, &bob, session).await.unwrap();
        assert_eq!(server.engine.delete(&tea, bob.id).await, Err(RoomRefusal::NotAllowed.into()));
        let mut members = server.engine.delete(&tea, ada.id).await.unwrap();
        members.sort_unstable();
        let mut expected = [ada.id, bob.id];
        expected.sort_unstable();
        assert_eq!(members, expected);
        let deleted = EngineEvent::Room { room: tea.clone(), event: RoomEvent::Deleted };
        server.wait_for(|event| *event == deleted).await;
        assert_eq!(server.engine.view(&tea, ada.id, None).await, Err(RoomRefusal::NoSuchRoom.into()));
        assert_eq!(server.engine.roster(&tea, 10).await.unwrap().count, 0);
        if let World::Redis(redis) = world {
            assert!(!redis.dump().contains("hello"));
        }

        found(&server, &tea, &bob).await.unwrap();
        // A server whose session was there takes it out, which is told of to nobody.
        server.engine.leave(&tea, bob.id, session).await.unwrap();
        assert_eq!(roles(&server, &tea, &ada).await, "Bob Owner");
        let anew = say(&server, &tea, &ada).await.unwrap();
        assert_eq!(anew.offset, 1);
        assert_ne!(anew.epoch, said.epoch);
    }

    async fn the_room_of_two_is_one_for_both_and_for_nobody_else(world: &World) {
        let (server, ada, bob, eve) = (world.server().await, user("Ada"), user("Bob"), user("Eve"));
        let engine = &*server.engine;
        let (one, other) = join(
            rooms::direct(engine, ada.clone(), bob.clone()),
            rooms::direct(engine, bob.clone(), ada.clone()),
        )
        .await;
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.room, other.room);
        assert_eq!((one.title.as_str(), other.title.as_str()), ("Bob", "Ada"));
        assert_eq!(roles(&server, &one.room, &bob).await, "Ada Member, Bob Member");
        assert_eq!(say(&server, &one.room, &eve).await, refused(RoomRefusal::NoSuchRoom));
        for person in [&ada, &bob] {
            let mine = rooms::mine(engine, person.id).await.unwrap();
            let [mine] = mine.rooms.as_slice() else { panic!("{mine:?}") };
            assert_eq!(mine.info.room, one.room);
            // There are two, and nobody is put out or in.
            for (member, role) in [(&eve, NewRole::Member), (&ada, NewRole::Removed), (&ada, NewRole::Left)] {
                let answer =
                    rooms::set_role(engine, person.clone(), one.room.clone(), member.clone(), role).await;
                assert_eq!(answer, refused(RoomRefusal::NotAllowed));
            }
        }
        assert_ne!(rooms::direct(engine, ada, eve).await.unwrap().room, one.room);
    }

    async fn members_are_listed_with_the_name_they_were_there_with_last(world: &World) {
        let (server, tea, ada) = (world.server().await, room("tea"), user("Ada"));
        let (mut bob, session) = (user("Bob"), SessionId::random());
        found(&server, &tea, &ada).await.unwrap();
        give(&server, &tea, &ada, &bob, NewRole::Member).await.unwrap();
        bob.name = UserName::parse("Robert \"}").unwrap();
        server.engine.enter(&tea, &bob, session).await.unwrap();
        let members = server.engine.members(&tea, ada.id).await.unwrap();
        let present: Vec<_> = members.iter().filter(|member| member.present).map(|member| &member.user).collect();
        assert_eq!((members.len(), present), (2, vec![&bob]));
        server.engine.leave(&tea, bob.id, session).await.unwrap();
        let members = server.engine.members(&tea, ada.id).await.unwrap();
        assert!(members.iter().any(|member| member.user == bob && !member.present), "{members:?}");
    }

    async fn a_room_has_at_most_a_thousand_members(world: &World) {
        let (server, club, ada, eve) = (world.server().await, RoomName::private(), user("Ada"), user("Eve"));
        let mut members: Vec<_> =
            (1..MEMBERS_PER_ROOM).map(|n| (user(&format!("User {n}")), Role::Member)).collect();
        members.push((ada.clone(), Role::Owner));
        let founding = Founding { members, ..founding(&club, &ada) };
        server.engine.create(founding).await.unwrap();
        assert_eq!(give(&server, &club, &ada, &eve, NewRole::Member).await, refused(RoomRefusal::TooMany));
        assert_eq!(server.engine.members(&club, ada.id).await.unwrap().len(), MEMBERS_PER_ROOM);
    }

    async fn public_rooms_are_listed_in_pages_by_the_bytes_of_their_names(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        found(&server, &RoomName::private(), &ada).await.unwrap();
        for name in ["b", "Ä", "a", "B", "a.1", "made"] {
            found(&server, &room(name), &ada).await.unwrap();
        }
        server.engine.subscribe(&room("joined")).await.unwrap();
        server.say(&room("said"), "hello").await;
        let (mut names, mut after) = (Vec::new(), None);
        loop {
            let page = server.engine.public(after.as_ref(), 3).await.unwrap();
            assert!(page.len() <= 3);
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            names.extend(page.iter().map(ToString::to_string));
        }
        assert_eq!(names, ["B", "a", "a.1", "b", "joined", "made", "said", "Ä"]);
        assert_eq!(server.engine.public(None, 0).await.unwrap(), []);
    }

    async fn public_rooms_that_ended_go_off_the_list_and_come_back_with_the_next_who_is_there(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        let listed = async || {
            let list = rooms::public(&*server.engine, ada.id, None, 2).await.unwrap();
            let names: Vec<_> = list.rooms.iter().map(|info| info.room.to_string()).collect();
            (names, list.next.map(|next| next.to_string()))
        };
        for name in ["a", "b", "c", "d"] {
            server.engine.subscribe(&room(name)).await.unwrap();
        }
        // Nobody is there and nothing was said: of the first page nothing is left.
        server.say(&room("c"), "hello").await;
        found(&server, &room("d"), &ada).await.unwrap();
        assert_eq!(listed().await, (vec!["c".to_owned(), "d".to_owned()], None));
        rooms::delete(&*server.engine, ada.id, &room("d")).await.unwrap();
        assert_eq!(listed().await, (vec!["c".to_owned()], None));
        server.engine.subscribe(&room("d")).await.unwrap();
        server.engine.enter(&room("d"), &ada, SessionId::random()).await.unwrap();
        assert_eq!(listed().await, (vec!["c".to_owned(), "d".to_owned()], None));
    }
}

/// When all rooms here were made.
fn founded() -> Timestamp {
    Timestamp::from_unix_millis(1_769_846_700_000)
}

/// Later with each call, so that it is decided who is there longest.
fn later() -> Timestamp {
    static TICKS: AtomicI64 = AtomicI64::new(1);
    Timestamp::from_unix_millis(founded().as_unix_millis() + TICKS.fetch_add(1, Ordering::Relaxed))
}

fn title(text: &str) -> RoomTitle {
    RoomTitle::parse(text).unwrap()
}

fn topic(text: &str) -> Topic {
    Topic::parse(text).unwrap()
}

fn refused<T>(refusal: RoomRefusal) -> Result<T, EngineError> {
    Err(refusal.into())
}

fn founding(room: &RoomName, owner: &User) -> Founding {
    Founding {
        room: room.clone(),
        title: Some(title("Tea time")),
        topic: Some(topic("Hot drinks")),
        created: founded(),
        members: vec![(owner.clone(), Role::Owner)],
    }
}

async fn found(server: &Server, room: &RoomName, owner: &User) -> Result<(), EngineError> {
    server.engine.create(founding(room, owner)).await
}

async fn give(
    server: &Server,
    room: &RoomName,
    by: &User,
    member: &User,
    role: NewRole,
) -> Result<(), EngineError> {
    let time = later();
    let told = |change| {
        let (room, user, member) = (room.clone(), by.clone(), member.clone());
        let event = MemberChanged { room, offset: 0, user, member, change, time };
        FrameTemplate::at_offset(&StreamEvent::Member(event)).unwrap()
    };
    let (event_if_new, event) = match role {
        NewRole::Owner => (told(MemberChange::Owner), told(MemberChange::Owner)),
        NewRole::Member => (told(MemberChange::Invited), told(MemberChange::Member)),
        NewRole::Removed => (told(MemberChange::Removed), told(MemberChange::Removed)),
        NewRole::Left => (told(MemberChange::Left), told(MemberChange::Left)),
    };
    let (room, by, member) = (room.clone(), by.id, member.clone());
    let change = RoleChange { room, by, member, role, time, event_if_new, event, heir: None };
    match server.engine.set_role(change).await? {
        RoleOutcome::Done => Ok(()),
        RoleOutcome::Inherits(heir) => panic!("nothing was done: {heir:?} would be the owner"),
    }
}

/// Leaves for good; who is the next owner is found out on the way.
async fn leave(server: &Server, room: &RoomName, who: &User) {
    rooms::set_role(&*server.engine, who.clone(), room.clone(), who.clone(), NewRole::Left).await.unwrap();
}

async fn change(
    server: &Server,
    room: &RoomName,
    by: &User,
    new_title: Option<&str>,
    new_topic: Option<&str>,
) -> Result<(), EngineError> {
    let (time, title, topic) = (later(), new_title.map(title), new_topic.map(topic));
    let event = Changed {
        room: room.clone(),
        offset: 0,
        user: by.clone(),
        title: title.clone(),
        topic: topic.clone(),
        time,
    };
    let event = FrameTemplate::at_offset(&StreamEvent::Changed(event)).unwrap();
    let (room, by) = (room.clone(), by.id);
    server.engine.change_settings(SettingsChange { room, by, title, topic, time, event }).await
}

/// What comes of all that is for owners to do.
async fn as_an_owner(server: &Server, room: &RoomName, by: &User) -> [Result<(), EngineError>; 3] {
    [
        change(server, room, by, Some("Mine"), None).await,
        give(server, room, by, &user("Friend"), NewRole::Owner).await,
        server.engine.delete(room, by.id).await.map(drop),
    ]
}

async fn say(
    server: &Server,
    room: &RoomName,
    by: &User,
) -> Result<chat_server::engine::Published, EngineError> {
    server.engine.publish(Draft { user: by.clone(), ..draft(room, "hello") }).await
}

async fn events(server: &Server, room: &RoomName) -> Vec<StreamEvent> {
    let page = server.page(room, Range::Latest(HISTORY)).await;
    page.messages.iter().map(|stored| decode(&stored.frame).unwrap()).collect()
}

/// What was told of members.
async fn changes(server: &Server, room: &RoomName) -> Vec<MemberChange> {
    let events = events(server, room).await.into_iter();
    events
        .filter_map(|event| if let StreamEvent::Member(event) = event { Some(event.change) } else { None })
        .collect()
}

/// Who is what, by name.
async fn roles(server: &Server, room: &RoomName, by: &User) -> String {
    let members = server.engine.members(room, by.id).await.unwrap();
    let mut roles: Vec<_> = members.iter().map(|it| format!("{} {:?}", it.user.name, it.role)).collect();
    roles.sort_unstable();
    roles.join(", ")
}
