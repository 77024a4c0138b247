//! The contract `Accounts`.

use std::time::Duration;

use chat_server::engine::accounts::{
    Acknowledged, Credentials, LogOut, LoggedIn, RegisterOutcome, Registration, Standing,
};
use chat_server::engine::{Engine, GuestOutcome};
use hubbub_protocol::limits::DEVICES_PER_USER;
use hubbub_protocol::{DeviceName, Email, Timestamp, User, UserId, UserName};

use crate::on_every_engine;
use crate::world::{World, user};

on_every_engine! {
    async fn a_guest_is_known_by_the_token_and_by_nothing_else(world: &World) {
        let (server, ada, grace) = (world.server().await, user("Ada"), user("Grace"));
        let adas = guest(&*server.engine, &ada).await.token;
        let graces = guest(&*server.engine, &grace).await.token;
        assert_ne!(adas, graces);
        assert_eq!(who(&*server.engine, &adas).await, Some(ada));
        assert_eq!(who(&*server.engine, &graces).await, Some(grace));
        let other = format!("{}{}", &adas[..32], &graces[32..]);
        for wrong in ["", "x", &adas[1..], &adas.to_uppercase(), &format!("{adas} "), &other] {
            assert_eq!(who(&*server.engine, wrong).await, None, "{wrong:?}");
        }
    }

    async fn an_id_that_is_taken_is_not_given_again_and_its_owner_stays(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        let adas = guest(&*server.engine, &ada).await.token;
        let impostor = User { id: ada.id, name: named("Impostor") };
        assert_eq!(server.engine.create_guest(&impostor).await.unwrap(), GuestOutcome::Taken);
        assert_eq!(who(&*server.engine, &adas).await, Some(ada));
    }

    async fn a_renamed_user_has_the_new_name_from_then_on_and_the_old_one_is_kept(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        let adas = guest(&*server.engine, &ada).await.token;
        let countess = User { id: ada.id, name: named("Gräfin Lovelace") };
        for _ in 0..2 {
            server.engine.rename(ada.id, &countess.name).await.unwrap();
        }
        assert_eq!(who(&*server.engine, &adas).await, Some(countess.clone()));
        assert_eq!(server.engine.user(ada.id).await.unwrap(), Some(countess.clone()));
        let profile = server.engine.profile(ada.id).await.unwrap().unwrap();
        assert_eq!((profile.user, profile.account, profile.email), (countess, false, None));
        let names: Vec<_> = profile.names.into_iter().map(|former| former.name).collect();
        assert_eq!(names, [ada.name]);
    }

    async fn whom_another_login_vouches_for_is_known_and_takes_the_place_of_a_guest(world: &World) {
        let (server, ada, eve) = (world.server().await, user("Ada"), user("Eve"));
        let evil = User { id: ada.id, ..eve };
        let guests = guest(&*server.engine, &evil).await;
        let signed = Timestamp::from_unix_millis(1_000);
        let first = server.engine.acknowledge(&ada, signed).await.unwrap();
        let logged_out = vec![guests.who.device];
        assert_eq!(first, Some(Acknowledged { user: ada.clone(), renamed: true, logged_out }));
        assert_eq!(who(&*server.engine, &guests.token).await, None);
        let again = server.engine.acknowledge(&ada, signed).await.unwrap();
        let nothing_new = Acknowledged { user: ada.clone(), renamed: false, logged_out: vec![] };
        assert_eq!(again, Some(nothing_new.clone()));
        let older = server.engine.acknowledge(&evil, Timestamp::from_unix_millis(999)).await.unwrap();
        assert_eq!(older, Some(nothing_new));
        assert_eq!(server.engine.user(ada.id).await.unwrap(), Some(ada.clone()));
        assert_eq!(server.engine.create_guest(&evil).await.unwrap(), GuestOutcome::Taken);
        server.engine.delete_user(ada.id).await.unwrap();
        assert_eq!(server.engine.acknowledge(&ada, signed).await.unwrap(), None);
    }

    async fn renaming_nobody_makes_nobody(world: &World) {
        let server = world.server().await;
        let nobody = user("Nobody");
        server.engine.rename(nobody.id, &nobody.name).await.unwrap();
        assert_eq!(server.engine.user(nobody.id).await.unwrap(), None);
        assert_eq!(server.engine.profile(nobody.id).await.unwrap(), None);
        guest(&*server.engine, &nobody).await;
    }

    async fn a_guest_becomes_an_account_and_keeps_id_names_and_token(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        let as_guest = guest(&*server.engine, &ada).await;
        let countess = named("Countess");
        server.engine.rename(ada.id, &countess).await.unwrap();
        let credentials = register(&*server.engine, &registration(ada.id, "Ada@Example.org")).await;
        let phone = log_in(&*server.engine, &credentials, "phone").await;
        assert_eq!(phone.who.user, User { id: ada.id, name: countess });
        assert_eq!(phone.who.standing, Standing::Account);
        let found = server.engine.authenticate(&as_guest.token).await.unwrap().unwrap();
        assert_eq!(found.standing, Standing::Account, "the guest's token is the account's now");
        assert_eq!(found.device, as_guest.who.device);
        let profile = server.engine.profile(ada.id).await.unwrap().unwrap();
        assert_eq!(profile.email.as_deref(), Some("Ada@Example.org"));
        assert_eq!(profile.names.len(), 1);
    }

    async fn an_e_mail_address_is_one_accounts_whatever_its_case(world: &World) {
        let server = world.server().await;
        let first = registration(UserId::random(), "Ada@example.org");
        let adas = register(&*server.engine, &first).await;
        let second = registration(UserId::random(), "ADA@EXAMPLE.ORG");
        let outcome = server.engine.register(&second).await.unwrap();
        assert_eq!(outcome, RegisterOutcome::EmailTaken);
        assert_eq!(server.engine.user(second.user).await.unwrap(), None, "nobody was made for it");
        let found = server.engine.credentials(&email("aDa@eXample.org")).await.unwrap();
        assert_eq!(found, Some(adas));
        assert_eq!(server.engine.credentials(&email("grace@example.org")).await.unwrap(), None);
    }

    async fn of_many_who_want_an_address_at_once_one_gets_it(world: &World) {
        let server = world.server().await;
        let wishes: Vec<_> = (0..8).map(|_| registration(UserId::random(), "ada@example.org")).collect();
        let outcomes = futures::future::join_all(wishes.iter().map(|wish| server.engine.register(wish))).await;
        let got = outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(RegisterOutcome::Registered(_))));
        assert_eq!(got.count(), 1);
    }

    async fn who_is_an_account_does_not_become_another(world: &World) {
        let server = world.server().await;
        let first = registration(UserId::random(), "ada@example.org");
        register(&*server.engine, &first).await;
        let second = registration(first.user, "countess@example.org");
        assert_eq!(server.engine.register(&second).await.unwrap(), RegisterOutcome::NoGuest);
        // The address was not used up by it.
        register(&*server.engine, &registration(UserId::random(), "countess@example.org")).await;
    }

    async fn each_login_is_a_device_with_a_token_of_its_own(world: &World) {
        let server = world.server().await;
        let credentials = register(&*server.engine, &registration(UserId::random(), "ada@example.org")).await;
        let phone = log_in(&*server.engine, &credentials, "phone").await;
        let laptop = log_in(&*server.engine, &credentials, "laptop").await;
        let devices = server.engine.devices(credentials.user).await.unwrap();
        let mut names: Vec<_> = devices.iter().map(|device| device.name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["laptop", "phone"]);

        let gone = server.engine.log_out(credentials.user, LogOut::One(phone.who.device)).await.unwrap();
        assert_eq!(gone, [phone.who.device]);
        assert_eq!(who(&*server.engine, &phone.token).await, None);
        assert!(who(&*server.engine, &laptop.token).await.is_some());
        let tablet = log_in(&*server.engine, &credentials, "tablet").await;
        let gone = server.engine.log_out(credentials.user, LogOut::Others(tablet.who.device)).await.unwrap();
        assert_eq!(gone, [laptop.who.device]);
        assert_eq!(server.engine.log_out(credentials.user, LogOut::All).await.unwrap(), [tablet.who.device]);
        assert_eq!(who(&*server.engine, &tablet.token).await, None);
        assert!(server.engine.devices(credentials.user).await.unwrap().is_empty());
        assert!(server.engine.user(credentials.user).await.unwrap().is_some(), "an account stays");
    }

    async fn devices_are_bounded_and_the_one_that_was_seen_longest_ago_makes_room(world: &World) {
        let server = world.server().await;
        let credentials = register(&*server.engine, &registration(UserId::random(), "ada@example.org")).await;
        let mut pushed_out = 0;
        for number in 0..DEVICES_PER_USER + 2 {
            pushed_out += log_in(&*server.engine, &credentials, &number.to_string()).await.pushed_out.len();
        }
        assert_eq!(pushed_out, 2);
        assert_eq!(server.engine.devices(credentials.user).await.unwrap().len(), DEVICES_PER_USER);
    }

    async fn logins_at_the_same_time_are_all_kept(world: &World) {
        let server = world.server().await;
        let credentials = register(&*server.engine, &registration(UserId::random(), "ada@example.org")).await;
        let device = DeviceName::parse("phone").unwrap();
        let logins = (0..6).map(|_| server.engine.log_in(&credentials, &device));
        for login in futures::future::join_all(logins).await {
            let token = login.unwrap().unwrap().token;
            assert!(who(&*server.engine, &token).await.is_some());
        }
    }

    async fn a_password_is_changed_by_who_knew_the_old_one(world: &World) {
        let server = world.server().await;
        let old = register(&*server.engine, &registration(UserId::random(), "ada@example.org")).await;
        assert!(server.engine.set_password(&old, "new").await.unwrap());
        assert!(!server.engine.set_password(&old, "newer").await.unwrap(), "it is another since");
        let found = server.engine.credentials(&old.email).await.unwrap().unwrap();
        assert_eq!(found.password_hash, "new");
    }

    async fn who_is_deleted_is_nobody_and_nobody_takes_the_id_and_anybody_the_address(world: &World) {
        let server = world.server().await;
        let credentials = register(&*server.engine, &registration(UserId::random(), "ada@example.org")).await;
        let phone = log_in(&*server.engine, &credentials, "phone").await;
        for _ in 0..2 {
            server.engine.delete_user(credentials.user).await.unwrap();
        }
        assert_eq!(who(&*server.engine, &phone.token).await, None);
        assert_eq!(server.engine.user(credentials.user).await.unwrap(), None);
        assert!(server.engine.knows(credentials.user).await.unwrap(), "that it was deleted");
        assert!(!server.engine.knows(UserId::random()).await.unwrap());
        assert_eq!(server.engine.credentials(&credentials.email).await.unwrap(), None);
        let device = DeviceName::parse("phone").unwrap();
        assert_eq!(server.engine.log_in(&credentials, &device).await.unwrap(), None);
        let impostor = User { id: credentials.user, name: named("Impostor") };
        assert_eq!(server.engine.create_guest(&impostor).await.unwrap(), GuestOutcome::Taken);
        register(&*server.engine, &registration(UserId::random(), "ada@example.org")).await;
    }

    async fn attempts_are_counted_within_their_window(world: &World) {
        let server = world.server().await;
        let window = Duration::from_mins(1);
        for count in 1..=3 {
            let attempts = server.engine.count_attempt("ada", window).await.unwrap();
            assert_eq!(attempts.count, count);
            assert!(attempts.ends_in <= window && !attempts.ends_in.is_zero(), "{attempts:?}");
        }
        server.engine.take_back_attempt("ada").await.unwrap();
        assert_eq!(server.engine.count_attempt("ada", window).await.unwrap().count, 3);
        server.engine.forget_attempts("ada").await.unwrap();
        server.engine.take_back_attempt("ada").await.unwrap();
        assert_eq!(server.engine.count_attempt("ada", window).await.unwrap().count, 1);
        assert_eq!(server.engine.count_attempt("short", Duration::from_millis(50)).await.unwrap().count, 1);
        crate::world::until("the window ended", async || {
            server.engine.count_attempt("short", Duration::from_millis(50)).await.unwrap().count == 1
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_the_same_on_every_server() {
    let world = World::redis();
    let (one, two) = (world.server().await, world.server().await);
    let credentials = register(&*one.engine, &registration(UserId::random(), "ada@example.org")).await;
    let phone = log_in(&*two.engine, &credentials, "phone").await;
    assert!(who(&*one.engine, &phone.token).await.is_some());
    two.engine.log_out(credentials.user, LogOut::All).await.unwrap();
    assert_eq!(who(&*one.engine, &phone.token).await, None);
}

fn named(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

async fn guest(engine: &dyn Engine, user: &User) -> LoggedIn {
    match engine.create_guest(user).await.unwrap() {
        GuestOutcome::Created(guest) => guest,
        GuestOutcome::Taken => panic!("a fresh id is taken"),
    }
}

async fn who(engine: &dyn Engine, token: &str) -> Option<User> {
    engine.authenticate(token).await.unwrap().map(|found| found.user)
}

fn registration(user: UserId, address: &str) -> Registration {
    Registration { user, name: named("Ada"), email: email(address), password_hash: "hash".to_owned() }
}

async fn register(engine: &dyn Engine, registration: &Registration) -> Credentials {
    match engine.register(registration).await.unwrap() {
        RegisterOutcome::Registered(credentials) => credentials,
        other => panic!("not registered: {other:?}"),
    }
}

async fn log_in(engine: &dyn Engine, credentials: &Credentials, device: &str) -> LoggedIn {
    engine.log_in(credentials, &DeviceName::parse(device).unwrap()).await.unwrap().expect("an account")
}
