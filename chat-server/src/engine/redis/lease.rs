//! The lease of this server: a member of a sorted set in Redis, under which all is entered that ends with the server.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use fred::prelude::{Key, SortedSetsInterface, Value};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::entries::Place;
use super::sessions::Bucket;
use super::sweep::{Lease, SweepRule};
use super::{Shared, keys, scripts};
use crate::engine::EngineError;

/// A lease is renewed this many times while it lasts: two renewals may fail, and what ended elsewhere is noticed
/// well within [`PRESENCE_SWEEP`](hubbub_protocol::limits::PRESENCE_SWEEP) (10 s / 3.33 = 3 s).
const RENEWALS: f64 = 10.0 / 3.0;

/// What a renewal tells.
pub(super) struct Leases {
    /// Whether that of this server runs.
    pub(super) own: bool,
    /// All that run.
    pub(super) running: BTreeSet<Lease>,
}

impl Shared {
    /// Renews the lease, enters again what is lost, does what is owed and sweeps after others, for ever.
    pub(super) async fn keep_lease(&self) {
        let mut rule = SweepRule::new(self.options.presence_lease);
        let mut remakes = self.topology.remakes();
        let mut known = *remakes.borrow();
        let (mut behind, mut remade) = (false, false);
        let mut rooms_kept = Instant::now();
        loop {
            let remade_now = *remakes.borrow_and_update();
            remade |= remade_now != known;
            known = remade_now;
            let renewal = self.renew(&mut rule, remade).await;
            self.renewed.store(renewal.is_ok(), Ordering::Relaxed);
            match renewal {
                Ok(begun) => {
                    remade = false;
                    behind = (begun || behind) && !self.enter_again().await;
                    self.pay_owed().await;
                    if rule.may_sweep(Instant::now()) {
                        self.sweep_unchecked().await;
                    }
                    if rooms_kept.elapsed() >= self.options.keep_rooms {
                        self.keep_rooms().await;
                        rooms_kept = Instant::now();
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "could not renew the lease");
                    rule.trouble(Instant::now());
                }
            }
            tokio::select! {
                () = sleep(self.options.presence_lease.div_f64(RENEWALS)) => {}
                () = self.entries.wake.notified() => {}
                _ = remakes.changed() => {}
            }
        }
    }

    /// Renews the lease, or begins one. Answers whether one was begun.
    ///
    /// When a master was made anew, entering and leaving that it took last may be lost, and nobody knows which. Then
    /// another lease begins as well: all sessions are entered again under it, and what is left under the old one is
    /// swept when that ends.
    async fn renew(&self, rule: &mut SweepRule, remade: bool) -> Result<bool, EngineError> {
        let lease = self.entries.lease.borrow().clone();
        let renewed = match lease {
            Some(lease) if !remade => {
                Some(self.ask_for_leases(&lease, "").await?).filter(|leases| leases.own)
            }
            _ => None,
        };
        let begun = renewed.is_none();
        let running = match renewed {
            Some(leases) => leases.running,
            None => self.begin_lease(rule).await?,
        };
        if rule.observe(running) {
            self.entries.check_all(self.subscriptions.rooms().into_iter().map(Place::Room));
            self.entries.check_all(Bucket::all().map(Place::Register));
        }
        Ok(begun)
    }

    /// Begins another lease. Answers all that run.
    async fn begin_lease(&self, rule: &mut SweepRule) -> Result<BTreeSet<Lease>, EngineError> {
        if self.entries.lease.borrow().is_some() {
            tracing::warn!("Redis was away, and may have lost who is where; entering all sessions again");
            rule.trouble(Instant::now());
        }
        let lease = format!("{}-{}", self.options.server, Uuid::new_v4().simple());
        let running = self.ask_for_leases(&lease, "new").await?.running;
        self.entries.lease.send_replace(Some(lease));
        // There may have been nobody to see the end of the last server's lease.
        self.entries.check_all(Bucket::all().map(Place::Register));
        Ok(running)
    }

    /// The leases of now. That of this server is renewed.
    pub(super) async fn leases(&self) -> Result<Leases, EngineError> {
        let own = self.entries.lease.borrow().clone().unwrap_or_default();
        self.ask_for_leases(&own, "").await
    }

    async fn ask_for_leases(&self, lease: &str, begin: &str) -> Result<Leases, EngineError> {
        let lasts = self.options.presence_lease.as_millis().to_string();
        let arguments: [Value; 3] = [lease.into(), lasts.into(), begin.into()];
        let connection = &self.topology.of(keys::SERVERS).commands;
        let keys: [Key; 1] = [keys::SERVERS.into()];
        let answer: Vec<String> = connection
            .insist(|client| {
                let (keys, arguments) = (&keys, &arguments);
                async move { scripts::run(&scripts::RENEW, &client, keys, arguments).await }
            })
            .await?;
        let mut answer = answer.into_iter();
        Ok(Leases { own: answer.next().as_deref() == Some("1"), running: answer.collect() })
    }

    /// Ends a lease before its time.
    pub(super) async fn end_lease(&self, lease: &str) -> Result<(), EngineError> {
        let connection = &self.topology.of(keys::SERVERS).commands;
        connection.call(|client| async move { client.zrem::<(), _, _>(keys::SERVERS, lease).await }).await
    }
}
