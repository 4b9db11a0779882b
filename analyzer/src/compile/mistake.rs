//! What is wrong with a schema, and where.

use apollo_compiler::diagnostic::ToCliReport as _;
use apollo_compiler::parser::{SourceMap, SourceSpan};
use apollo_compiler::validation::DiagnosticList;
use std::fmt;

/// One mistake; ordered by where it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The file, as it was named; empty when it is the schema as a whole.
    pub file: String,
    /// The line, from 1; 0 when it is the schema as a whole.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What it concerns: `Type.field`, `Type.field(argument:)`; empty where the text says it.
    pub coordinate: String,
    /// What is wrong.
    pub text: String,
}

/// All mistakes of a schema, one a line when displayed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl Mistake {
    pub(super) fn at(
        sources: &SourceMap,
        place: Option<SourceSpan>,
        coordinate: String,
        text: String,
    ) -> Self {
        let file = place.and_then(|span| sources.get(&span.file_id()));
        let file = file.map_or(String::new(), |file| file.path().display().to_string());
        let (line, column) = place
            .and_then(|span| span.line_column(sources))
            .map_or((0, 0), |found| (found.line, found.column));
        Self { file, line, column, coordinate, text }
    }
}

impl Mistakes {
    pub(super) fn of_diagnostics(list: &DiagnosticList) -> Self {
        let mistake = |found: apollo_compiler::diagnostic::Diagnostic<'_, _>| {
            let place = apollo_compiler::validation::DiagnosticData::location(found.error);
            Mistake::at(found.sources, place, String::new(), found.error.to_string())
        };
        Self(list.iter().map(mistake).collect())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(out, "{}:{}:{}: ", self.file, self.line, self.column)?;
        }
        if !self.coordinate.is_empty() {
            write!(out, "{}: ", self.coordinate)?;
        }
        // Some messages of the validator span lines; a mistake is one line.
        write!(out, "{}", self.text.split_whitespace().collect::<Vec<_>>().join(" "))
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            write!(out, "{}{mistake}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}
