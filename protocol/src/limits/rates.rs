//! How often: every rate that the server keeps, in one table.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use super::FRAME_BYTES_READ;

/// Whom a rate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One WebSocket.
    Connection,
    /// All that a user does on one server.
    User,
    /// All that comes to one server from an address (IPv6: from a /64).
    Address,
    /// All that comes to one server.
    Server,
}

impl Scope {
    /// As the documents call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::User => "user",
            Self::Address => "address",
            Self::Server => "server",
        }
    }
}

/// The time in which a rate gives back what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Second,
    Minute,
}

/// So many in a period, and after a rest so many at once (a token bucket).
///
/// ```
/// use hubbub_protocol::limits::Rate;
/// use std::time::Duration;
/// let rate: Rate = "20/s+200".parse().unwrap();
/// // 200 at once; when they are used up, one more every 50 ms.
/// assert_eq!(rate.burst().get(), 200);
/// assert_eq!(rate.every(), Duration::from_millis(50));
/// assert_eq!(rate.to_string(), "20/s+200");
/// // What is not said is one period's worth.
/// assert_eq!("30/min".parse::<Rate>().unwrap().to_string(), "30/min+30");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: NonZeroU32,
    period: Period,
    burst: NonZeroU32,
}

/// Text that is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no rate; it is written like 20/s, 30/min+100 (100 at once) or off")]
pub struct InvalidRate(String);

impl Rate {
    const fn per_second(count: u32, burst: u32) -> Self {
        Self::of(count, Period::Second, burst)
    }

    const fn per_minute(count: u32, burst: u32) -> Self {
        Self::of(count, Period::Minute, burst)
    }

    /// For the table, whose numbers are not 0.
    const fn of(count: u32, period: Period, burst: u32) -> Self {
        match (NonZeroU32::new(count), NonZeroU32::new(burst)) {
            (Some(count), Some(burst)) => Self { count, period, burst },
            _ => panic!("a rate of nothing"),
        }
    }

    /// After this time one more is allowed.
    pub fn every(self) -> Duration {
        let period = match self.period {
            Period::Second => Duration::from_secs(1),
            Period::Minute => Duration::from_mins(1),
        };
        period / self.count.get()
    }

    /// How many are allowed at once.
    pub const fn burst(self) -> NonZeroU32 {
        self.burst
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = match self.period {
            Period::Second => "s",
            Period::Minute => "min",
        };
        write!(f, "{}/{period}+{}", self.count, self.burst)
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let invalid = || InvalidRate(text.to_owned());
        let (rate, burst) = text.split_once('+').map_or((text, None), |(rate, burst)| (rate, Some(burst)));
        let (count, period) = rate.split_once('/').ok_or_else(invalid)?;
        let count = count.parse().map_err(|_| invalid())?;
        let period = match period {
            "s" => Period::Second,
            "min" => Period::Minute,
            _ => return Err(invalid()),
        };
        let burst = burst.map_or(Ok(count), |burst| burst.parse().map_err(|_| invalid()))?;
        Ok(Self { count, period, burst })
    }
}

macro_rules! table {
    ($($(#[$doc:meta])* $limited:ident: $name:literal, $scope:ident, $what:literal, $rate:expr;)+) => {
        /// What there is a rate for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Limited {
            $($(#[$doc])* #[doc = $what] $limited,)+
        }

        impl Limited {
            /// All of the table.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$limited),+];

            /// As it is called in documents and configuration.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$limited => $name),+ }
            }

            /// Whom it counts.
            pub const fn scope(self) -> Scope {
                match self { $(Self::$limited => Scope::$scope),+ }
            }

            /// In words.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$limited => $what),+ }
            }

            /// What holds when nothing else is configured: a person never meets it.
            pub const fn usual(self) -> Rate {
                match self { $(Self::$limited => $rate),+ }
            }
        }
    };
}

// A burst is what a well-meaning program may do at its start; a rate is far above what a person's hands do.
table! {
    Frames: "frames", Connection, "frames of any kind", Rate::per_second(100, 1_000);
    Bytes: "bytes", Connection, "bytes of frames", Rate::per_second(256 * 1024, 2 * 1024 * 1024);
    Changes: "changes", Connection, "messages, edits, deletions and reactions", Rate::per_second(20, 200);
    Joins: "joins", Connection, "joins", Rate::per_second(20, 200);
    Typing: "typing", Connection, "`typing`", Rate::per_second(5, 20);
    Reads: "reads", Connection, "`read`", Rate::per_second(10, 100);
    Renames: "renames", Connection, "renames", Rate::per_second(1, 10);
    // A client that waits as it is told has a refusal for each message that waits, once.
    Refusals: "refusals", Connection, "frames that were refused as too fast; beyond it close 4104", Rate::per_second(20, 2_000);
    UserChanges: "user-changes", User, "messages, edits, deletions and reactions, by whatever way", Rate::per_second(40, 400);
    UserRooms: "user-rooms", User, "first messages of rooms, and rooms created", Rate::per_minute(30, 60);
    AddressRooms: "address-rooms", Address, "first messages of rooms, and rooms created", Rate::per_minute(60, 600);
    // A whole company behind one address may come back at once.
    Connects: "connects", Address, "WebSockets opened", Rate::per_second(100, 5_000);
    Guests: "guests", Address, "guests made", Rate::per_second(50, 5_000);
    Requests: "requests", Address, "requests to the API", Rate::per_second(100, 1_000);
    // A core lets about 1,200 a second come back (0.8 ms each for upgrade, hello and one room), and Redis, which all
    // servers share, twice as many: so nearly half of a core, and the rest is for those who chat. A full server, of
    // CONNECTIONS_DEFAULT, is full again within 20 s.
    Admissions: "admissions", Server, "WebSockets opened, by everybody together; beyond it HTTP 503 `busy`", Rate::per_second(500, 500);
}

/// The rates of one server: those of the table, or as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates([Option<Rate>; Limited::ALL.len()]);

/// A setting of a rate that can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRates {
    /// No name and rate.
    #[error("{0:?} is no setting of a rate; it is written like connects=20/s+200")]
    Form(String),
    /// A name that is not in the table.
    #[error("there is no rate {name:?}; there are {}", Limited::ALL.map(Limited::name).join(", "))]
    Name {
        /// As it was given.
        name: String,
    },
    /// A rate that is none.
    #[error("{name}: {invalid}")]
    Rate {
        /// Of what.
        name: &'static str,
        /// What is wrong with it.
        invalid: InvalidRate,
    },
    /// A single frame would be too fast.
    #[error("bytes: {burst} at once is less than the {FRAME_BYTES_READ} that a frame may have")]
    Bytes {
        /// As it was given.
        burst: NonZeroU32,
    },
}

impl Default for Rates {
    fn default() -> Self {
        Self(Limited::ALL.map(|limited| Some(limited.usual())))
    }
}

impl Rates {
    /// The table with these changes, each written `name=rate`, or `name=off`.
    ///
    /// ```
    /// use hubbub_protocol::limits::{Limited, Rates};
    /// let rates = Rates::with(["connects=10/s", "guests=off"]).unwrap();
    /// assert_eq!(rates.of(Limited::Connects).unwrap().to_string(), "10/s+10");
    /// assert_eq!(rates.of(Limited::Guests), None);
    /// assert_eq!(rates.of(Limited::Joins), Some(Limited::Joins.usual()));
    /// ```
    ///
    /// # Errors
    /// The first setting that can't be.
    pub fn with<'a>(settings: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidRates> {
        let mut rates = Self::default();
        for setting in settings {
            let (name, rate) =
                setting.split_once('=').ok_or_else(|| InvalidRates::Form(setting.to_owned()))?;
            rates.set(name.trim(), rate.trim())?;
        }
        Ok(rates)
    }

    fn set(&mut self, name: &str, rate: &str) -> Result<(), InvalidRates> {
        let Some(limited) = Limited::ALL.into_iter().find(|limited| limited.name() == name) else {
            return Err(InvalidRates::Name { name: name.to_owned() });
        };
        let rate = match rate {
            "off" => None,
            rate => {
                let invalid = |invalid| InvalidRates::Rate { name: limited.name(), invalid };
                Some(rate.parse::<Rate>().map_err(invalid)?)
            }
        };
        if let (Limited::Bytes, Some(Rate { burst, .. })) = (limited, rate)
            && (burst.get() as usize) < FRAME_BYTES_READ
        {
            return Err(InvalidRates::Bytes { burst });
        }
        self.0[limited as usize] = rate;
        Ok(())
    }

    /// `None` when it is off.
    pub fn of(&self, limited: Limited) -> Option<Rate> {
        self.0[limited as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rate_is_told_so() {
        for text in ["", "20", "20/h", "0/s", "20/s+0", "20/s+", "-1/s", "20/s+x", "4294967296/s"] {
            assert_eq!(text.parse::<Rate>(), Err(InvalidRate(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_wrong_setting_names_what_is_wrong() {
        let error = |setting| Rates::with([setting]).unwrap_err().to_string();
        assert!(error("connects").contains("written like connects="), "{}", error("connects"));
        assert!(error("x=1/s").starts_with("there is no rate \"x\"; there are frames, bytes, "));
        assert!(error("joins=x").starts_with("joins: \"x\" is no rate"));
        assert!(error("bytes=1000/s").starts_with("bytes: 1000 at once is less than the 262144"));
    }

    #[test]
    fn every_rate_of_the_table_is_written_as_it_is_read() {
        for limited in Limited::ALL {
            assert_eq!(limited.usual().to_string().parse(), Ok(limited.usual()), "{}", limited.name());
        }
    }
}
