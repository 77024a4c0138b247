//! Who is in which room, and who talks there. Pure.

use super::Shape;

/// A room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// How many are in it; at least one.
    pub members: usize,
    /// How many of them talk.
    pub senders: usize,
}

/// Where a connection belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seat {
    /// The room's number.
    pub room: usize,
    /// Which of its members, from 0; the first ones talk.
    pub place: usize,
}

/// Rooms of any sizes, and a number for each of their members: first the first ones of all rooms, then the second ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seats {
    rooms: Vec<Room>,
    taken: Vec<Seat>,
    senders: Vec<usize>,
}

impl Seats {
    /// Of rooms, none of which is empty.
    pub fn new(rooms: Vec<Room>) -> Self {
        let in_room = |(room, it): (usize, &Room)| (0..it.members).map(move |place| Seat { room, place });
        let mut seats: Vec<Seat> = rooms.iter().enumerate().flat_map(in_room).collect();
        seats.sort_unstable_by_key(|seat| (seat.place, seat.room));
        let senders =
            (0..seats.len()).filter(|it| seats[*it].place < rooms[seats[*it].room].senders).collect();
        Self { rooms, taken: seats, senders }
    }

    /// So many members, who take to rooms as people do: the second room has half as many as the first, the third a third
    /// (Zipf's law). Of all members the part `talking` talks.
    ///
    /// ```
    /// use hubbub_bench::generator::Seats;
    /// let seats = Seats::zipf(3, 110, 0.1);
    /// let members: Vec<_> = (0..3).map(|room| seats.room(room).members).collect();
    /// assert_eq!(members, [60, 30, 20]);
    /// assert_eq!((seats.connections(), seats.senders().len()), (110, 11));
    /// ```
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "members are counted in thousands"
    )]
    pub fn zipf(rooms: usize, members: usize, talking: f64) -> Self {
        let harmonic: f64 = (1..=rooms).map(|rank| 1.0 / rank as f64).sum();
        let size = |rank: usize| ((members as f64 / harmonic / rank as f64).round() as usize).max(1);
        let mut sizes: Vec<usize> = (1..=rooms).map(size).collect();
        // What rounding took or gave is the largest room's.
        let others: usize = sizes.iter().skip(1).sum();
        if let Some(first) = sizes.first_mut() {
            *first = members.saturating_sub(others).max(1);
        }
        let (mut before, mut talked) = (0, 0);
        let rooms = sizes.into_iter().map(|members| {
            before += members;
            // By the sum, so that small rooms have their part, one in several of them.
            let senders = (before as f64 * talking).round() as usize - talked;
            talked += senders;
            Room { members, senders: senders.min(members) }
        });
        Self::new(rooms.collect())
    }

    /// Connections in all.
    pub fn connections(&self) -> usize {
        self.taken.len()
    }

    /// How many rooms there are.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// A room.
    pub fn room(&self, number: usize) -> Room {
        self.rooms[number]
    }

    /// Where the connection with this number belongs. The first connections are the first ones of their rooms.
    pub fn seat(&self, number: usize) -> Seat {
        self.taken[number]
    }

    /// The numbers of those who talk.
    pub fn senders(&self) -> &[usize] {
        &self.senders
    }

    /// To how many a message goes, on average, when those who talk take turns.
    #[expect(clippy::cast_precision_loss, reason = "members are counted in thousands")]
    pub fn fan_out(&self) -> f64 {
        let deliveries: usize = self.senders.iter().map(|it| self.room(self.seat(*it).room).members).sum();
        deliveries as f64 / self.senders.len().max(1) as f64
    }
}

impl From<Shape> for Seats {
    fn from(Shape { rooms, members, senders }: Shape) -> Self {
        Self::new(vec![Room { members, senders }; rooms])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ones_of_all_rooms_come_first_and_the_first_ones_talk() {
        let seats = Seats::new(vec![Room { members: 1, senders: 0 }, Room { members: 3, senders: 2 }]);
        let all: Vec<_> = (0..4).map(|it| seats.seat(it)).map(|seat| (seat.room, seat.place)).collect();
        assert_eq!(all, [(0, 0), (1, 0), (1, 1), (1, 2)]);
        assert_eq!(seats.senders(), [1, 2]);
    }

    #[test]
    fn a_message_goes_to_as_many_as_its_room_has() {
        assert_eq!(
            Seats::from(Shape { rooms: 4, members: 10, senders: 1 }).fan_out().to_bits(),
            10_f64.to_bits()
        );
        let seats = Seats::new(vec![Room { members: 30, senders: 1 }, Room { members: 10, senders: 1 }]);
        assert_eq!(seats.fan_out().to_bits(), 20_f64.to_bits());
    }

    #[test]
    fn rooms_by_zipf_have_all_members_and_the_part_of_them_that_talks() {
        for members in [1_000, 5_000] {
            let seats = Seats::zipf(200, members, 0.05);
            assert_eq!((seats.rooms(), seats.connections()), (200, members));
            assert_eq!(seats.senders().len(), members / 20);
            assert!((1..200).all(|it| seats.room(it).members <= seats.room(it - 1).members));
        }
    }
}
