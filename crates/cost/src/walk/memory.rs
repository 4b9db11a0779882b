//! Memory of the walk that is used again for each estimate.

use super::fragments::{Condition, Memo};
use super::sums::Sums;
use super::{Apart, Open};
use crate::table::TypeId;
use portcullis_graphql::{Document, NodeIndex};

/// Stacks and lists of a walk.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// What is around what is being summed.
    pub(super) open: Vec<Open>,
    /// What is summed apart from what is around it.
    pub(super) apart: Vec<Apart>,
    /// What is left of definitions while a fragment is walked: from where to where.
    pub(super) suspended: Vec<(NodeIndex, NodeIndex)>,
    /// By fragment, how often it is spread in the text.
    pub(super) spreads: Vec<u32>,
    pub(super) groups: Vec<(TypeId, Sums)>,
    /// Rows with one count for each watched field.
    pub(super) rows: Vec<u32>,
    pub(super) memos: Vec<Memo>,
    /// By fragment, its latest memo.
    pub(super) heads: Vec<u32>,
    /// By fragment, the type it is on.
    pub(super) conditions: Vec<Condition>,
    pub(super) kept_groups: Vec<(TypeId, Sums)>,
    pub(super) kept_rows: Vec<u32>,
}

impl Memory {
    /// Empties everything, and gives back what only documents made for that purpose need.
    pub(super) fn clear(&mut self, document: Document<'_>, row: usize) {
        const KEPT: usize = 4_096;
        let fragments = document.fragments().len();
        self.suspended.clear();
        self.spreads.clear();
        self.spreads.resize(fragments, 0);
        document.count_spreads(&mut self.spreads);
        self.open.clear();
        self.apart.clear();
        self.groups.clear();
        self.rows.clear();
        self.rows.resize(row, 0);
        self.memos.clear();
        self.heads.clear();
        self.heads.resize(fragments, u32::MAX);
        self.conditions.clear();
        self.conditions.resize(fragments, Condition::Unread);
        self.kept_groups.clear();
        self.kept_rows.clear();
        self.open.shrink_to(KEPT);
        self.apart.shrink_to(KEPT);
        self.groups.shrink_to(KEPT);
        self.kept_groups.shrink_to(KEPT);
        self.memos.shrink_to(KEPT);
    }

    #[inline]
    pub(super) fn groups_end(&self) -> u32 {
        u32::try_from(self.groups.len()).unwrap_or(u32::MAX)
    }
}
