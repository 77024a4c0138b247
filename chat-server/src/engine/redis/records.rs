//! Records of users and e-mail addresses, each one key; and counters.

use std::time::Duration;

use async_trait::async_trait;
use fred::prelude::{Key, KeysInterface, Value};

use super::{RedisEngine, keys, scripts};
use crate::engine::EngineError;
use crate::engine::accounts::{Attempts, NewRecord, RecordKey, Records};

#[async_trait]
impl Records for RedisEngine {
    async fn read(&self, key: &RecordKey) -> Result<Option<String>, EngineError> {
        let key = keys::record(key);
        let connection = &self.shared.topology.of(&key).commands;
        connection
            .call(|client| {
                let key = key.as_str();
                async move { client.get(key).await }
            })
            .await
    }

    async fn replace(
        &self,
        key: &RecordKey,
        believed: Option<&str>,
        new: Option<NewRecord<'_>>,
    ) -> Result<bool, EngineError> {
        let key = keys::record(key);
        let lifetime = new.and_then(|new| new.lifetime).map(millis).unwrap_or_default();
        let arguments: [Value; 3] =
            [believed.unwrap_or_default().into(), new.map_or("", |new| new.text).into(), lifetime.into()];
        let keys: [Key; 1] = [key.as_str().into()];
        let connection = &self.shared.topology.of(&key).commands;
        connection.run(&scripts::REPLACE_RECORD, &keys, &arguments).await
    }

    async fn count(&self, of: &str, window: Duration) -> Result<Attempts, EngineError> {
        let key = keys::attempts(of);
        let keys: [Key; 1] = [key.as_str().into()];
        let connection = &self.shared.topology.of(&key).commands;
        let (count, ends_in): (u64, i64) =
            connection.run(&scripts::COUNT_ATTEMPT, &keys, &[millis(window).into()]).await?;
        Ok(Attempts { count, ends_in: Duration::from_millis(ends_in.try_into().unwrap_or_default()) })
    }

    async fn take_back(&self, of: &str) -> Result<(), EngineError> {
        let key = keys::attempts(of);
        let keys: [Key; 1] = [key.as_str().into()];
        let connection = &self.shared.topology.of(&key).commands;
        connection.run(&scripts::TAKE_BACK_ATTEMPT, &keys, &[]).await
    }

    async fn forget(&self, of: &str) -> Result<(), EngineError> {
        let key = keys::attempts(of);
        let connection = &self.shared.topology.of(&key).commands;
        connection
            .call(|client| {
                let key = key.as_str();
                async move { client.del(key).await }
            })
            .await
    }
}

/// As scripts take it.
fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
