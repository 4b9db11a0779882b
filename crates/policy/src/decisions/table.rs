//! Decisions sorted in bytes, searched where they lie.
//!
//! Ranges are nested or apart. So what contains an address is among the last record that begins at or before it and those
//! that enclose that one, each of which names the next: a binary search, and as many steps as ranges are nested.

use super::record::{self, BYTES, Family, NOWHERE, Record};

/// Which way of writing this is.
const FORM: [u8; 4] = *b"pcd1";
/// Form, and the number of records of each family.
const HEAD: usize = 4 + 3 * 4;
/// Records that one look-up goes through: prefixes of an address, and several decisions for each of a few.
const STEPS: usize = 512;

/// Sorted decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    bytes: Vec<u8>,
    /// Where each family begins and how many records it has.
    parts: [(usize, usize); 3],
}

impl Table {
    /// Writes records, which are in their order.
    pub(super) fn of(records: &[Record]) -> Self {
        let count = |family: Family| records.iter().filter(|record| record.family == family).count();
        let mut bytes = Vec::with_capacity(HEAD.saturating_add(records.len().saturating_mul(BYTES)));
        bytes.extend(FORM);
        for family in Family::ALL {
            bytes.extend(u32::try_from(count(family)).unwrap_or(u32::MAX).to_le_bytes());
        }
        let mut open: Vec<(u32, &Record)> = Vec::new();
        let mut place: u32 = 0;
        let mut family = Family::Ipv4;
        for record in records {
            if record.family != family {
                (family, place) = (record.family, 0);
                open.clear();
            }
            while open.last().is_some_and(|(_, outer)| !outer.contains(record.first)) {
                open.pop();
            }
            record.write(open.last().map_or(NOWHERE, |(outer, _)| *outer), &mut bytes);
            open.push((place, record));
            place = place.saturating_add(1);
        }
        Self::read(bytes).unwrap_or_default()
    }

    /// Takes bytes for a table; no bytes are an empty one.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let rest = bytes.strip_prefix(&FORM)?;
        let (counts, records) = rest.split_at_checked(HEAD.checked_sub(FORM.len())?)?;
        let mut parts = [(0, 0); 3];
        let mut begin: usize = 0;
        for (part, count) in parts.iter_mut().zip(counts.as_chunks::<4>().0) {
            let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
            *part = (begin, count);
            begin = begin.checked_add(count)?;
        }
        (records.len() == begin.checked_mul(BYTES)?).then_some(Self { bytes, parts })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|(_, count)| count).sum()
    }

    /// Every record, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Record> {
        Family::ALL
            .into_iter()
            .flat_map(|family| self.part(family).iter().map(move |bytes| Record::read(family, bytes)))
    }

    /// Every record that contains an address or a key, the narrowest first.
    pub(super) fn each(&self, family: Family, bits: u128, mut take: impl FnMut(&Record)) {
        let part = self.part(family);
        let after = part.partition_point(|bytes| record::first(bytes) <= bits);
        let mut next = after.checked_sub(1);
        for _ in 0..STEPS {
            let Some((place, bytes)) = next.and_then(|place| Some((place, part.get(place)?))) else { return };
            if record::contains(bytes, bits) {
                take(&Record::read(family, bytes));
            }
            // Only what stands before can enclose; so whatever the bytes are, this ends.
            next = usize::try_from(record::enclosing(bytes)).ok().filter(|outer| *outer < place);
        }
    }

    fn part(&self, family: Family) -> &[[u8; BYTES]] {
        let [ipv4, ipv6, key] = self.parts;
        let (begin, count) = match family {
            Family::Ipv4 => ipv4,
            Family::Ipv6 => ipv6,
            Family::Key => key,
        };
        let records = self.bytes.get(HEAD..).unwrap_or_default().as_chunks::<BYTES>().0;
        records.get(begin..begin.saturating_add(count)).unwrap_or_default()
    }
}
