//! How many connections each address has, so that one alone does not take them all.

use crate::api::Peer;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// The places that are taken; there are never more entries than connections.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// For each address, or the /64 around it.
    most: usize,
    taken: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

/// A place for one connection, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    pub(super) fn new(most: usize) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place for a connection from there; nothing when all of its places are taken.
    pub(super) fn take(&self, peer: Peer) -> Option<Place> {
        let address = peer.client();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let number = taken.get(&address).copied().unwrap_or_default();
        if number >= self.most {
            return None;
        }
        taken.insert(address, number.saturating_add(1));
        drop(taken);
        Some(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.address) {
            Some(number) if *number > 1 => *number = number.saturating_sub(1),
            Some(_) | None => drop(taken.remove(&self.address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_places_and_gets_them_back() {
        let places = Places::new(2);
        let take = |text: &str| places.take(Peer(text.parse().unwrap()));
        let (first, second) = (take("2001:db8::1").unwrap(), take("2001:db8::2").unwrap());
        assert!(take("2001:db8::3").is_none());
        let other = (take("2001:db8:0:1::1").unwrap(), take("192.0.2.7").unwrap());
        drop(first);
        let third = take("2001:db8::3").unwrap();
        assert!(take("2001:db8::1").is_none());
        drop((second, third, other));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
