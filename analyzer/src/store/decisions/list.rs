//! Decisions that hold, for people: by origin, by client, or those that touch an address.

use super::{COLUMNS, Kept, Texts, kept};
use crate::store::sql::{Statement, Value, sql};
use crate::store::{Store, StoreError};
use portcullis_report::{Cidr, Scope};
use std::net::IpAddr;

/// Which decisions are wanted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Those that touch this address: about itself, or about a range around it.
    pub(crate) touching: Option<IpAddr>,
    /// Those about exactly this.
    pub(crate) scope: Option<Scope>,
    /// Those of this origin.
    pub(crate) origin: Option<String>,
    /// Those with a smaller id.
    pub(crate) before: Option<u64>,
    /// So many at most.
    pub(crate) limit: u32,
}

impl Store {
    /// The decisions that hold, the newest first.
    pub(crate) async fn decisions(&self, wanted: &Wanted, now_ms: u64) -> Result<Vec<Kept>, StoreError> {
        let mut conditions = Conditions::default();
        let scopes: Vec<(&str, String)> = match (wanted.touching, wanted.scope) {
            (Some(address), _) => around(address),
            (None, Some(scope)) => vec![(scope.kind(), scope.value())],
            (None, None) => Vec::new(),
        };
        conditions.add("removed_ms IS NULL AND expires_ms > ", now_ms.into());
        if let Some(origin) = &wanted.origin {
            conditions.add("origin = ", origin.into());
        }
        if let Some(before) = wanted.before {
            conditions.add("id < ", before.into());
        }
        if !scopes.is_empty() {
            conditions.any_of(scopes.iter().map(|(kind, value)| (*kind, value.as_str())));
        }
        let statement = conditions.select(wanted.limit);
        let mut texts = Texts::default();
        let rows = self.readers.rows(statement).await?;
        rows.iter().map(|row| kept(row, &mut texts).map_err(StoreError::from)).collect()
    }
}

/// The address and every range that it lies in.
fn around(address: IpAddr) -> Vec<(&'static str, String)> {
    let address = address.to_canonical();
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let ranges = (0..=longest).filter_map(|prefix| Cidr::around(address, prefix).ok());
    let ranges = ranges.map(Scope::Cidr);
    std::iter::once(Scope::Ip(address)).chain(ranges).map(|scope| (scope.kind(), scope.value())).collect()
}

#[derive(Default)]
struct Conditions<'a> {
    text: String,
    values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    fn add(&mut self, condition: &str, value: Value<'a>) {
        self.values.push(value);
        let and = if self.text.is_empty() { "" } else { " AND " };
        self.text.push_str(&format!("{and}{condition}${}", self.values.len()));
    }

    fn any_of(&mut self, scopes: impl Iterator<Item = (&'a str, &'a str)>) {
        let mut alternatives = Vec::new();
        for (kind, value) in scopes {
            self.values.push(kind.into());
            self.values.push(value.into());
            let last = self.values.len();
            alternatives.push(format!("(${}, ${last})", last.saturating_sub(1)));
        }
        self.text.push_str(&format!(" AND (scope, value) IN (VALUES {})", alternatives.join(", ")));
    }

    fn select(mut self, limit: u32) -> Statement<'a> {
        self.values.push(limit.into());
        let text = format!(
            "SELECT {COLUMNS} FROM decisions WHERE {} ORDER BY id DESC LIMIT ${}",
            self.text,
            self.values.len()
        );
        self.values.into_iter().fold(sql(text), Statement::bind)
    }
}
