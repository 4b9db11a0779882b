//! Judges the corpus as the gate does: `cargo bench -p portcullis-gate --bench judge [-- <work> <text> <rounds>]`.
//!
//! `work`: `none`; `cost` (parse, measure, shape and cost of a text of the bench of `crates/graphql`, or of `saleor`, the operations
//! of that name, densely printed); `schema` (the same by the schema of saleor, compiled to `target/bench/saleor.table`); `shape` (the
//! same without cost); `judge` (an envelope from its bytes to the verdict), `flood` (the same while there is no room for incidents); `beside` (the same with a candidate that differs in a limit),
//! `beside-costed` (with one that is costed otherwise); `envelope` (what `serde_json` alone takes to read the
//! same envelope); the last two with `mean`, the client's operation of mean length, or `clients`, all of them. Without arguments,
//! `judge` and `envelope` run in turns, and the ratio of their CPU time is printed.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench is a shell")]

#[path = "../../graphql/benches/shared/race.rs"]
mod race;
#[path = "../../graphql/benches/shared/texts.rs"]
mod texts;

use std::borrow::Cow;
use std::hint::black_box;

use portcullis_cost::{Model, Question, Sizes, Table, Variables};
use portcullis_gate::{Desk, Documents, judge_body};
use portcullis_graphql::{AliasLimits, Budget, Document, Scratch, Tape, measure_against, parse, shape};
use portcullis_policy::{Policy, Verdict};
use race::{Contender, race};
use serde_json::value::RawValue;

/// What the default policy asks about aliases.
const ALIASES: AliasLimits = AliasLimits { all: 60, per_field: 10 };
const ENVELOPES: [&str; 2] = ["mean", "clients"];

/// Policies with a candidate: one that is read, measured and costed as the policy is, and one that is costed for itself.
const BESIDE: &str = "candidate: {graphql: {limits: {depth: 14}}}";
const BESIDE_COSTED: &str = "candidate: {graphql: {cost: {default_list_size: 11}}}";

/// What a server would read of an envelope.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is only read")]
struct Envelope<'a> {
    #[serde(borrow)]
    query: Cow<'a, str>,
    #[serde(borrow)]
    operation_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    variables: Option<&'a RawValue>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [work, text, rounds] => run(work, text, rounds.parse().unwrap()),
        _ => ENVELOPES.iter().for_each(|text| compare(text)),
    }
}

fn run(work: &str, text: &str, rounds: u32) {
    let is_envelope = ENVELOPES.contains(&text);
    let inputs = match text {
        "saleor" => saleor(),
        _ if is_envelope => envelopes(text),
        _ if matches!(work, "judge" | "flood" | "envelope") => {
            texts::documents(text).iter().map(|query| enveloped(query)).collect()
        }
        _ => texts::documents(text),
    };
    let table = (work == "schema").then(saleor_table);
    let model = table.as_ref().map_or(Model::Schemaless, Model::Schema);
    let (bytes, budget): (usize, _) = (inputs.iter().map(String::len).sum(), texts::budget(text));
    let policy = match work {
        "beside" => BESIDE,
        "beside-costed" => BESIDE_COSTED,
        _ => "{}",
    };
    let policy = Policy::parse(policy).unwrap();
    let (mut desk, mut tape, mut scratch) = (Desk::default(), Tape::default(), Scratch::default());
    if work == "flood" {
        desk.describe(Documents::Dropped);
    }
    let mut costing = portcullis_cost::Scratch::default();
    for _ in 0..rounds {
        for input in &inputs {
            match work {
                "shape" => {
                    black_box(shaped(black_box(input), budget, &mut tape, &mut scratch));
                }
                "cost" | "schema" => {
                    if let Some(document) = shaped(black_box(input), budget, &mut tape, &mut scratch) {
                        cost(document, model, &mut costing);
                    }
                }
                "judge" | "flood" | "beside" | "beside-costed" => {
                    drop(black_box(judge_body(&policy, black_box(input.as_bytes()), &mut desk)))
                }
                "envelope" => read(black_box(input.as_bytes())),
                _ => {}
            }
        }
    }
    println!("{work} {text}: {bytes} bytes a round");
}

fn shaped<'a>(
    text: &'a str,
    budget: Budget,
    tape: &'a mut Tape,
    scratch: &mut Scratch,
) -> Option<Document<'a>> {
    let document = texts::read(text, budget, tape)?;
    black_box(measure_against(document, ALIASES, scratch)).ok();
    black_box(shape(document));
    Some(document)
}

fn cost(document: Document<'_>, model: Model<'_>, costing: &mut portcullis_cost::Scratch) {
    if let Some(operation) = document.operations().next() {
        let variables = Variables::default();
        let question =
            Question { document, operation, variables: &variables, sizes: Sizes::default(), watched: &[] };
        black_box(model.estimate(&question, costing));
    }
}

/// The operations of the corpus that are saleor's.
fn saleor() -> Vec<String> {
    let lines = texts::lines();
    let field = |line: &serde_json::Value, name: &str| line.get(name).unwrap().as_str().unwrap().to_owned();
    let of_saleor = lines.iter().filter(|line| field(line, "source").starts_with("saleor/"));
    of_saleor.map(|line| texts::dense(&field(line, "query"))).collect()
}

#[expect(clippy::disallowed_methods, reason = "a bench is a shell")]
fn saleor_table() -> Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/bench/saleor.table");
    Table::load(&std::fs::read(path).unwrap()).unwrap()
}

fn read(body: &[u8]) {
    black_box(serde_json::from_slice::<Envelope<'_>>(body).unwrap());
}

fn compare(text: &str) {
    let bodies = envelopes(text);
    let policy = Policy::parse("{}").unwrap();
    let mut desk = Desk::default();
    let allowed =
        |body: &&String| judge_body(&policy, body.as_bytes(), &mut Desk::default()).verdict == Verdict::Allow;
    let bytes: usize = bodies.iter().map(String::len).sum();
    println!(
        "{text}: {} envelopes of {} bytes on average, {} of them allowed",
        bodies.len(),
        bytes / bodies.len().max(1),
        bodies.iter().filter(allowed).count()
    );
    let repeat = 4_000_000 / bytes.max(1) + 1;
    let each = |work: &mut dyn FnMut(&[u8])| {
        for _ in 0..repeat {
            bodies.iter().for_each(|body| work(black_box(body.as_bytes())));
        }
    };
    let judge = |body: &[u8]| drop(black_box(judge_body(&policy, body, &mut desk)));
    let mut judge = judge;
    let beside = [BESIDE, BESIDE_COSTED].map(|policy| Policy::parse(policy).unwrap());
    let [mut alike, mut costed] = beside.each_ref().map(|policy| {
        let mut desk = Desk::default();
        move |body: &[u8]| drop(black_box(judge_body(policy, body, &mut desk)))
    });
    let mut contenders = [
        Contender { name: "serde_json alone", turn: Box::new(|| each(&mut |body| read(body))) },
        Contender { name: "the whole judgement", turn: Box::new(|| each(&mut judge)) },
        Contender { name: "with a candidate", turn: Box::new(|| each(&mut alike)) },
        Contender { name: "with a candidate of other costs", turn: Box::new(|| each(&mut costed)) },
    ];
    for ratio in race(&mut contenders, 21) {
        let (low, high) = ratio.quartiles;
        let each = ratio.nanoseconds / (repeat * bodies.len()) as f64;
        println!(
            "  {:<38}{:>6.2}x  ({low:.2} to {high:.2})  {each:>6.0} ns an envelope",
            ratio.name, ratio.median
        );
    }
}

/// Envelopes around the operations that client applications ship: all, or the one of mean length.
fn envelopes(text: &str) -> Vec<String> {
    let lines = texts::lines();
    let clients: Vec<&serde_json::Value> = lines
        .iter()
        .filter(|line| line.get("client").and_then(serde_json::Value::as_bool) == Some(true))
        .collect();
    let len = |line: &serde_json::Value| line.get("query").and_then(serde_json::Value::as_str).unwrap().len();
    let mean = clients.iter().map(|line| len(line)).sum::<usize>() / clients.len().max(1);
    let envelopes = clients.iter().map(|line| {
        let query = line.get("query").unwrap().as_str().unwrap();
        let null = serde_json::Value::Null;
        let empty = serde_json::json!({});
        let variables = line.get("variables").unwrap_or(&empty);
        let name = operation_name(query).map_or(null, serde_json::Value::from);
        serde_json::json!({ "query": query, "variables": variables, "operationName": name }).to_string()
    });
    if text == "clients" {
        return envelopes.collect();
    }
    let nearest = (0..clients.len()).min_by_key(|at| clients.get(*at).map(|line| len(line).abs_diff(mean)));
    nearest.and_then(|at| envelopes.clone().nth(at)).into_iter().collect()
}

/// An envelope with nothing but a document.
fn enveloped(query: &str) -> String {
    serde_json::json!({ "query": query }).to_string()
}

/// The name of the first operation.
fn operation_name(query: &str) -> Option<String> {
    let mut tape = Tape::default();
    let document = parse(query, Budget::default(), &mut tape).ok()?;
    document.operations().next()?.name().map(str::to_owned)
}
