//! Reads a table in one pass; what is cut, flipped or made up is an error, never a panic and never a long wait.

use super::heads::{argument_head, field_head, kind_of, rule_head};
use super::slots::Slots;
use super::wire::{Reader, unframe};
use super::{Argument, Field, Kind, Rule, SizedField, SizedId, Slicing, Span, Step, Table, Type, TypeId};
use crate::Cost;
use portcullis_graphql::NameKey;
use thiserror::Error;

/// Why bytes are no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TableError {
    /// They begin like something else.
    #[error("this is not a cost table; make one with `portcullis compile`")]
    NotATable,
    /// They are of another layout than this program reads.
    #[error("the cost table has layout {found}, this program reads layout 1; compile the schema again")]
    OtherVersion {
        /// The layout they are of.
        found: u8,
    },
    /// The end is missing.
    #[error("the cost table is cut off")]
    Truncated,
    /// Something follows the end.
    #[error("the cost table has bytes after its end")]
    TrailingBytes,
    /// Something was changed on the way.
    #[error("the cost table is damaged: its checksum does not match")]
    WrongSum,
    /// They are framed well but contradict themselves.
    #[error("the cost table is malformed")]
    Malformed,
}

/// Largest weight in thousandths that a table may have; above what [`crate::Weight`] can say, with room for defaults that sum.
const MOST: i64 = 1_000_000_000_000_000;

impl Table {
    /// Reads what [`Schema::compile`](crate::Schema::compile) wrote. Linear in the bytes.
    ///
    /// # Errors
    /// The bytes are not a whole, undamaged table of this version.
    pub fn load(bytes: &[u8]) -> Result<Self, TableError> {
        let mut reader = Reader::new(unframe(bytes)?);
        let mut loader = Loader::new();
        loader.names(&mut reader)?;
        loader.types(&mut reader)?;
        for root in &mut loader.table.roots {
            let id = reader.index(loader.table.types.len())?;
            *root = (id != 0).then_some(TypeId(id));
        }
        loader.inputs(&mut reader)?;
        loader.directives(&mut reader)?;
        loader.sized(&mut reader)?;
        loader.rules(&mut reader)?;
        loader.fields(&mut reader)?;
        let loaded = reader.is_at_end().then(|| loader.finish()).flatten();
        loaded.ok_or(TableError::Malformed)
    }
}

struct Loader {
    table: Table,
    keys: Vec<NameKey>,
}

impl Loader {
    fn new() -> Self {
        let leaf = Type {
            key: NameKey::default(),
            name: u32::MAX,
            weight: Cost::ZERO,
            kind: Kind::Leaf,
            members: Span::default(),
            fields: Span::default(),
        };
        let table = Table {
            text: String::new(),
            names: Vec::new(),
            types: vec![leaf],
            fields: Vec::new(),
            members: Vec::new(),
            inputs: Vec::new(),
            arguments: Vec::new(),
            directives: Vec::new(),
            rules: Vec::new(),
            rule_ids: Vec::new(),
            slicings: Vec::new(),
            steps: Vec::new(),
            sized: vec![Span::default()],
            sized_fields: Vec::new(),
            roots: [None; 3],
            field_slots: Slots::with_room_for(0),
            type_slots: Slots::with_room_for(0),
            input_slots: Slots::with_room_for(0),
        };
        Self { table, keys: Vec::new() }
    }

    fn names(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        let count = reader.count()?;
        let mut text: Vec<u8> = Vec::new();
        let mut before = 0..0_usize;
        for _ in 0..count {
            let (shared, rest) = (reader.count()?, reader.count()?);
            let rest = reader.text(rest)?;
            // A name that repeats the one before it forever would grow the text beyond its source.
            if shared > before.len() || shared > 255 || !rest.is_ascii() {
                return Err(TableError::Malformed);
            }
            let first = text.len();
            text.extend_from_within(before.start..before.start.saturating_add(shared));
            text.extend_from_slice(rest);
            before = first..text.len();
            let span = |at: usize| u32::try_from(at).map_err(|_| TableError::Malformed);
            self.table.names.push(Span { first: span(first)?, end: span(text.len())? });
            self.keys.push(NameKey::of(text.get(before.clone()).unwrap_or(&[])));
        }
        self.table.text = String::from_utf8(text).map_err(|_| TableError::Malformed)?;
        Ok(())
    }

    fn name(&self, reader: &mut Reader<'_>) -> Result<u32, TableError> {
        reader.index(self.keys.len())
    }

    fn key(&self, name: u32) -> NameKey {
        self.keys.get(name as usize).copied().unwrap_or_default()
    }

    fn types(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        let count = reader.count()?;
        let bound = count.saturating_add(1);
        for _ in 0..count {
            let name = self.name(reader)?;
            let head = reader.byte()?;
            let (kind, by_default) = match head & !kind_of::WEIGHS {
                kind_of::LEAF => (Kind::Leaf, 0),
                kind_of::OBJECT => (Kind::Object, 1_000),
                kind_of::ABSTRACT => (Kind::Abstract, 1_000),
                _ => return Err(TableError::Malformed),
            };
            let weight = if head & kind_of::WEIGHS == 0 { by_default } else { weight(reader)? };
            let weight = Cost::from_milli(u64::try_from(weight).map_err(|_| TableError::Malformed)?);
            let first = end_of(&self.table.members)?;
            if kind == Kind::Abstract {
                self.members(reader, bound)?;
            }
            let members = Span { first, end: end_of(&self.table.members)? };
            let key = self.key(name);
            self.table.types.push(Type { key, name, weight, kind, members, fields: Span::default() });
        }
        let types = &self.table.types;
        let are_objects = |id: &TypeId| types.get(id.0 as usize).is_some_and(|it| it.kind == Kind::Object);
        if self.table.members.iter().all(are_objects) { Ok(()) } else { Err(TableError::Malformed) }
    }

    fn members(&mut self, reader: &mut Reader<'_>, bound: usize) -> Result<(), TableError> {
        let mut member = 0_u32;
        for _ in 0..reader.count()? {
            let more = reader.index(bound)?;
            member = member.checked_add(more).filter(|_| more != 0).ok_or(TableError::Malformed)?;
            if member as usize >= bound {
                return Err(TableError::Malformed);
            }
            self.table.members.push(TypeId(member));
        }
        Ok(())
    }

    fn inputs(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        let count = reader.count()?;
        for owner in (0..).take(count) {
            let span = self.arguments(reader, count, owner)?;
            self.table.inputs.push(span);
        }
        Ok(())
    }

    fn arguments(&mut self, reader: &mut Reader<'_>, inputs: usize, owner: u32) -> Result<Span, TableError> {
        let first = end_of(&self.table.arguments)?;
        for _ in 0..reader.count()? {
            let name = self.name(reader)?;
            let head = reader.byte()?;
            let is_input = head & argument_head::INPUT != 0;
            let input = if is_input { Some(reader.index(inputs)?) } else { None };
            let by_default = if is_input { 1_000 } else { 0 };
            let weight = if head & argument_head::WEIGHS == 0 { by_default } else { weight(reader)? };
            let default = if head & argument_head::DEFAULT == 0 { 0 } else { self::weight(reader)? };
            self.table.arguments.push(Argument { key: self.key(name), owner, name, weight, input, default });
        }
        Ok(Span { first, end: end_of(&self.table.arguments)? })
    }

    fn directives(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        let inputs = self.table.inputs.len();
        for _ in 0..reader.count()? {
            let name = self.name(reader)?;
            let span = self.arguments(reader, inputs, u32::MAX)?;
            self.table.directives.push((name, span));
        }
        Ok(())
    }

    fn sized(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        let count = reader.count()?;
        for number in 0..count {
            let first = end_of(&self.table.sized_fields)?;
            for _ in 0..reader.count()? {
                let name = self.name(reader)?;
                // Sets are written before those above them: following them ends.
                let beneath = SizedId(reader.index(number.saturating_add(1))?);
                self.table.sized_fields.push(SizedField { name, beneath });
            }
            let end = end_of(&self.table.sized_fields)?;
            self.table.sized.push(Span { first, end });
        }
        Ok(())
    }

    fn rules(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        for _ in 0..reader.count()? {
            let head = reader.byte()?;
            let assumed = if head & rule_head::ASSUMED == 0 { None } else { Some(reader.small()?) };
            let sized =
                if head & rule_head::SIZED == 0 { 0 } else { reader.index(self.table.sized.len())? };
            let first = end_of(&self.table.slicings)?;
            for _ in 0..reader.count()? {
                self.slicing(reader)?;
            }
            let slicings = Span { first, end: end_of(&self.table.slicings)? };
            let exactly_one = head & rule_head::EXACTLY_ONE != 0;
            self.table.rules.push(Rule { assumed, exactly_one, sized: SizedId(sized), slicings });
        }
        Ok(())
    }

    fn slicing(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        let of_list = reader.byte()? != 0;
        let first = end_of(&self.table.steps)?;
        for _ in 0..reader.count()? {
            let name = self.name(reader)?;
            let default = reader.number()?.checked_sub(1);
            self.table.steps.push(Step { name, default });
        }
        let steps = Span { first, end: end_of(&self.table.steps)? };
        self.table.slicings.push(Slicing { of_list, steps });
        Ok(())
    }

    fn fields(&mut self, reader: &mut Reader<'_>) -> Result<(), TableError> {
        for owner in (0..).take(self.table.types.len()).skip(1) {
            let first = end_of(&self.table.fields)?;
            let mut name = 0_u32;
            for _ in 0..reader.count()? {
                let more = reader.index(self.keys.len())?;
                name = name
                    .checked_add(more)
                    .filter(|name| (*name as usize) < self.keys.len())
                    .ok_or(TableError::Malformed)?;
                let field = self.field(reader, TypeId(owner), name)?;
                self.table.fields.push(field);
            }
            let fields = Span { first, end: end_of(&self.table.fields)? };
            if let Some(of_type) = self.table.types.get_mut(owner as usize) {
                of_type.fields = fields;
            }
        }
        Ok(())
    }

    fn field(&mut self, reader: &mut Reader<'_>, owner: TypeId, name: u32) -> Result<Field, TableError> {
        let head = reader.byte()?;
        let lists = match head & field_head::LISTS {
            field_head::LISTS => reader.byte()?,
            few => few,
        };
        let returns =
            if head & field_head::RETURNS == 0 { 0 } else { reader.index(self.table.types.len())? };
        let of_type = self.table.types.get(returns as usize);
        let (is_leaf, returned) = of_type.map_or((true, Cost::ZERO), |it| (it.kind == Kind::Leaf, it.weight));
        let by_default = if is_leaf { 0 } else { 1_000 };
        let weight = if head & field_head::WEIGHS == 0 { by_default } else { weight(reader)? };
        let (rules, sized) =
            if head & field_head::RULES == 0 { (Span::default(), 0) } else { self.field_rules(reader)? };
        let arguments = if head & field_head::ARGUMENTS == 0 {
            Span::default()
        } else {
            self.arguments(reader, self.table.inputs.len(), u32::MAX)?
        };
        let simple = rules.is_empty() && arguments.is_empty();
        let plain = simple && is_leaf && returned == Cost::ZERO;
        Ok(Field {
            key: self.key(name),
            owner,
            name,
            returns: TypeId(returns),
            lists,
            simple,
            plain,
            weight,
            own: Cost::from_sum(weight),
            returned,
            sized: SizedId(sized),
            rules,
            arguments,
        })
    }

    fn field_rules(&mut self, reader: &mut Reader<'_>) -> Result<(Span, u32), TableError> {
        let first = end_of(&self.table.rule_ids)?;
        let count = reader.count()?;
        for _ in 0..count {
            let rule = reader.index(self.table.rules.len())?;
            self.table.rule_ids.push(rule);
        }
        let only = self.table.rule_ids.last().and_then(|rule| self.table.rules.get(*rule as usize));
        let sized = match (count, only) {
            (0 | 1, only) => only.map_or(0, |rule| rule.sized.0),
            (_, _) => reader.index(self.table.sized.len())?,
        };
        Ok((Span { first, end: end_of(&self.table.rule_ids)? }, sized))
    }

    fn finish(self) -> Option<Table> {
        let Self { mut table, keys } = self;
        let key = |name: u32| keys.get(name as usize).copied().unwrap_or_default();
        table.field_slots = Slots::with_room_for(table.fields.len());
        for (index, field) in (0..).zip(&table.fields) {
            table.field_slots.put(field.key, field.owner.0, index)?;
        }
        table.type_slots = Slots::with_room_for(table.types.len());
        for (index, of_type) in (0..).zip(&table.types).skip(1) {
            table.type_slots.put(key(of_type.name), 0, index)?;
        }
        table.input_slots = Slots::with_room_for(table.arguments.len());
        for (index, argument) in (0..).zip(&table.arguments).filter(|(_, it)| it.owner != u32::MAX) {
            table.input_slots.put(argument.key, argument.owner, index)?;
        }
        Some(table)
    }
}

fn end_of<T>(list: &[T]) -> Result<u32, TableError> {
    u32::try_from(list.len()).map_err(|_| TableError::Malformed)
}

fn weight(reader: &mut Reader<'_>) -> Result<i64, TableError> {
    reader.signed().and_then(|weight| {
        if (-MOST..=MOST).contains(&weight) { Ok(weight) } else { Err(TableError::Malformed) }
    })
}
