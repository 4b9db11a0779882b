//! What stands directly in a selection set, fragments expanded: looked at only where it matters, without what is inside.

use super::KEPT;
use crate::request::Request;
use portcullis_graphql::{Document, Selection, Selections};

/// What stands directly in fragments, once somebody asked.
#[derive(Debug, Default)]
pub(super) struct Direct {
    /// By fragment; empty until one is spread where it matters.
    fragments: Vec<Fields>,
}

/// The fields that stand directly in a selection set.
#[derive(Clone, Copy, Debug, Default)]
struct Fields {
    count: u64,
    objects: u64,
}

impl Direct {
    /// Forgets the document before.
    pub(super) fn clear(&mut self) {
        self.fragments.clear();
        self.fragments.shrink_to(KEPT);
    }

    /// How many fields there are; saturates.
    pub(super) fn fields<'a>(
        &mut self,
        document: Document<'a>,
        selections: Selections<'a>,
        request: &Request<'a>,
    ) -> u64 {
        self.of(document, selections, request).count
    }

    /// Whether there are fields with selections among them.
    pub(super) fn holds_objects<'a>(
        &mut self,
        document: Document<'a>,
        selections: Selections<'a>,
        request: &Request<'a>,
    ) -> bool {
        self.of(document, selections, request).objects > 0
    }

    fn of<'a>(
        &mut self,
        document: Document<'a>,
        selections: Selections<'a>,
        request: &Request<'a>,
    ) -> Fields {
        if let Some(found) = direct(selections, request, &self.fragments) {
            return found;
        }
        self.fragments.resize(document.fragments().len(), Fields::default());
        for index in document.fragment_order().unwrap_or_default() {
            let Some(fragment) = document.fragment(*index) else { continue };
            let found = direct(fragment.selections(), request, &self.fragments).unwrap_or_default();
            if let Some(slot) = self.fragments.get_mut(index.get()) {
                *slot = found;
            }
        }
        direct(selections, request, &self.fragments).unwrap_or_default()
    }
}

/// Nothing when that takes knowing fragments that are not known.
fn direct<'a>(selections: Selections<'a>, request: &Request<'a>, fragments: &[Fields]) -> Option<Fields> {
    let mut selections = selections;
    let mut found = Fields::default();
    while let Some(selection) = selections.next() {
        let is_left_out = !selection.is_bare() && request.leaves_out(selection.directives());
        let more = match &selection {
            _ if is_left_out => Fields::default(),
            Selection::InlineFragment(_) => continue,
            Selection::Field(field) => Fields { count: 1, objects: u64::from(field.has_selections()) },
            Selection::Spread(spread) => match spread.fragment() {
                Some(index) => *fragments.get(index.get())?,
                None => Fields::default(),
            },
        };
        found.count = found.count.saturating_add(more.count);
        found.objects = found.objects.saturating_add(more.objects);
        selections.skip_to(selection.end());
    }
    Some(found)
}
