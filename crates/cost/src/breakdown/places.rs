//! The places of a response as they are found, and what they come to.

use super::{Breakdown, Length, Part};
use crate::Cost;
use std::collections::HashMap;

/// Places that are being filled.
#[derive(Debug)]
pub(crate) struct Places<'a> {
    parts: Vec<Part>,
    known: HashMap<(usize, &'a str), usize>,
    limit: usize,
}

impl<'a> Places<'a> {
    /// The root's place.
    pub(crate) const ROOT: usize = 0;

    pub(crate) fn new(limit: usize) -> Self {
        Self { parts: vec![Part::default()], known: HashMap::new(), limit }
    }

    /// The place of a key; nothing when there are too many.
    pub(crate) fn place(&mut self, around: usize, key: &'a str, field: impl Fn() -> String) -> Option<usize> {
        let next = self.parts.len();
        let place = *self.known.entry((around, key)).or_insert(next);
        if place == next {
            if next > self.limit {
                return None;
            }
            self.parts.push(Part { around, key: key.to_owned(), field: field(), ..Part::default() });
        }
        Some(place)
    }

    pub(crate) fn key(&self, place: usize) -> &str {
        self.parts.get(place).map_or("", |part| &part.key)
    }

    /// Adds what is resolved so many times there.
    pub(crate) fn add(&mut self, place: usize, times: u64, own: Cost, own_type: Cost) {
        let Some(part) = self.parts.get_mut(place) else { return };
        part.times = part.times.saturating_add(times);
        part.own = part.own + own;
        part.own_type = part.own_type + own_type;
    }

    /// Notes how long the list there is; the longest is kept.
    pub(crate) fn size(&mut self, place: usize, size: Length) {
        let Some(part) = self.parts.get_mut(place) else { return };
        if part.size.as_ref().is_none_or(|known| known.entries < size.entries) {
            part.size = Some(size);
        }
    }

    /// Sums up from the inside.
    pub(crate) fn finish(self) -> Breakdown {
        let mut parts = self.parts;
        for place in (0..parts.len()).rev() {
            let Some(part) = parts.get_mut(place) else { continue };
            part.total = part.total + part.own;
            part.total_type = part.total_type + part.own_type;
            let (total, total_type, around) = (part.total, part.total_type, part.around);
            if let Some(around) = parts.get_mut(around).filter(|_| place != Self::ROOT) {
                around.total = around.total + total;
                around.total_type = around.total_type + total_type;
            }
        }
        Breakdown { parts }
    }
}
