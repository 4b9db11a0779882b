//! What a compilation says of itself: lines for people, and an object for programs.

use super::{Assumed, Compiled};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// How many assumptions are shown unless all are asked for.
const SAMPLE: usize = 8;

/// How many assumptions to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Some.
    Sample,
    /// All.
    All,
}

impl Compiled {
    /// What was taken and assumed, and how large the table is.
    #[must_use]
    pub fn text(&self, output: &str, detail: Detail) -> String {
        let Self { taken, assumed, table, .. } = self;
        let mut text = String::new();
        let mut line = |rest: String| {
            // Writing to a text does not fail.
            writeln!(text, "{rest}").unwrap_or_default();
        };
        line(format!(
            "{output}: {} bytes, {:.1} % of the schema, sha256 {}",
            table.len(),
            self.percent(),
            self.sha256()
        ));
        line(format!(
            "took     {} types, {} fields, {} input objects",
            taken.types, taken.fields, taken.inputs
        ));
        line(format!(
            "         {} weights (@cost), {} list sizes (@listSize)",
            taken.weights, taken.list_sizes
        ));
        if assumed.is_empty() {
            line("assumed  nothing".to_owned());
            return text;
        }
        line(format!(
            "assumed  the size of {} lists by the names of arguments (--no-assume turns this off):",
            assumed.len()
        ));
        let shown = match detail {
            Detail::Sample => SAMPLE,
            Detail::All => assumed.len(),
        };
        assumed.iter().take(shown).for_each(|it| line(format!("           {}", it.text())));
        let hidden = assumed.len().saturating_sub(shown);
        if hidden > 0 {
            line(format!("           and {hidden} more (--verbose shows all)"));
        }
        line("         a list without a size has graphql.cost.default_list_size entries".to_owned());
        text
    }

    /// The same for programs: `bytes`, `percent`, `sha256`, `took`, `assumed`.
    #[must_use]
    pub fn json(&self, output: &str) -> Value {
        let Self { taken, assumed, table, source_bytes } = self;
        let assumption = |it: &Assumed| json!({ "field": it.coordinate, "slicingArguments": it.slicing, "sizedFields": it.sized });
        json!({
            "table": output,
            "bytes": table.len(),
            "schemaBytes": source_bytes,
            "percent": (self.percent() * 10.0).round() / 10.0,
            "sha256": self.sha256(),
            "took": {
                "types": taken.types,
                "fields": taken.fields,
                "inputObjects": taken.inputs,
                "weights": taken.weights,
                "listSizes": taken.list_sizes,
            },
            "assumed": assumed.iter().map(assumption).collect::<Vec<_>>(),
        })
    }

    /// Bytes of the table for a hundred of the schema.
    fn percent(&self) -> f64 {
        100.0 * self.table.len() as f64 / (self.source_bytes.max(1) as f64)
    }
}

impl Assumed {
    fn text(&self) -> String {
        let Self { coordinate, slicing, sized } = self;
        let sizes = if sized.is_empty() { String::new() } else { format!(" -> {}", sized.join(", ")) };
        format!("{coordinate}({}){sizes}", slicing.join(", "))
    }
}
