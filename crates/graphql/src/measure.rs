//! Counts what a document would make a server do, without a schema: how deep, how wide, how often.
//!
//! Fragments are measured once each, callees first, and their numbers added wherever they are spread, so an exponential document
//! costs linear work and saturates. Nothing depends on the names a client may choose: operations, fragments, aliases, variables.

mod aliases;
mod names;
mod table;

use thiserror::Error;

use crate::document::Document;
use crate::tape::{Counts, Definition, FragmentIndex, Tape};
use aliases::Aliases;

/// What a document measures. All counts saturate at [`u32::MAX`].
///
/// Those of operations are the maximum over all operations of the document, whichever is executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// Tokens of the text.
    pub tokens: u32,
    /// Operations of the document.
    pub operations: u32,
    /// Fragment definitions of the document.
    pub fragments: u32,
    /// Levels of fields: 1 for a root field, and for what it selects one more. Fragments add none. A selection set is a level even
    /// when all it holds is spreads of unknown fragments.
    pub depth: u32,
    /// Fields of an operation with fragments expanded, `__typename` included.
    pub fields: u32,
    /// Fields in the root selection set of an operation, fragments expanded.
    pub root_fields: u32,
    /// Aliased fields of an operation, fragments expanded.
    pub aliases: u32,
    /// The most different aliases of one field in one place of the response, fragments and fields of the same response name merged
    /// as execution merges them: the same alias again is the same entry. [`u32::MAX`] when finding out would take more than
    /// `max(8192, 2 × tokens)` steps, which only documents made for that purpose need.
    pub aliases_per_field: u32,
    /// Every occurrence of a directive in an operation, fragments expanded: on the operation, its variables, selections and
    /// fragment definitions. Never less than the occurrences in the text.
    pub directives: u32,
    /// A field called `__schema` or `__type` anywhere, used or not. Aliases and names of definitions do not matter.
    pub introspection: bool,
}

/// Why a document cannot be measured. `at` is a byte offset into the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MeasureError {
    /// Fragments that spread each other in a circle, used or not.
    #[error("fragments form a cycle")]
    Cycle {
        /// The fragment's name in a spread that closes the circle.
        at: u32,
    },
    /// Two fragment definitions of one name.
    #[error("two fragments have the same name")]
    DuplicateFragment {
        /// The name of the second.
        at: u32,
    },
    /// Two operations of one name.
    #[error("two operations have the same name")]
    DuplicateOperation {
        /// The name of the second.
        at: u32,
    },
}

/// Reusable storage for [`measure`].
#[derive(Debug, Default)]
pub struct Scratch {
    /// By fragment number, with what it spreads.
    fragments: Vec<Counts>,
    aliases: Aliases,
    steps: u64,
}

impl Scratch {
    /// How many steps the last [`measure`] took: definitions, spreads and selections looked at, aliases looked up. At most the
    /// tokens plus `max(8192, 2 × tokens)`. For tests that work is linear.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

/// Up to where the numbers of aliases need not be exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AliasLimits {
    /// Where an operation has more aliases than this, [`Measures::aliases_per_field`] is that number, whatever their fields.
    pub all: u32,
    /// Where no field has more aliases in one place than this, [`Measures::aliases_per_field`] may be higher than their number, but
    /// not higher than this.
    pub per_field: u32,
}

impl AliasLimits {
    /// Every number is exact.
    pub const NONE: AliasLimits = AliasLimits { all: u32::MAX, per_field: 0 };
}

/// Measures `document`. Linear in its definitions, spreads and aliases; the parser counted the rest.
///
/// # Errors
/// The document has a cycle of fragments, or two definitions of one name.
pub fn measure(document: Document<'_>, scratch: &mut Scratch) -> Result<Measures, MeasureError> {
    measure_against(document, AliasLimits::NONE, scratch)
}

/// The same for a caller who holds the numbers of aliases against `limits` and need not know more: that is a lot cheaper.
///
/// # Errors
/// Those of [`measure`].
pub fn measure_against(
    document: Document<'_>,
    limits: AliasLimits,
    scratch: &mut Scratch,
) -> Result<Measures, MeasureError> {
    let tape = document.tape();
    if let Some(at) = tape.links.duplicate_fragment {
        return Err(MeasureError::DuplicateFragment { at });
    }
    if let Some(at) = tape.links.duplicate_operation {
        return Err(MeasureError::DuplicateOperation { at });
    }
    let order = document.fragment_order().map_err(|cycle| MeasureError::Cycle { at: cycle.at })?;
    // How many aliases and directives the definitions have: the aliases with those they spread, the directives as written.
    let mut sums = Sums::default();
    let most = match (tape.operations.as_slice(), order) {
        ([operation], []) => {
            sums.add(operation, &operation.counts);
            operation.counts
        }
        (operations, order) => scratch.expand_all(tape, operations, order, &mut sums),
    };
    let in_fields = u32::try_from(tape.aliased.len()).unwrap_or(u32::MAX);
    let (aliases_per_field, counted) = if most.aliases > limits.all || most.aliases <= 1 {
        (most.aliases, 0)
    } else if in_fields <= limits.per_field {
        (in_fields, 0)
    } else {
        scratch.aliases.most(document, order, sums.aliases, limits.per_field)
    };
    let looked_at =
        tape.operations.len().saturating_add(tape.fragments.len()).saturating_add(tape.spreads.len());
    scratch.steps = counted.saturating_add(looked_at as u64);
    let count = |definitions: &[Definition]| u32::try_from(definitions.len()).unwrap_or(u32::MAX);
    Ok(Measures {
        tokens: tape.tokens,
        operations: count(&tape.operations),
        fragments: count(&tape.fragments),
        depth: most.depth,
        fields: most.fields,
        root_fields: most.root_fields,
        aliases: most.aliases,
        aliases_per_field,
        directives: most.directives.max(sums.directives),
        introspection: tape.introspection,
    })
}

/// Over all definitions.
#[derive(Default)]
struct Sums {
    aliases: u64,
    directives: u32,
}

impl Sums {
    fn add(&mut self, definition: &Definition, expanded: &Counts) {
        self.aliases = self.aliases.saturating_add(u64::from(expanded.aliases));
        self.directives = self.directives.saturating_add(definition.counts.directives);
    }
}

impl Scratch {
    /// Expands the fragments, callees first, and the operations; the most that any of these has.
    fn expand_all(
        &mut self,
        tape: &Tape,
        operations: &[Definition],
        order: &[FragmentIndex],
        sums: &mut Sums,
    ) -> Counts {
        self.fragments.clear();
        self.fragments.resize(tape.fragments.len(), Counts::default());
        for index in order {
            let Some(fragment) = tape.fragments.get(index.get()) else { continue };
            let counts = self.expand(tape, fragment);
            sums.add(fragment, &counts);
            if let Some(place) = self.fragments.get_mut(index.get()) {
                *place = counts;
            }
        }
        let mut most = Counts::default();
        for operation in operations {
            let counts = self.expand(tape, operation);
            sums.add(operation, &counts);
            most.raise_to(&counts);
        }
        most
    }

    /// What `definition` contains together with the fragments it spreads, whose own counts are complete.
    fn expand(&self, tape: &Tape, definition: &Definition) -> Counts {
        let mut counts = definition.counts;
        for spread in definition.spreads.of(&tape.spreads) {
            let target = tape.node(*spread);
            if let Some(fragment) = self.fragments.get(target.start as usize) {
                add(&mut counts, fragment, u32::from(target.depth));
            }
        }
        counts
    }
}

impl Counts {
    /// The larger of each.
    fn raise_to(&mut self, other: &Counts) {
        self.depth = self.depth.max(other.depth);
        self.fields = self.fields.max(other.fields);
        self.root_fields = self.root_fields.max(other.root_fields);
        self.aliases = self.aliases.max(other.aliases);
        self.directives = self.directives.max(other.directives);
    }
}

/// Adds a fragment that is spread among fields of depth `depth`.
fn add(counts: &mut Counts, fragment: &Counts, depth: u32) {
    if fragment.depth > 0 {
        counts.depth = counts.depth.max(fragment.depth.saturating_add(depth).saturating_sub(1));
    }
    if depth == 1 {
        counts.root_fields = counts.root_fields.saturating_add(fragment.root_fields);
    }
    counts.fields = counts.fields.saturating_add(fragment.fields);
    counts.aliases = counts.aliases.saturating_add(fragment.aliases);
    counts.directives = counts.directives.saturating_add(fragment.directives);
}

#[cfg(test)]
mod tests;
