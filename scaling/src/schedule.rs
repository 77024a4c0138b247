//! More servers at certain hours.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use croner::Cron;
use serde::{Deserialize, Serialize};

use crate::{InvalidPolicy, Moment};

/// A minimum that holds from a certain hour to another, again and again: KEDA's cron trigger, as a floor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Schedule {
    start: Cron,
    end: Cron,
    zone: Tz,
    min: u32,
}

impl Schedule {
    /// From each time of the cron pattern `start` to the next of `end`, in a time zone such as `Europe/Berlin`, at least
    /// `min` servers.
    ///
    /// # Errors
    /// When a pattern has no times, or the zone does not exist.
    ///
    /// ```
    /// use hubbub_scaling::{Moment, Schedule};
    /// // Five servers in the office hours of Berlin.
    /// let office = Schedule::new("0 8 * * 1-5", "0 18 * * 1-5", "Europe/Berlin", 5).unwrap();
    /// // Monday, 5 January 2026, 06:59:59 UTC is 07:59:59 there; in July they are an hour further ahead.
    /// let winter = 1_767_596_399;
    /// assert_eq!(office.floor(Moment::from_secs(winter)), None);
    /// assert_eq!(office.floor(Moment::from_secs(winter + 1)), Some(5));
    /// assert_eq!(office.floor(Moment::from_secs(winter + 10 * 3_600)), Some(5));
    /// assert_eq!(office.floor(Moment::from_secs(winter + 10 * 3_600 + 1)), None);
    /// let summer = winter + 26 * 7 * 86_400;
    /// assert_eq!(office.floor(Moment::from_secs(summer - 3_600)), None);
    /// assert_eq!(office.floor(Moment::from_secs(summer - 3_599)), Some(5));
    /// assert!(Schedule::new("0 8 30 2 *", "0 18 * * *", "UTC", 5).is_err()); // 30 February
    /// ```
    pub fn new(start: &str, end: &str, zone: &str, min: u32) -> Result<Self, InvalidPolicy> {
        let zone = Tz::from_str(zone).map_err(|_| InvalidPolicy::TimeZone(zone.to_owned()))?;
        Ok(Self { start: cron(start)?, end: cron(end)?, zone, min })
    }

    /// The minimum of this time, when it is one of the schedule's. What begins and ends at the same time has ended.
    pub fn floor(&self, now: Moment) -> Option<u32> {
        let millis = now.since(Moment::from_secs(0)).as_millis();
        let now =
            DateTime::<Utc>::from_timestamp_millis(i64::try_from(millis).ok()?)?.with_timezone(&self.zone);
        let started = self.start.find_previous_occurrence(&now, true).ok()?;
        let ended = self.end.find_previous_occurrence(&now, true).ok();
        ended.is_none_or(|ended| ended < started).then_some(self.min)
    }
}

/// A schedule as it is written down.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    start: String,
    end: String,
    time_zone: String,
    min: u32,
}

impl TryFrom<Written> for Schedule {
    type Error = InvalidPolicy;

    fn try_from(Written { start, end, time_zone, min }: Written) -> Result<Self, InvalidPolicy> {
        Self::new(&start, &end, &time_zone, min)
    }
}

impl From<Schedule> for Written {
    fn from(Schedule { start, end, zone, min }: Schedule) -> Self {
        let (start, end) = (start.as_str().to_owned(), end.as_str().to_owned());
        Self { start, end, time_zone: zone.name().to_owned(), min }
    }
}

/// A pattern that has a time in the years after 2026.
fn cron(pattern: &str) -> Result<Cron, InvalidPolicy> {
    let bad = |problem: croner::errors::CronError| InvalidPolicy::Cron {
        pattern: pattern.to_owned(),
        problem: problem.to_string(),
    };
    let cron = Cron::from_str(pattern).map_err(bad)?;
    let begin = DateTime::<Utc>::from_timestamp_secs(1_767_225_600).unwrap_or_default();
    cron.find_next_occurrence(&begin, true).map_err(bad)?;
    Ok(cron)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_and_weekends_wrap_around() {
        let weekend = Schedule::new("0 18 * * 5", "0 8 * * 1", "UTC", 3).unwrap();
        // Friday, 2 January 2026, 18:00.
        let friday = 1_767_376_800;
        let at = |hours: u64| weekend.floor(Moment::from_secs(friday + hours * 3_600));
        assert_eq!((at(0), at(61), at(62)), (Some(3), Some(3), None));
        assert_eq!(weekend.floor(Moment::from_secs(friday - 1)), None);
    }

    #[test]
    fn mistakes_are_told() {
        let complaint = |start: &str, zone: &str| {
            Schedule::new(start, "0 18 * * *", zone, 2).map(|_| ()).unwrap_err().to_string()
        };
        assert!(complaint("eight", "UTC").starts_with("\"eight\" is no cron pattern such as 0 8 * * 1-5: "));
        assert_eq!(complaint("0 8 * * *", "Berlin"), "\"Berlin\" is no time zone such as Europe/Berlin");
    }
}
