//! What a connection weighs after people came and went for a long time. That takes minutes, so all contenders are
//! measured in the same ones, each with servers of its own.

use std::time::Duration;

use tokio::time::sleep;

use super::{Failure, Figures, Plan};
use crate::{
    contender::{Contender, Servers},
    generator::{Fleet, Guests, Shape},
    host::Site,
};

/// As many of a contender's guests go a second, and come again: seldom enough that all contenders together leave most of
/// their core free, and in ten minutes everybody came twelve times.
const GO_A_SECOND: u32 = 20;

/// The part of the time after which a server is warm.
const WARM: u32 = 10;

/// Guests of a contender, who come and go.
struct Inn {
    // The guests go before the servers.
    guests: Guests,
    servers: Servers,
    empty: u64,
    figures: Figures,
}

/// Opens everybody's connections, lets them come and go, and reads off what the servers' memory grew by: after a tenth of
/// the time and at its end.
pub(super) async fn run(
    contenders: &[&'static dyn Contender],
    site: &Site,
    plan: &Plan,
) -> Vec<Result<Figures, Failure>> {
    let mut inns = Vec::new();
    for contender in contenders {
        inns.push(Inn::open(*contender, site, plan.churn).await);
    }
    let warm = plan.churning / WARM;
    sleep(warm).await;
    inns.iter_mut().flatten().for_each(|inn| inn.tell("kib"));
    sleep(plan.churning.saturating_sub(warm)).await;
    let mut results = Vec::new();
    for inn in inns {
        results.push(match inn {
            Ok(inn) => inn.end().await,
            Err(failure) => Err(failure),
        });
    }
    results
}

impl Inn {
    /// With everybody in it.
    async fn open(contender: &'static dyn Contender, site: &Site, guests: usize) -> Result<Self, Failure> {
        let servers = contender.start(site, 1).await?;
        // What is allocated at the first connection is the server's, not the connection's.
        drop(Fleet::open(contender, &servers.addresses, Shape { rooms: 1, members: 1, senders: 1 }).await?);
        let empty = servers.cost().rss;
        let stay = Duration::from_secs(guests as u64) / GO_A_SECOND;
        let guests = Guests::come(contender, &servers.addresses, guests.div_ceil(10), guests, stay);
        guests.all_in().await?;
        Ok(Self { guests, servers, empty, figures: Figures::new() })
    }

    /// Whose guests are not there any more weighs nothing, and has failed.
    async fn end(mut self) -> Result<Figures, Failure> {
        self.guests.all_in().await?;
        self.tell("kibAfter");
        Ok(self.figures)
    }

    #[expect(clippy::cast_precision_loss, reason = "2^52 bytes are more than a machine has")]
    fn tell(&mut self, name: &str) {
        let grown = self.servers.cost().rss.saturating_sub(self.empty) as f64 / 1024.0;
        let (visits, refused) = self.guests.counted();
        self.figures.insert(name.to_owned(), grown / self.guests.present().max(1) as f64);
        self.figures.insert("visits".to_owned(), visits as f64);
        self.figures.insert("visitsRefused".to_owned(), refused as f64);
    }
}
