//! The tables of documents: one row a text, one column a kind of work.

mod hostile;

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
const WORKS: [Work; 6] =
    [("parse", "parse", "parse"), MEASURE, ("+shape", "parse", "shape"), COST, JUDGED, FLOODED];
const MEASURE: Work = ("+measure", "parse", "measure");
const COST: Work = ("+cost", "judge", "cost");
/// From the bytes of an envelope to the verdict, a byte of the envelope.
const JUDGED: Work = ("judged", "judge", "judge");
/// The same while there is no room for more incidents, so that nothing is described.
const FLOODED: Work = ("in a flood", "judge", "flood");

/// Prints the tables of the texts with `wanted` in their name, and what they say of the goals.
pub(super) fn tables(benches: &Benches, wanted: &str) -> anyhow::Result<()> {
    let listed =
        std::process::Command::new(benches.path("parse")?).output().context("cannot start the bench")?;
    let texts = String::from_utf8_lossy(&listed.stdout).into_owned();
    let (honest, hostile): (Vec<&str>, Vec<&str>) =
        texts.lines().partition(|text| matches!(*text, "source" | "dense"));
    let wanted = |text: &&str| text.contains(wanted);
    let hostile: Vec<&str> = hostile.into_iter().filter(wanted).collect();
    say("\nInstructions a byte, counted by callgrind; each column includes those before it.");
    say(
        "`source` is the corpus of real operations as written, `dense` the same without a byte to spare; the others are hostile.",
    );
    say(
        "`judged` is the whole judgement by the default policy, a byte of the envelope; `in a flood`, what is refused is not described.",
    );
    say("In brackets: the multiple of `dense` for the same work.");
    let dense = Row::measure(benches, "dense", &WORKS)?;
    heading("text", 16, &WORKS);
    for text in honest.into_iter().filter(wanted) {
        Row::measure(benches, text, &WORKS)?.print(text, &dense);
    }
    let free = hostile::without_limits(benches, &hostile, &dense)?;
    let limited = hostile::under_limits(benches, &hostile, &dense)?;
    say("");
    let (measure, cost) = (dense.of(MEASURE), dense.of(COST));
    say(&format!("dense, parse + measure          {measure:>6.1}   goal {MEASURE_GOAL:.0} or less"));
    say(&format!("dense, with shape and cost      {cost:>6.1}   goal {COST_GOAL:.0} or less"));
    free.print("worst shape,");
    limited.print("under limits,");
    Ok(())
}

fn heading(first: &str, width: usize, works: &[Work]) {
    let header: String = works.iter().map(|(column, ..)| format!("{column:>width$}")).collect();
    say(&format!("\n{first:<18}{header}"));
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
