//! The bits of the bytes that begin an entry of a table: what follows, and what is as by default.

/// Heads of types.
pub(super) mod kind_of {
    pub(in crate::table) const LEAF: u8 = 0;
    pub(in crate::table) const OBJECT: u8 = 1;
    pub(in crate::table) const ABSTRACT: u8 = 2;
    pub(in crate::table) const WEIGHS: u8 = 4;
}

/// Heads of rules.
pub(super) mod rule_head {
    pub(in crate::table) const ASSUMED: u8 = 1;
    pub(in crate::table) const EXACTLY_ONE: u8 = 2;
    pub(in crate::table) const SIZED: u8 = 4;
}

/// Heads of arguments.
pub(super) mod argument_head {
    pub(in crate::table) const INPUT: u8 = 1;
    pub(in crate::table) const WEIGHS: u8 = 2;
    pub(in crate::table) const DEFAULT: u8 = 4;
}

/// Heads of fields.
pub(super) mod field_head {
    /// The lower bits count lists; this many or more are counted in a byte of their own.
    pub(in crate::table) const LISTS: u8 = 3;
    pub(in crate::table) const RETURNS: u8 = 4;
    pub(in crate::table) const WEIGHS: u8 = 8;
    pub(in crate::table) const RULES: u8 = 16;
    pub(in crate::table) const ARGUMENTS: u8 = 32;
}
