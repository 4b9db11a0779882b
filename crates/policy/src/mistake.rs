//! What is wrong with a configuration file, said so that it can be mended.

use crate::Malformed;
use std::fmt;

/// One mistake and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Path of the value, `graphql.limits.depth`; empty for the whole file.
    pub path: String,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => formatter.write_str(&self.problem),
            path => write!(formatter, "{path}: {}", self.problem),
        }
    }
}

/// Everything that is wrong with a configuration file; at least one mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// Nothing when there is nothing wrong.
    ///
    /// # Errors
    /// The mistakes, when there are any.
    pub fn none_of(found: Vec<Mistake>) -> Result<(), Self> {
        if found.is_empty() { Ok(()) } else { Err(Self(found)) }
    }

    /// Each mistake, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }
}

impl From<Malformed> for Mistakes {
    fn from(Malformed { path, line, problem }: Malformed) -> Self {
        let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
        Self(vec![Mistake { path, problem: format!("{problem}{place}") }])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            write!(formatter, "{}{mistake}", if index == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}
