//! The tables of documents: one row a text, one column a kind of work.

use super::{Benches, callgrind};
use crate::run::say;
use anyhow::Context as _;

/// The most instructions a byte of the densely printed corpus that parsing and measuring should take.
const MEASURE_GOAL: f64 = 15.0;
/// The same with shape and cost.
const COST_GOAL: f64 = 25.0;
/// How many times the average of the dense corpus the worst shape should take a byte.
const WORST_GOAL: f64 = 2.0;

/// A kind of work, with what came before it: a column of the table, the bench that does it, the name it has there.
type Work = (&'static str, &'static str, &'static str);
const WORKS: [Work; 4] = [("parse", "parse", "parse"), MEASURE, ("+shape", "parse", "shape"), COST];
const MEASURE: Work = ("+measure", "parse", "measure");
const COST: Work = ("+cost", "judge", "cost");
/// What is told of documents under limits.
const LIMITED: [Work; 2] = [MEASURE, COST];
/// What the benches want in front of a shape's name.
const UNDER_LIMITS: &str = "limited/";

/// Prints the tables of the texts with `wanted` in their name, and what they say of the goals.
pub(super) fn tables(benches: &Benches, wanted: &str) -> anyhow::Result<()> {
    let listed =
        std::process::Command::new(benches.path("parse")?).output().context("cannot start the bench")?;
    let texts = String::from_utf8_lossy(&listed.stdout).into_owned();
    let (honest, hostile): (Vec<&str>, Vec<&str>) =
        texts.lines().partition(|text| matches!(*text, "source" | "dense"));
    let wanted = |text: &&&str| text.contains(wanted);
    say("\nInstructions a byte of GraphQL, counted by callgrind; each column includes those before it.");
    say(
        "`source` is the corpus of real operations as written, `dense` the same without a byte to spare; the others are hostile.",
    );
    say("In brackets: the multiple of `dense` for the same work.");
    let dense = Row::measure(benches, "dense", &WORKS)?;
    heading(&WORKS);
    for text in honest.iter().filter(wanted) {
        Row::measure(benches, text, &WORKS)?.print(text, &dense);
    }
    let mut free = Worst::default();
    for text in hostile.iter().filter(wanted) {
        free.see(text, Row::measure(benches, text, &WORKS)?, &dense);
    }
    say(
        "\nUnder the limits of the default policy, 64 KiB of the same shapes, which is as much as a client can send:",
    );
    heading(&LIMITED);
    let mut limited = Worst::default();
    for text in hostile.iter().filter(wanted) {
        let row = Row::measure(benches, &format!("{UNDER_LIMITS}{text}"), &LIMITED)?;
        limited.see(text, row, &dense);
    }
    say("");
    let (measure, cost) = (dense.of(MEASURE), dense.of(COST));
    say(&format!("dense, parse + measure          {measure:>6.1}   goal {MEASURE_GOAL:.0} or less"));
    say(&format!("dense, with shape and cost      {cost:>6.1}   goal {COST_GOAL:.0} or less"));
    free.print("worst shape,");
    limited.print("under limits,");
    Ok(())
}

fn heading(works: &[Work]) {
    let header: String = works.iter().map(|(column, ..)| format!("{column:>16}")).collect();
    say(&format!("\n{:<18}{header}", "text"));
}

/// Instructions a byte of one text.
struct Row(Vec<(Work, f64)>);

impl Row {
    fn measure(benches: &Benches, text: &str, works: &[Work]) -> anyhow::Result<Self> {
        let cell = |work: &Work| Ok((*work, callgrind::instructions_a(benches.path(work.1)?, work.2, text)?));
        works.iter().map(cell).collect::<anyhow::Result<_>>().map(Row)
    }

    fn of(&self, work: Work) -> f64 {
        let found = self.0.iter().find(|((column, ..), _)| *column == work.0);
        found.map_or(f64::NAN, |(_, figure)| *figure)
    }

    fn print(&self, text: &str, dense: &Row) {
        let cells = self.0.iter().map(|(work, figure)| {
            let ratio = format!("({:.1}x)", figure / dense.of(*work));
            format!("{figure:>8.1} {ratio:>7}")
        });
        say(&format!("{text:<18}{}", cells.collect::<String>()));
    }
}

/// The highest multiple of each kind of work, with its text.
#[derive(Default)]
struct Worst(Vec<(Work, f64, String)>);

impl Worst {
    /// Prints a row and remembers what is worse than before.
    fn see(&mut self, text: &str, row: Row, dense: &Row) {
        row.print(text, dense);
        for (work, figure) in row.0 {
            let ratio = figure / dense.of(work);
            match self.0.iter_mut().find(|((column, ..), ..)| *column == work.0) {
                Some(known) if known.1 >= ratio => {}
                Some(known) => *known = (work, ratio, text.to_owned()),
                None => self.0.push((work, ratio, text.to_owned())),
            }
        }
    }

    fn print(&self, what: &str) {
        for ((column, ..), ratio, text) in &self.0 {
            let line = format!("{what:<13} {column:<17} {ratio:>6.1}x  goal {WORST_GOAL:.1}x or less");
            say(&format!("{line}   ({text})"));
        }
    }
}
