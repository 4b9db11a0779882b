//! Hostile shapes: without limits, and as far as the limits of the default policy let a client go.

use super::{Benches, COST, FLOODED, JUDGED, MEASURE, Row, WORST_GOAL, Work, heading};
use crate::run::say;

/// What is told of shapes without limits; the whole judgement always has limits.
const FREE: [Work; 4] = [("parse", "parse", "parse"), MEASURE, ("+shape", "parse", "shape"), COST];
/// What is told of shapes under limits.
const LIMITED: [Work; 4] = [MEASURE, COST, JUDGED, FLOODED];
/// How much of a shape is sent: KiB, up to as many as a client may, and as much as just passes the limits on reading.
const SIZES: [&str; 5] = ["1", "4", "16", "64", "fit"];

/// 32 KiB of each shape.
pub(super) fn without_limits(benches: &Benches, texts: &[&str], dense: &Row) -> anyhow::Result<Worst> {
    heading("shape", 16, &FREE);
    let mut worst = Worst::default();
    for text in texts {
        let row = Row::measure(benches, text, &FREE)?;
        row.print(text, dense);
        worst.see(text, &row, dense);
    }
    Ok(worst)
}

/// What each shape takes at most, whatever its size.
pub(super) fn under_limits(benches: &Benches, texts: &[&str], dense: &Row) -> anyhow::Result<Worst> {
    say(
        "\nWhat a client can make the gate do under the limits of the default policy: the worst of 1, 4, 16 and 64 KiB of a shape,",
    );
    say(
        "which is as much as may be sent, and of as much as just passes the limits on reading; with the size in KiB.",
    );
    heading("shape", 19, &LIMITED);
    let mut all = Worst::default();
    for text in texts {
        let mut worst = Worst::default();
        for size in SIZES {
            let row = Row::measure(benches, &format!("limited/{size}/{text}"), &LIMITED)?;
            worst.see(size, &row, dense);
            all.see(&format!("{size}/{text}"), &row, dense);
        }
        let cells = worst.0.iter().map(|(work, ratio, size)| {
            let figure = ratio * dense.of(*work);
            let ratio = format!("({ratio:.1}x, {size})");
            format!("{figure:>7.1} {ratio:>11}")
        });
        say(&format!("{text:<18}{}", cells.collect::<String>()));
    }
    Ok(all)
}

/// The highest multiple of each kind of work, with its text.
#[derive(Default)]
pub(super) struct Worst(Vec<(Work, f64, String)>);

impl Worst {
    /// Remembers what is worse than before.
    fn see(&mut self, text: &str, row: &Row, dense: &Row) {
        for (work, figure) in &row.0 {
            let ratio = figure / dense.of(*work);
            match self.0.iter_mut().find(|((column, ..), ..)| *column == work.0) {
                Some(known) if known.1 >= ratio => {}
                Some(known) => *known = (*work, ratio, text.to_owned()),
                None => self.0.push((*work, ratio, text.to_owned())),
            }
        }
    }

    pub(super) fn print(&self, what: &str) {
        for ((column, ..), ratio, text) in &self.0 {
            let line = format!("{what:<13} {column:<17} {ratio:>6.1}x  goal {WORST_GOAL:.1}x or less");
            say(&format!("{line}   ({text})"));
        }
    }
}
