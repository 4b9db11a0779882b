//! What each place of a response costs, for whoever counts what was returned.
//!
//! A tree of response keys, aliases resolved and selections merged as execution merges them. What a response actually cost is the
//! sum over its places of what the place's [`Unit`] says. Where an object could have been of several types and the same key means
//! different fields, the dearer one counts; so callers take the estimate where the sum is larger.

mod price;

use crate::Cost;
use crate::estimate::{Model, Question};
use crate::pricing::{Pricing, Steps};
use crate::request::Request;
use crate::table::{SizedId, Table, TypeId};
use portcullis_graphql::{Document, Field, NodeIndex, Operation, OperationKind, Selection, Selections};
use price::{Priced, by_names, by_table};
use std::collections::HashMap;

/// A place in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanNode(u32);

/// What a place of a response costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Field cost of each occurrence of the key, whatever its value, `null` and empty lists included.
    pub field: Cost,
    /// Field cost of each object or value in it that is not `null`, in lists each of its entries. Only without a schema.
    pub entry: Cost,
    /// Type cost of each object or value in it that is not `null`, in lists each of its entries.
    pub r#type: Cost,
}

/// How often a place is expected at most, by the sizes that the estimate takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Occurrences of the key.
    pub occurrences: u64,
    /// Objects or values in it, in lists every entry.
    pub entries: u64,
}

/// The places of a response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    units: Vec<(Unit, Expected)>,
    /// Sorted by parent and key.
    children: Vec<Child>,
    keys: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Child {
    parent: u32,
    first: u32,
    end: u32,
    node: u32,
}

impl Plan {
    /// The place of `data`: its unit counts once for a response that has data.
    #[must_use]
    pub fn root(&self) -> PlanNode {
        PlanNode(0)
    }

    /// The place of a key in an object; nothing when the operation asks for no such key there.
    #[must_use]
    pub fn child(&self, node: PlanNode, key: &[u8]) -> Option<PlanNode> {
        let place = |child: &Child| (child.parent, self.key(child).as_bytes());
        let found = self.children.binary_search_by(|child| place(child).cmp(&(node.0, key))).ok()?;
        self.children.get(found).map(|child| PlanNode(child.node))
    }

    /// What a place costs.
    #[must_use]
    pub fn unit(&self, node: PlanNode) -> Unit {
        self.units.get(node.0 as usize).copied().unwrap_or_default().0
    }

    /// How often it is expected, to show where an estimate comes from. Where only some of the possible types have a place, the
    /// estimate may take less.
    #[must_use]
    pub fn expected(&self, node: PlanNode) -> Expected {
        self.units.get(node.0 as usize).copied().unwrap_or_default().1
    }

    /// The places in an object, with their keys, which the client chose. In the order of the keys.
    pub fn children(&self, node: PlanNode) -> impl Iterator<Item = (&str, PlanNode)> {
        let first = self.children.partition_point(|child| child.parent < node.0);
        let rest = self.children.get(first..).unwrap_or_default();
        let of_node = rest.iter().take_while(move |child| child.parent == node.0);
        of_node.map(|child| (self.key(child), PlanNode(child.node)))
    }

    /// How many places there are, the root included.
    #[must_use]
    pub fn places(&self) -> usize {
        self.units.len()
    }

    fn key(&self, child: &Child) -> &str {
        self.keys.get(child.first as usize..child.end as usize).unwrap_or("")
    }
}

impl Model<'_> {
    /// The places of the response to an operation; nothing when there are more than `limit`, or finding them would take more than
    /// sixteen steps for each of those and for each token.
    #[must_use]
    pub fn plan(&self, question: &Question<'_, '_>, limit: usize) -> Option<Plan> {
        let Question { document, operation, variables, sizes, .. } = *question;
        document.fragment_order().ok()?;
        let tokens = u64::from(document.tokens());
        let steps = Steps::of((limit as u64).saturating_add(tokens).saturating_mul(16));
        let request = Request::new(operation, variables, sizes);
        let mut root = Unit::default();
        let prices = match self {
            Self::Schemaless => Prices::Names(Box::new(request)),
            Self::Schema(table) => {
                let mut pricing = Pricing::new(table, request, steps);
                root.field = pricing.operation(operation);
                let of_root = table.root(operation.kind()).and_then(|id| table.type_of(id));
                root.r#type = of_root.map_or(Cost::ZERO, |found| found.weight);
                Prices::Table(Box::new(pricing))
            }
        };
        let planner = Planner {
            document,
            prices,
            steps,
            limit,
            units: vec![(root, Expected { occurrences: 1, entries: 1 })],
            nodes: HashMap::new(),
        };
        planner.plan(operation)
    }
}

/// By what places are priced.
enum Prices<'t, 'a> {
    Names(Box<Request<'a>>),
    Table(Box<Pricing<'t, 'a>>),
}

/// A selection whose selections are being planned.
#[derive(Clone, Copy)]
struct Open {
    end: Option<NodeIndex>,
    node: u32,
    /// Objects in this place.
    entries: u64,
    scope: Option<TypeId>,
    /// Fields whose lists are sized from above, and how long they are.
    sized: SizedId,
    size: u64,
    /// Without a schema: whether the field around has a slicing argument, or is the root of a mutation.
    around: Around,
}

#[derive(Clone, Copy, PartialEq)]
enum Around {
    Plain,
    Sliced,
    MutationRoot,
}

struct Planner<'t, 'a> {
    document: Document<'a>,
    prices: Prices<'t, 'a>,
    steps: Steps,
    limit: usize,
    units: Vec<(Unit, Expected)>,
    nodes: HashMap<(u32, &'a str), u32>,
}

impl<'a> Planner<'_, 'a> {
    fn plan(mut self, operation: Operation<'a>) -> Option<Plan> {
        let (scope, around) = match (&self.prices, operation.kind()) {
            (Prices::Table(pricing), kind) => (pricing.table.root(kind), Around::Plain),
            (Prices::Names(_), OperationKind::Mutation) => (None, Around::MutationRoot),
            (Prices::Names(_), OperationKind::Query | OperationKind::Subscription) => (None, Around::Plain),
        };
        let mut open =
            vec![Open { end: None, node: 0, entries: 1, scope, sized: SizedId::NONE, size: 0, around }];
        let mut suspended: Vec<Selections<'a>> = Vec::new();
        let mut selections = operation.selections();
        let mut left_out: Option<NodeIndex> = None;
        loop {
            let Some(selection) = selections.next() else {
                while open.pop().is_some_and(|last| last.end.is_some()) {}
                left_out = None;
                match suspended.pop() {
                    Some(rest) => selections = rest,
                    None => return self.finish(),
                }
                continue;
            };
            if !self.steps.take(1) || self.units.len() > self.limit {
                return None;
            }
            if left_out.is_some_and(|end| selection.index() < end) {
                continue;
            }
            while open.pop_if(|last| last.end.is_some_and(|end| end <= selection.index())).is_some() {}
            let around = *open.last()?;
            if self.request().leaves_out(selection.directives()) {
                left_out = Some(selection.end());
                continue;
            }
            let (condition, inside) = match &selection {
                Selection::Field(field) => {
                    open.push(self.field(*field, selection.end(), around)?);
                    continue;
                }
                Selection::InlineFragment(inline) => (inline.type_condition(), None),
                Selection::Spread(spread) => {
                    let fragment = spread.fragment().and_then(|index| self.document.fragment(index));
                    let Some(fragment) = fragment else { continue };
                    (Some(fragment.type_condition()), Some(fragment.selections()))
                }
            };
            match (self.scope(around.scope, condition), inside) {
                (Err(Never), _) => left_out = Some(selection.end()),
                (Ok(scope), None) => open.push(Open { end: Some(selection.end()), scope, ..around }),
                (Ok(scope), Some(inside)) => {
                    open.push(Open { end: None, scope, ..around });
                    suspended.push(std::mem::replace(&mut selections, inside));
                    // It was left behind, and the fragment may stand before it.
                    left_out = None;
                }
            }
        }
    }

    fn request(&self) -> &Request<'a> {
        match &self.prices {
            Prices::Names(request) => request,
            Prices::Table(pricing) => &pricing.request,
        }
    }

    /// The type inside a fragment.
    fn scope(&self, around: Option<TypeId>, condition: Option<&str>) -> Result<Option<TypeId>, Never> {
        let (Prices::Table(pricing), Some(condition)) = (&self.prices, condition) else { return Ok(around) };
        let table: &Table = pricing.table;
        let inside = table.type_named(condition);
        match (around, inside) {
            (Some(around), Some(inside)) if around != inside && table.is_object(around) => {
                if table.is_object(inside) {
                    return Err(Never);
                }
                let is_member = table.members(inside).binary_search(&around).is_ok();
                Ok(Some(if is_member { around } else { inside }))
            }
            (_, inside) => Ok(inside),
        }
    }

    /// Notes a field, merging it with those of the same key in the same place.
    fn field(&mut self, field: Field<'a>, end: NodeIndex, around: Open) -> Option<Open> {
        let Priced { unit, length, inside } = match &mut self.prices {
            Prices::Names(request) => by_names(request, field, around),
            Prices::Table(pricing) => {
                let priced = by_table(pricing, field, around);
                if pricing.steps.are_used_up() {
                    return None;
                }
                priced
            }
        };
        let key = field.alias().unwrap_or_else(|| field.name());
        let next = u32::try_from(self.units.len()).ok()?;
        let node = *self.nodes.entry((around.node, key)).or_insert(next);
        if node == next {
            self.units.push((Unit::default(), Expected::default()));
        }
        let (known, expected) = self.units.get_mut(node as usize)?;
        known.field = known.field.max(unit.field);
        known.entry = known.entry.max(unit.entry);
        known.r#type = known.r#type.max(unit.r#type);
        let entries = around.entries.saturating_mul(length);
        expected.occurrences = expected.occurrences.max(around.entries);
        expected.entries = expected.entries.max(entries);
        Some(Open { end: Some(end), node, entries, ..inside })
    }

    fn finish(self) -> Option<Plan> {
        if self.units.len() > self.limit {
            return None;
        }
        let mut nodes: Vec<_> = self.nodes.into_iter().collect();
        nodes.sort_unstable();
        let (mut keys, mut children) = (String::new(), Vec::with_capacity(nodes.len()));
        for ((parent, key), node) in nodes {
            let first = u32::try_from(keys.len()).ok()?;
            keys.push_str(key);
            children.push(Child { parent, first, end: u32::try_from(keys.len()).ok()?, node });
        }
        Some(Plan { units: self.units, children, keys })
    }
}

/// What is inside a fragment can never be returned there.
struct Never;

#[cfg(test)]
mod tests;
