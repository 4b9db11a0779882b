//! The fast part of the walk: fields that are nothing but a name, of which nothing but weights and lists is known.

use super::field::{Parcel, TYPE_NAME, UNKNOWN};
use super::{Open, Reason, Walk, What};
use crate::Cost;
use crate::table::SizedId;
use portcullis_graphql::{Selections, Step};

/// Where the fast part ends.
pub(super) enum Stop {
    /// Before a selection that takes a closer look.
    Selection,
    /// At the end of what is being summed.
    End,
}

impl<'a> Walk<'_, 'a> {
    /// Adds selections as long as that is simple.
    #[inline(never)]
    pub(super) fn run(&mut self, selections: &mut Selections<'a>) -> Stop {
        let table = self.pricing.table;
        let (mut passed, mut field, mut types) = (0_usize, Cost::ZERO, Cost::ZERO);
        let stop = loop {
            let (bare, is_leaf) = match selections.look(self.last.end) {
                Step::Leaf(leaf) => (leaf, true),
                Step::Object(object) => (object, false),
                Step::Other => break Stop::Selection,
                Step::End if self.ends_plainly() => {
                    self.last = self.memory.open.pop().unwrap_or(self.last);
                    continue;
                }
                Step::End => break Stop::End,
            };
            let scope = self.last.scope;
            let found = scope.and_then(|scope| table.find(scope, bare.key(), || bare.name()));
            let Some((id, known)) = found else {
                if bare.name() != TYPE_NAME {
                    self.count_unknown(bare.name(), scope);
                    if !is_leaf {
                        field = field + UNKNOWN;
                        types = types + UNKNOWN;
                        let (end, sized) = (bare.end(), SizedId::NONE);
                        self.open(Open { end, scope: None, sized, groups: 0, what: What::Object });
                    }
                } else if !is_leaf {
                    break Stop::Selection;
                }
                selections.step();
                passed = passed.wrapping_add(1);
                continue;
            };
            if is_leaf {
                if !known.plain {
                    break Stop::Selection;
                }
                field = field + known.own;
            } else {
                if !known.simple || self.last.sized != SizedId::NONE || self.directives_cost {
                    break Stop::Selection;
                }
                let (end, scope, sized) = (bare.end(), Some(known.returns), SizedId::NONE);
                self.open(Open { end, scope, sized, groups: 0, what: What::Object });
                if known.lists == 0 {
                    field = field + known.own;
                    types = types + known.returned;
                } else {
                    self.sums.field = self.sums.field + std::mem::take(&mut field);
                    self.sums.types = self.sums.types + std::mem::take(&mut types);
                    let length = self.pricing.levels(known.lists);
                    self.apart(Reason::List(Parcel::of_list(known, length)));
                }
            }
            self.watch(id);
            selections.step();
            passed = passed.wrapping_add(1);
        };
        self.sums.field = self.sums.field + field;
        self.sums.types = self.sums.types + types;
        self.pricing.steps.take(passed);
        stop
    }
}
