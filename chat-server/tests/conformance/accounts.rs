//! The contract `Accounts`.

use chat_server::engine::{Engine, GuestOutcome};
use hubbub_protocol::{User, UserId, UserName};

use crate::on_every_engine;
use crate::world::{World, user};

on_every_engine! {
    async fn a_guest_is_known_by_the_token_and_by_nothing_else(world: &World) {
        let (server, ada, grace) = (world.server().await, user("Ada"), user("Grace"));
        let adas = token(&*server.engine, &ada).await;
        let graces = token(&*server.engine, &grace).await;
        assert_ne!(adas, graces);
        assert_eq!(server.engine.authenticate(&adas).await.unwrap(), Some(ada));
        assert_eq!(server.engine.authenticate(&graces).await.unwrap(), Some(grace));
        for wrong in ["", "x", &adas[1..], &adas.to_uppercase(), &format!("{adas} ")] {
            assert_eq!(server.engine.authenticate(wrong).await.unwrap(), None, "{wrong:?}");
        }
    }

    async fn an_id_that_is_taken_is_not_given_again_and_its_owner_stays(world: &World) {
        let (server, ada) = (world.server().await, user("Ada"));
        let adas = token(&*server.engine, &ada).await;
        let impostor = User { id: ada.id, name: UserName::parse("Impostor").unwrap() };
        assert_eq!(server.engine.create_guest(&impostor).await.unwrap(), GuestOutcome::Taken);
        assert_eq!(server.engine.authenticate(&adas).await.unwrap(), Some(ada));
    }

    async fn a_renamed_guest_has_the_new_name_from_then_on(world: &World) {
        let (server, mut ada) = (world.server().await, user("Ada"));
        let adas = token(&*server.engine, &ada).await;
        ada.name = UserName::parse("Gräfin Lovelace").unwrap();
        server.engine.rename(ada.id, &ada.name).await.unwrap();
        assert_eq!(server.engine.authenticate(&adas).await.unwrap(), Some(ada));
    }

    async fn renaming_nobody_makes_nobody(world: &World) {
        let server = world.server().await;
        let nobody = User { id: UserId::random(), name: UserName::parse("Nobody").unwrap() };
        server.engine.rename(nobody.id, &nobody.name).await.unwrap();
        assert!(matches!(server.engine.create_guest(&nobody).await.unwrap(), GuestOutcome::Created(_)));
    }
}

async fn token(engine: &dyn Engine, user: &User) -> String {
    match engine.create_guest(user).await.unwrap() {
        GuestOutcome::Created(token) => token,
        GuestOutcome::Taken => panic!("a fresh id is taken"),
    }
}
