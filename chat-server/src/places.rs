//! Places that are taken and given back: so many for an address, and so many in all.

use std::{
    collections::{HashMap, hash_map::Entry},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The places, and how many of them are taken.
#[derive(Debug)]
pub struct Places {
    per_address: usize,
    in_all: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// The address has all of its own.
    OfAddress,
    /// All are taken.
    AtAll,
}

impl Places {
    /// All of them free.
    pub fn new(per_address: usize, in_all: usize) -> Arc<Self> {
        Arc::new(Self { per_address, in_all, taken: Mutex::default() })
    }

    /// Takes one. `None` for an address is one that counts for nobody: many share it.
    ///
    /// # Errors
    /// When there is none.
    pub fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Place, NoPlace> {
        let mut taken = self.taken();
        if taken.in_all >= self.in_all {
            return Err(NoPlace::AtAll);
        }
        if let Some(address) = address {
            let theirs = taken.by_address.entry(address).or_default();
            if *theirs >= self.per_address {
                return Err(NoPlace::OfAddress);
            }
            *theirs += 1;
        }
        taken.in_all += 1;
        drop(taken);
        Ok(Place { places: Arc::clone(self), address })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One place. Dropped, it is free.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    address: Option<IpAddr>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.in_all -= 1;
        if let Some(Entry::Occupied(mut theirs)) = self.address.map(|address| taken.by_address.entry(address))
        {
            *theirs.get_mut() -= 1;
            if *theirs.get() == 0 {
                theirs.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let places = Places::new(2, 10);
        let address = Some("192.0.2.1".parse().unwrap());
        let taken = (places.take(address).unwrap(), places.take(address).unwrap());
        assert_eq!(places.take(address).err(), Some(NoPlace::OfAddress));
        assert!(places.take(Some("192.0.2.2".parse().unwrap())).is_ok(), "another address");
        drop(taken);
        assert!(places.taken().by_address.is_empty(), "nothing is kept of who is gone");
        assert!(places.take(address).is_ok());
    }

    #[test]
    fn an_address_that_many_share_has_as_many_as_there_are() {
        let places = Places::new(1, 3);
        let taken: Vec<_> = (0..4).map(|_| places.take(None)).collect();
        assert_eq!(taken.iter().filter(|place| place.is_ok()).count(), 3);
        assert_eq!(taken[3].as_ref().err(), Some(&NoPlace::AtAll));
    }
}
