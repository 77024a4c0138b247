//! Members who read far more slowly than their room speaks: how long the others wait for what is said to them as well.

use std::time::Duration;

use super::{
    Failure, Figures, HALL, Plan, Scenario,
    fan_out::{Stage, Work},
};
use crate::{
    contender::Contender,
    generator::{Laggards, Shape},
    host::Site,
    report::Report,
};

/// 5 % of the hall.
const LAGGARDS: usize = 50;

/// The machine may stand still in one of them: the one in the middle counts.
const TRIALS: usize = 3;

/// As much is said as at half of the own highest rate of the hall: first to a hall without laggards, then to one of as
/// many members of whom some are.
#[expect(clippy::cast_precision_loss, reason = "2^52 deliveries are not made in a trial")]
pub(super) async fn run(
    contender: &'static dyn Contender,
    site: &Site,
    plan: &Plan,
    so_far: &Report,
) -> Result<Figures, Failure> {
    let hall = Scenario::Hall.name();
    let Some(most) = so_far.latest(contender.name(), &format!("{hall}.most")) else {
        return Ok(Figures::new());
    };
    let said = most / 2.0 / HALL.members as f64;
    let alone = {
        let mut stage = Stage::open(contender, site, &Work::of(1, HALL)).await?;
        p99(&mut stage, said * HALL.members as f64, plan).await
    };
    let others = Shape { members: HALL.members - LAGGARDS, ..HALL };
    let mut stage = Stage::open(contender, site, &Work::of(1, others)).await?;
    let laggards = Laggards::open(contender, stage.servers.addresses[0], LAGGARDS).await?;
    let slowed = p99(&mut stage, said * others.members as f64, plan).await;
    drop(laggards);
    let ratio = slowed.as_secs_f64() / alone.as_secs_f64().max(1e-6);
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    Ok(Figures::from([
        ("p99Ratio".to_owned(), ratio),
        ("p99MsWithout".to_owned(), millis(alone)),
        ("p99MsWith".to_owned(), millis(slowed)),
    ]))
}

async fn p99(stage: &mut Stage, rate: f64, plan: &Plan) -> Duration {
    // All are told who came in: that is not what is asked.
    stage.quiet().await;
    // The first trial after a pause is slower, laggards or not.
    stage.hold(rate, plan.trial).await;
    let mut times = [Duration::ZERO; TRIALS];
    for time in &mut times {
        *time = stage.hold(rate, plan.trial).await.p99();
    }
    times.sort_unstable();
    times[TRIALS / 2]
}
