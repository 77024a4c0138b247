//! Places that are kept free for who comes next.

use serde::{Deserialize, Serialize};

/// Places that are kept free for who comes next, while servers start. Of both what is more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Headroom {
    /// So many places.
    pub places: u32,
    /// So many hundredths of the connections; part of one counts as one.
    pub percent: u32,
}

impl Headroom {
    /// The places that are kept free beside so many connections.
    ///
    /// ```
    /// use hubbub_scaling::Headroom;
    /// let headroom = Headroom { places: 100, percent: 20 };
    /// assert_eq!(headroom.beside(50), 100); // 20 % are 10
    /// assert_eq!(headroom.beside(1_001), 201); // 200.2, rounded up
    /// assert_eq!(Headroom::default().beside(1_001), 0);
    /// ```
    pub fn beside(self, connections: u64) -> u64 {
        let part = (u128::from(connections) * u128::from(self.percent)).div_ceil(100);
        u64::from(self.places).max(u64::try_from(part).unwrap_or(u64::MAX))
    }
}
