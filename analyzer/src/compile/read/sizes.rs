//! Reads `@listSize`, and checks it by the rules of the specification.

use super::{Reader, lists};
use apollo_compiler::Node;
use apollo_compiler::ast::{Directive, FieldDefinition, InputValueDefinition, Type, Value};
use apollo_compiler::schema::ExtendedType;
use portcullis_cost::{ListSize, Slices};
use std::borrow::Cow;

impl<'a> Reader<'a> {
    pub(super) fn list_size(
        &mut self,
        coordinate: &str,
        field: &'a FieldDefinition,
        directive: &'a Node<Directive>,
    ) -> Option<ListSize<'a>> {
        self.taken.list_sizes = self.taken.list_sizes.saturating_add(1);
        let before = self.mistakes.len();
        let wrong = |reader: &mut Self, text: String| {
            reader.mistake(coordinate, directive.location(), format!("@listSize{text}"));
        };
        let argument =
            |name: &str| directive.specified_argument_by_name(name).filter(|value| !value.is_null());
        let assumed = argument("assumedSize").and_then(|value| value.to_i32());
        let slicing = texts(argument("slicingArguments"));
        let sized = texts(argument("sizedFields"));
        let requires_one =
            argument("requireOneSlicingArgument").and_then(|value| value.to_bool()).unwrap_or(true);

        if argument("assumedSize").is_none() && slicing.is_empty() {
            wrong(self, " tells no size: it needs assumedSize or slicingArguments".to_owned());
        }
        if assumed.is_some_and(i32::is_negative) {
            wrong(self, "(assumedSize:) must not be negative".to_owned());
        }
        if sized.is_empty() && lists(&field.ty) == 0 {
            wrong(self, " needs sizedFields here, since the field itself returns no list".to_owned());
        }
        let mut has_default = false;
        for path in &slicing {
            match self.slicing(field, path) {
                Ok(defaults) => has_default |= defaults,
                Err(problem) => wrong(self, format!("(slicingArguments:) names {path}, {problem}")),
            }
        }
        for path in &sized {
            if let Err(problem) = self.sized(&field.ty, path) {
                wrong(self, format!("(sizedFields:) names {path}, {problem}"));
            }
        }
        for path in &sized {
            let beneath =
                |other: &&&str| path.strip_prefix(**other).is_some_and(|rest| rest.starts_with('.'));
            if let Some(above) = sized.iter().find(beneath) {
                wrong(self, format!("(sizedFields:) names {path}, which is beneath {above}"));
            }
        }
        if assumed.is_some() && !slicing.is_empty() && (requires_one || has_default) {
            let why = if requires_one {
                "only with requireOneSlicingArgument: false"
            } else {
                "only when no slicing argument has a default value"
            };
            wrong(self, format!("(assumedSize:) may stand beside slicingArguments {why}"));
        }
        let size = ListSize {
            assumed: assumed.and_then(|size| u32::try_from(size).ok()),
            slicing: slicing.into_iter().map(Cow::Borrowed).collect(),
            sized,
            slices: if requires_one { Slices::One } else { Slices::Any },
        };
        (self.mistakes.len() == before).then_some(size)
    }

    /// Whether a slicing argument has a default value; what is wrong when it is none.
    fn slicing(&self, field: &'a FieldDefinition, path: &str) -> Result<bool, &'static str> {
        let mut names = path.split('.').peekable();
        let first = names.next().unwrap_or_default();
        let mut found: &InputValueDefinition =
            field.argument_by_name(first).ok_or("which is no argument of the field")?;
        let mut has_default = found.default_value.as_ref().is_some_and(|value| !value.is_null());
        for name in names {
            if lists(&found.ty) > 0 {
                return Err("a path through a list");
            }
            let input = match self.sdl.types.get(found.ty.inner_named_type()) {
                Some(ExtendedType::InputObject(input)) => input,
                Some(_) | None => return Err("a path through something that is no input object"),
            };
            found = input.fields.get(name).ok_or("which leads to no input field")?;
            has_default |= found.default_value.as_ref().is_some_and(|value| !value.is_null());
        }
        // Lists are an extension: their length is the size.
        let is_size = lists(&found.ty) > 0 || found.ty.inner_named_type() == "Int";
        if is_size { Ok(has_default) } else { Err("which is neither an Int nor a list") }
    }

    fn sized(&self, around: &Type, path: &str) -> Result<(), &'static str> {
        let mut around = around;
        for name in path.split('.') {
            let fields = match self.sdl.types.get(around.inner_named_type()) {
                Some(ExtendedType::Object(found)) => &found.fields,
                Some(ExtendedType::Interface(found)) => &found.fields,
                Some(_) | None => return Err("but that has no fields there"),
            };
            around = &fields.get(name).ok_or("which is no field there")?.ty;
        }
        if lists(around) > 0 { Ok(()) } else { Err("which returns no list") }
    }
}

/// The texts of a list, or the only one that stands for a list.
fn texts(value: Option<&Node<Value>>) -> Vec<&str> {
    let Some(value) = value else { return Vec::new() };
    match value.as_list() {
        Some(entries) => entries.iter().filter_map(|entry| entry.as_str()).collect(),
        None => value.as_str().into_iter().collect(),
    }
}
