//! Users and their tokens. Both end [`GUEST_LIFETIME`] after they were last used.

use async_trait::async_trait;
use fred::prelude::{Expiration, Key, KeysInterface, Value};
use hubbub_protocol::{User, UserId, UserName};

use super::calls::patience;
use super::{RedisEngine, keys, scripts};
use crate::engine::token::{GUEST_LIFETIME, TokenHash, new_token};
use crate::engine::{Accounts, EngineError, GuestOutcome};

#[async_trait]
impl Accounts for RedisEngine {
    async fn create_guest(&self, user: &User) -> Result<GuestOutcome, EngineError> {
        let (deadline, token) = (patience(), new_token()?);
        let hash = TokenHash::of(&token);

        // The token first: nobody knows it yet, and a user without a token would be taken for ever.
        let token_key = keys::token(&hash);
        let tokens = &self.shared.topology.of(&token_key).commands;
        let lifetime = GUEST_LIFETIME.as_secs();
        tokens
            .call(deadline, |client| {
                let (key, id) = (token_key.as_str(), user.id.to_string());
                let expires = Expiration::EX(lifetime.cast_signed());
                async move { client.set::<(), _, _>(key, id, Some(expires), None, false).await }
            })
            .await?;

        let user_key = keys::user(user.id);
        let arguments: [Value; 3] =
            [user.name.as_str().into(), hash.as_str().into(), lifetime.to_string().into()];
        let users = &self.shared.topology.of(&user_key).commands;
        let keys: [Key; 1] = [user_key.as_str().into()];
        let ours: bool = users.run(deadline, &scripts::CREATE_USER, &keys, &arguments).await?;
        if ours {
            return Ok(GuestOutcome::Created(token));
        }
        tokens
            .call(deadline, |client| {
                let key = token_key.as_str();
                async move { client.del::<(), _>(key).await }
            })
            .await?;
        Ok(GuestOutcome::Taken)
    }

    async fn authenticate(&self, token: &str) -> Result<Option<User>, EngineError> {
        let deadline = patience();
        let lifetime: [Value; 1] = [GUEST_LIFETIME.as_secs().to_string().into()];
        let token_key = keys::token(&TokenHash::of(token));
        let keys: [Key; 1] = [token_key.as_str().into()];
        let tokens = &self.shared.topology.of(&token_key).commands;
        let id: Option<String> = tokens.run(deadline, &scripts::USE_TOKEN, &keys, &lifetime).await?;
        let Some(id) = id else { return Ok(None) };
        let id: UserId = id.parse().map_err(|_| corrupt("a token belongs to what is no user"))?;

        let user_key = keys::user(id);
        let keys: [Key; 1] = [user_key.as_str().into()];
        let users = &self.shared.topology.of(&user_key).commands;
        let name: Option<String> = users.run(deadline, &scripts::USE_USER, &keys, &lifetime).await?;
        let Some(name) = name else { return Ok(None) };
        let name = UserName::parse(&name).map_err(|_| corrupt("a user has a name that is none"))?;
        Ok(Some(User { id, name }))
    }

    async fn rename(&self, user: UserId, name: &UserName) -> Result<(), EngineError> {
        let user_key = keys::user(user);
        let keys: [Key; 1] = [user_key.as_str().into()];
        let arguments: [Value; 1] = [name.as_str().into()];
        self.shared
            .topology
            .of(&user_key)
            .commands
            .run(patience(), &scripts::RENAME_USER, &keys, &arguments)
            .await
    }
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(what.to_owned())
}
