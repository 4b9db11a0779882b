//! The estimate is an upper bound: operations are executed on random data, and what that costs is never more than was estimated,
//! nor more than the plan of the response says.

use crate::harness::{BUDGET, planned, table};
use portcullis_cost::{Model, Plan, PlanNode, Question, Scratch, Sizes, Table, Variables};
use portcullis_graphql::{Tape, parse};
use proptest::prelude::*;
use std::fmt::Write as _;
use std::sync::LazyLock;

const SCHEMA: &str = r#"
    interface Node { id: ID one: Node items(first: Int): [Node] grid: [[Node]] }
    type A implements Node @cost(weight: "2") {
        id: ID @cost(weight: "1") one: Node
        items(first: Int): [Node] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false)
        grid: [[Node]] @listSize(assumedSize: 2)
        conn(first: Int): Conn @listSize(slicingArguments: ["first"], sizedFields: ["edges"], requireOneSlicingArgument: false)
    }
    type B implements Node @cost(weight: "7") {
        id: ID @cost(weight: "3") one: Node @cost(weight: "2.5")
        items(first: Int): [Node] @cost(weight: "5") @listSize(slicingArguments: ["first"], assumedSize: 4, requireOneSlicingArgument: false)
        grid: [[Node]] @listSize(assumedSize: 3)
        b: Int @cost(weight: "4")
    }
    type Conn { edges: [Edge] total: Int @cost(weight: "0.5") }
    type Edge @cost(weight: "0.5") { node: Node }
    union Any = A | B
    type Query { node: Node any: Any a: A items(first: Int): [Node] @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false) }
"#;

static TABLE: LazyLock<Table> = LazyLock::new(|| table(SCHEMA));

/// Field, returned type, lists, and whether it takes `first`.
fn fields(of: &str) -> &'static [(&'static str, &'static str, u8, bool)] {
    match of {
        "Query" => &[
            ("node", "Node", 0, false),
            ("any", "Any", 0, false),
            ("a", "A", 0, false),
            ("items", "Node", 1, true),
        ],
        "Node" => &[
            ("id", "", 0, false),
            ("one", "Node", 0, false),
            ("items", "Node", 1, true),
            ("grid", "Node", 2, false),
        ],
        "A" => &[
            ("id", "", 0, false),
            ("one", "Node", 0, false),
            ("items", "Node", 1, true),
            ("grid", "Node", 2, false),
            ("conn", "Conn", 0, true),
        ],
        "B" => &[
            ("id", "", 0, false),
            ("one", "Node", 0, false),
            ("items", "Node", 1, true),
            ("grid", "Node", 2, false),
            ("b", "", 0, false),
        ],
        "Conn" => &[("edges", "Edge", 1, false), ("total", "", 0, false)],
        "Edge" => &[("node", "Node", 0, false)],
        _ => &[],
    }
}

fn field_weight(of: &str, field: &str) -> u64 {
    match (of, field) {
        ("A", "id") => 1_000,
        ("B", "id") => 3_000,
        ("B", "one") => 2_500,
        ("B", "items") => 5_000,
        ("B", "b") => 4_000,
        ("Conn", "total") => 500,
        _ => 1_000,
    }
}

fn type_weight(of: &str) -> u64 {
    match of {
        "A" => 2_000,
        "B" => 7_000,
        "Edge" => 500,
        _ => 1_000,
    }
}

/// Most entries that a server returns of a list: what the schema promises.
fn longest(of: &str, field: &str, first: Option<u64>, from_above: u64) -> u64 {
    match (of, field) {
        ("Conn", "edges") => from_above,
        ("A", "grid") => 2,
        ("B", "grid") => 3,
        ("B", "items") => first.unwrap_or(4),
        _ => first.unwrap_or(10),
    }
}

#[derive(Clone, Debug)]
enum Selection {
    Field { name: &'static str, first: Option<u64>, inside: Vec<Selection> },
    On(&'static str, Vec<Selection>),
    Spread(usize),
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Selections of a type; fragments may be spread that are defined before.
fn selections(
    random: &mut Random,
    of: &str,
    depth: u64,
    fragments: &[(&'static str, Vec<Selection>)],
) -> Vec<Selection> {
    let mut found = Vec::new();
    for _ in 0..1 + random.below(3) {
        let conditions: &[&'static str] = match of {
            "Node" | "Any" | "A" | "B" => &["A", "B", "Node", "Any"],
            _ => &[],
        };
        if !conditions.is_empty() && (fields(of).is_empty() || random.below(3) == 0) {
            let fitting: Vec<usize> = (0..fragments.len())
                .filter(|at| of != "A" && of != "B" || fragments[*at].0 == of || fragments[*at].0 == "Node")
                .collect();
            if !fitting.is_empty() && random.below(2) == 0 {
                found.push(Selection::Spread(fitting[random.below(fitting.len() as u64) as usize]));
            } else if depth > 0 {
                let condition = match of {
                    "A" | "B" => ["Node", "Any"][random.below(2) as usize],
                    _ => conditions[random.below(4) as usize],
                };
                found.push(Selection::On(condition, selections(random, condition, depth - 1, fragments)));
            }
            continue;
        }
        let known = fields(of);
        let (name, returns, _, slices) = known[random.below(known.len() as u64) as usize];
        if !returns.is_empty() && depth == 0 {
            continue;
        }
        let first = (slices && random.below(3) > 0).then(|| random.below(4));
        let inside =
            if returns.is_empty() { Vec::new() } else { selections(random, returns, depth - 1, fragments) };
        found.push(Selection::Field { name, first, inside });
    }
    // Nothing is no selection set.
    found.push(Selection::Field { name: "__typename", first: None, inside: Vec::new() });
    found
}

fn write(out: &mut String, selections: &[Selection]) {
    out.push_str("{ ");
    for selection in selections {
        match selection {
            Selection::Field { name, first, inside } => {
                match first {
                    Some(first) => write!(out, "{name}{first}: {name}(first: {first}) ").unwrap(),
                    None => write!(out, "{name} ").unwrap(),
                }
                if !inside.is_empty() {
                    write(out, inside);
                }
            }
            Selection::On(condition, inside) => {
                write!(out, "... on {condition} ").unwrap();
                write(out, inside);
            }
            Selection::Spread(number) => write!(out, "...F{number} ").unwrap(),
        }
    }
    out.push_str("} ");
}

/// Executes a document, and sums what it costs by the schema and by the plan.
struct Execution<'e> {
    random: Random,
    fragments: &'e [(&'static str, Vec<Selection>)],
    plan: &'e Plan,
    field: u64,
    types: u64,
    planned_field: u64,
    planned_types: u64,
    /// What is left before data become too large for a test.
    left: u32,
}

type Merged<'e> = Vec<(String, &'static str, Option<u64>, Vec<&'e [Selection]>)>;

impl<'e> Execution<'e> {
    fn collect(&self, of: &str, sets: &[&'e [Selection]], merged: &mut Merged<'e>) {
        for selection in sets.iter().copied().flatten() {
            let includes = |condition: &str| {
                condition == of || (matches!(condition, "Node" | "Any") && matches!(of, "A" | "B"))
            };
            match selection {
                Selection::Field { name: "__typename", .. } => {}
                Selection::Field { name, first, inside } => {
                    let key = first.map_or_else(|| (*name).to_owned(), |first| format!("{name}{first}"));
                    match merged.iter_mut().find(|known| known.0 == key) {
                        Some(known) => known.3.push(inside),
                        None => merged.push((key, name, *first, vec![inside])),
                    }
                }
                Selection::On(condition, inside) if includes(condition) => {
                    self.collect(of, &[inside], merged)
                }
                Selection::Spread(number) => {
                    let (condition, inside) = &self.fragments[*number];
                    if includes(condition) {
                        self.collect(of, &[inside], merged);
                    }
                }
                Selection::On(..) => {}
            }
        }
    }

    fn object(&mut self, of: &'static str, sets: &[&'e [Selection]], place: PlanNode, from_above: u64) {
        self.types += type_weight(of);
        self.planned_types += self.plan.unit(place).r#type.milli();
        let mut merged = Vec::new();
        self.collect(of, sets, &mut merged);
        for (key, name, first, inside) in merged {
            self.field += field_weight(of, name);
            let place = self
                .plan
                .child(place, key.as_bytes())
                .unwrap_or_else(|| panic!("no place for {key} of {of}"));
            self.planned_field += self.plan.unit(place).field.milli();
            let (_, returns, lists, _) = *fields(of).iter().find(|known| known.0 == name).unwrap();
            let longest = longest(of, name, first, from_above);
            let sizes = if name == "conn" { first.unwrap_or(10) } else { 0 };
            // Each inner list has as many entries as one of which nothing is known.
            let entries = match lists {
                0 => 1,
                1 => longest,
                _ => longest * self.random.below(11),
            };
            for _ in 0..entries {
                if returns.is_empty() || self.left == 0 || self.random.below(8) == 0 {
                    continue;
                }
                self.left -= 1;
                let concrete = match returns {
                    "Node" | "Any" => ["A", "B"][self.random.below(2) as usize],
                    other => other,
                };
                self.object(concrete, &inside, place, sizes);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_executed_never_costs_more_than_was_estimated(seed in any::<u64>()) {
        let mut random = Random(seed);
        let mut fragments: Vec<(&'static str, Vec<Selection>)> = Vec::new();
        for _ in 0..random.below(4) {
            let of = ["A", "B", "Node", "Any"][random.below(4) as usize];
            let inside = selections(&mut random, of, 2, &fragments);
            fragments.push((of, inside));
        }
        let root = selections(&mut random, "Query", 4, &fragments);
        let mut text = String::new();
        write(&mut text, &root);
        for (number, (of, inside)) in fragments.iter().enumerate() {
            write!(text, "fragment F{number} on {of} ").unwrap();
            write(&mut text, inside);
        }

        let mut tape = Tape::default();
        let document = parse(&text, BUDGET, &mut tape).unwrap();
        let operation = document.operations().next().unwrap();
        let variables = Variables::default();
        let question = Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
        let model = Model::Schema(&TABLE);
        let estimate = model.estimate(&question, &mut Scratch::default());
        prop_assert_eq!(&estimate.first_unknown, &None, "{}", text);
        let plan = model.plan(&question, 10_000).unwrap();

        // What it expects to be returned is what was estimated, but for types that cannot be at once and keys that are merged.
        let expected = planned(&plan, plan.root());
        if !text.contains("...") {
            prop_assert!(expected.0 <= estimate.field.milli() && expected.1 <= estimate.r#type.milli(), "{expected:?} {estimate:?} {text}");
        }
        let mut execution = Execution {
            random, fragments: &fragments, plan: &plan, field: 0, types: 0, planned_field: 0, planned_types: 0, left: 5_000,
        };
        execution.object("Query", &[&root], plan.root(), 0);
        prop_assert!(execution.field <= estimate.field.milli(), "{} > {}: {text}", execution.field, estimate.field.milli());
        prop_assert!(execution.types <= estimate.r#type.milli(), "{} > {}: {text}", execution.types, estimate.r#type.milli());
        prop_assert!(execution.field <= execution.planned_field, "{} > {}: {text}", execution.field, execution.planned_field);
        prop_assert!(execution.types <= execution.planned_types, "{} > {}: {text}", execution.types, execution.planned_types);
    }

    #[test]
    fn names_and_further_fields_never_lower_a_cost(seed in any::<u64>()) {
        let mut random = Random(seed);
        let fragments = vec![("Node", selections(&mut random, "Node", 2, &[]))];
        let (root, more) = (selections(&mut random, "Query", 4, &fragments), selections(&mut random, "Query", 3, &fragments));
        let cost = |sets: &[&[Selection]], rename: bool| {
            let mut text = String::from(if rename { "query __schema " } else { "query Q " });
            write(&mut text, &sets.concat());
            text.push_str("fragment F0 on Node ");
            write(&mut text, &fragments[0].1);
            if rename {
                text = text.replace("F0", "__type");
                (0..4).for_each(|first| text = text.replace(&format!("items{first}:"), &format!("__other{first}:")));
            }
            let mut tape = Tape::default();
            let document = parse(&text, BUDGET, &mut tape).unwrap();
            let operation = document.operations().next().unwrap();
            let variables = Variables::default();
            let question = Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
            let found = Model::Schema(&TABLE).estimate(&question, &mut Scratch::default());
            (found.field, found.r#type)
        };
        let (one, both) = (cost(&[&root], false), cost(&[&root, &more], false));
        prop_assert!(both.0 >= one.0 && both.1 >= one.1);
        prop_assert_eq!(cost(&[&root, &more], true), both);
    }
}
