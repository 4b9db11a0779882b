//! One decision in 40 bytes.

use super::{Effect, Ruling, Share};
use crate::Timestamp;
use portcullis_report::{Action, Decision, DecisionOrigin, Scope};
use std::net::IpAddr;

/// Bytes of a record.
pub(super) const BYTES: usize = 40;
/// Where nothing encloses a record.
pub(super) const NOWHERE: u32 = u32::MAX;
/// Thousandths at which an effect is no throttle any more.
const ALLOW: u16 = 1_000;
const BLOCK: u16 = 0;

/// What a record is about; each has a part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    Ipv4,
    Ipv6,
    Key,
}

/// One decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) family: Family,
    /// The first of the range, its bits at the high end.
    pub(super) first: u128,
    /// Bits that the range shares; all of them for one address or key.
    pub(super) prefix: u8,
    pub(super) id: u64,
    pub(super) expires: Timestamp,
    pub(super) effect: Effect,
    pub(super) origin: DecisionOrigin,
}

impl Family {
    pub(super) const ALL: [Self; 3] = [Self::Ipv4, Self::Ipv6, Self::Key];
}

/// An address as the table has it.
pub(super) fn place(address: IpAddr) -> (Family, u128) {
    match address.to_canonical() {
        IpAddr::V4(address) => (Family::Ipv4, u128::from(address.to_bits()) << 96),
        IpAddr::V6(address) => (Family::Ipv6, address.to_bits()),
    }
}

impl From<&Decision> for Record {
    fn from(decision: &Decision) -> Self {
        let whole = |address: IpAddr| if address.to_canonical().is_ipv4() { 32 } else { 128 };
        let ((family, first), prefix) = match decision.scope {
            Scope::Ip(address) => (place(address), whole(address)),
            Scope::Cidr(range) => (place(range.address()), range.prefix()),
            Scope::ClientKey(key) => ((Family::Key, key), 128),
        };
        Self {
            family,
            first,
            prefix,
            id: decision.id,
            expires: Timestamp::from_millis(decision.expires_at_ms),
            effect: match decision.action {
                Action::Block => Effect::Block,
                Action::Throttle { factor_milli } => Effect::Throttle(Share::from_milli(factor_milli)),
                Action::Allow => Effect::Allow,
            },
            origin: DecisionOrigin::named(&decision.origin),
        }
    }
}

impl Record {
    /// In this order they stand in a table: what encloses comes before what is enclosed.
    pub(super) fn order(&self) -> (Family, u128, u8, u64) {
        (self.family, self.first, self.prefix, self.id)
    }

    /// How much is lost without it, and how fresh it is: of too many the least of this goes. Lists are long, and most of
    /// what they name never comes; what was decided about somebody who did come is worth more, and a person knows why.
    pub(super) fn worth(&self) -> (u8, u64) {
        let of_origin = match self.origin {
            DecisionOrigin::Import | DecisionOrigin::Crowdsec | DecisionOrigin::Other => 0,
            DecisionOrigin::Scenario | DecisionOrigin::Range => 1,
            DecisionOrigin::Operator => 2,
        };
        let worth = match self.effect {
            Effect::Allow => 3,
            Effect::Block | Effect::Throttle(_) => of_origin,
        };
        (worth, self.id)
    }

    pub(super) fn contains(&self, bits: u128) -> bool {
        is_within(self.first, self.prefix, bits)
    }

    pub(super) fn ruling(&self) -> Ruling {
        Ruling { effect: self.effect, origin: self.origin }
    }

    pub(super) fn write(&self, enclosing: u32, bytes: &mut Vec<u8>) {
        let effect = match self.effect {
            Effect::Block => BLOCK,
            Effect::Throttle(share) => share.milli().min(ALLOW.saturating_sub(1)),
            Effect::Allow => ALLOW,
        };
        bytes.extend_from_slice(&self.first.to_be_bytes());
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&self.expires.millis().to_le_bytes());
        bytes.extend_from_slice(&enclosing.to_le_bytes());
        bytes.extend_from_slice(&effect.to_le_bytes());
        let origin = DecisionOrigin::ALL.iter().position(|origin| *origin == self.origin);
        bytes.extend([self.prefix, origin.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)]);
    }

    /// The record; whatever the bytes are, they are some record.
    pub(super) fn read(family: Family, bytes: &[u8; BYTES]) -> Self {
        let Parts { first, id, expires, effect, prefix, origin, .. } = Parts::of(bytes);
        Self {
            family,
            first: u128::from_be_bytes(first),
            prefix,
            id: u64::from_le_bytes(id),
            expires: Timestamp::from_millis(u64::from_le_bytes(expires)),
            effect: match u16::from_le_bytes(effect) {
                BLOCK => Effect::Block,
                milli if milli < ALLOW => Effect::Throttle(Share::from_milli(milli)),
                _ => Effect::Allow,
            },
            origin: DecisionOrigin::ALL.get(usize::from(origin)).copied().unwrap_or(DecisionOrigin::Other),
        }
    }
}

/// Where a record begins.
pub(super) fn first(bytes: &[u8; BYTES]) -> u128 {
    u128::from_be_bytes(Parts::of(bytes).first)
}

/// Whether a record contains these bits.
pub(super) fn contains(bytes: &[u8; BYTES], bits: u128) -> bool {
    let Parts { first, prefix, .. } = Parts::of(bytes);
    is_within(u128::from_be_bytes(first), prefix, bits)
}

/// The place of what encloses a record.
pub(super) fn enclosing(bytes: &[u8; BYTES]) -> u32 {
    u32::from_le_bytes(Parts::of(bytes).enclosing)
}

fn is_within(first: u128, prefix: u8, bits: u128) -> bool {
    let unused = 128_u32.saturating_sub(u32::from(prefix));
    (first ^ bits).checked_shr(unused).unwrap_or(0) == 0
}

/// The bytes of a record by what they say.
struct Parts {
    first: [u8; 16],
    id: [u8; 8],
    expires: [u8; 8],
    enclosing: [u8; 4],
    effect: [u8; 2],
    prefix: u8,
    origin: u8,
}

impl Parts {
    #[inline]
    fn of(bytes: &[u8; BYTES]) -> Self {
        let (first, rest) = head::<16>(bytes);
        let (id, rest) = head::<8>(rest);
        let (expires, rest) = head::<8>(rest);
        let (enclosing, rest) = head::<4>(rest);
        let (effect, rest) = head::<2>(rest);
        let ([prefix, origin], _) = head::<2>(rest);
        Self { first, id, expires, enclosing, effect, prefix, origin }
    }
}

/// The first bytes, and the rest; zeroes where there are not as many.
#[inline]
fn head<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    match bytes.split_first_chunk::<N>() {
        Some((head, rest)) => (*head, rest),
        None => ([0; N], &[]),
    }
}
