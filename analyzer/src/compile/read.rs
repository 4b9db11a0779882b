//! Takes types, weights and list sizes out of a valid schema, and finds what is wrong with its cost directives.

mod sizes;

use super::mistake::Mistake;
use apollo_compiler::ast::{self, Directive, FieldDefinition, InputValueDefinition, Type, Value};
use apollo_compiler::collections::{HashMap, IndexMap};
use apollo_compiler::parser::SourceSpan;
use apollo_compiler::schema::{ExtendedType, Implementers};
use apollo_compiler::{Name, Node, Schema as Sdl};
use portcullis_cost::{
    InputObject, InputValue, OutputField, OutputKind, OutputType, Schema, Supplied, Weight, WeightError,
};

/// How much was taken from a schema. Counts are those of the schema itself, without the types of introspection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Types that responses can have something of.
    pub types: usize,
    /// Their fields.
    pub fields: usize,
    /// Input objects.
    pub inputs: usize,
    /// Uses of `@cost`.
    pub weights: usize,
    /// Uses of `@listSize`.
    pub list_sizes: usize,
}

/// A schema as it was read.
pub(super) struct Reading<'a> {
    pub(super) schema: Schema<'a>,
    pub(super) taken: Taken,
    pub(super) mistakes: Vec<Mistake>,
}

struct Reader<'a> {
    sdl: &'a Sdl,
    implementers: HashMap<Name, Implementers>,
    taken: Taken,
    mistakes: Vec<Mistake>,
}

pub(super) fn read(sdl: &Sdl) -> Reading<'_> {
    let (taken, mistakes) = (Taken::default(), Vec::new());
    let mut reader = Reader { sdl, implementers: sdl.implementers_map(), taken, mistakes };
    let root = |operation| sdl.root_operation(operation).map(Name::as_str);
    let mut schema = Schema {
        query: root(ast::OperationType::Query),
        mutation: root(ast::OperationType::Mutation),
        subscription: root(ast::OperationType::Subscription),
        ..Schema::default()
    };
    for (name, found) in &sdl.types {
        reader.add(&mut schema, name, found);
    }
    for (name, found) in &sdl.directive_definitions {
        let fields = found.arguments.iter().map(|it| reader.input_value(&format!("@{name}"), it)).collect();
        schema.directives.push(InputObject { name, fields });
    }
    add_introspection(&mut schema);
    Reading { schema, taken: reader.taken, mistakes: reader.mistakes }
}

impl<'a> Reader<'a> {
    fn add(&mut self, schema: &mut Schema<'a>, name: &'a Name, found: &'a ExtendedType) {
        let counts = usize::from(!found.is_built_in());
        let (kind, fields) = match found {
            ExtendedType::InputObject(input) => {
                self.taken.inputs = self.taken.inputs.saturating_add(counts);
                let fields = input.fields.values().map(|field| self.input_value(name, field)).collect();
                schema.inputs.push(InputObject { name, fields });
                return;
            }
            ExtendedType::Scalar(scalar) => (
                OutputKind::Leaf(self.type_weight(name, scalar.directives.get("cost").map(|it| &**it))),
                Vec::new(),
            ),
            ExtendedType::Enum(found) => (
                OutputKind::Leaf(self.type_weight(name, found.directives.get("cost").map(|it| &**it))),
                Vec::new(),
            ),
            ExtendedType::Union(found) => {
                self.not_here(name, found.directives.get("cost").map(|it| &**it), "unions");
                (
                    OutputKind::Abstract(found.members.iter().map(|member| member.name.as_str()).collect()),
                    Vec::new(),
                )
            }
            ExtendedType::Interface(found) => {
                self.not_here(name, found.directives.get("cost").map(|it| &**it), "interfaces");
                (OutputKind::Abstract(self.objects_of(name)), self.fields(name, &found.fields, true))
            }
            ExtendedType::Object(found) => {
                let weight = self.type_weight(name, found.directives.get("cost").map(|it| &**it));
                (OutputKind::Object(weight), self.fields(name, &found.fields, false))
            }
        };
        self.taken.types = self.taken.types.saturating_add(counts);
        self.taken.fields = self.taken.fields.saturating_add(fields.len().saturating_mul(counts));
        schema.types.push(OutputType { name, kind, fields });
    }

    /// The object types of an interface, directly and through other interfaces.
    fn objects_of(&self, interface: &Name) -> Vec<&'a str> {
        let Some(found) = self.implementers.get(interface) else { return Vec::new() };
        found
            .objects
            .iter()
            .filter_map(|name| self.sdl.types.get_key_value(name))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn fields(
        &mut self,
        owner: &str,
        fields: &'a IndexMap<Name, apollo_compiler::schema::Component<FieldDefinition>>,
        is_interface: bool,
    ) -> Vec<OutputField<'a>> {
        let mut found = Vec::with_capacity(fields.len());
        for field in fields.values() {
            let coordinate = format!("{owner}.{}", field.name);
            let weight = self.weight(&coordinate, field.directives.get("cost"));
            if is_interface && field.directives.has("cost") {
                self.not_here(
                    &coordinate,
                    field.directives.get("cost"),
                    "fields of interfaces; put it on the fields of the types that implement it",
                );
            }
            let arguments = field.arguments.iter().map(|it| self.argument(&coordinate, it)).collect();
            let size = field.directives.get("listSize").and_then(|it| self.list_size(&coordinate, field, it));
            found.push(OutputField {
                name: &field.name,
                type_name: field.ty.inner_named_type(),
                lists: lists(&field.ty),
                weight,
                size,
                arguments,
            });
        }
        found
    }

    fn argument(&mut self, owner: &str, found: &'a InputValueDefinition) -> InputValue<'a> {
        self.value(format!("{owner}({}:)", found.name), found)
    }

    fn input_value(&mut self, owner: &str, found: &'a InputValueDefinition) -> InputValue<'a> {
        self.value(format!("{owner}.{}", found.name), found)
    }

    fn value(&mut self, coordinate: String, found: &'a InputValueDefinition) -> InputValue<'a> {
        InputValue {
            name: &found.name,
            type_name: found.ty.inner_named_type(),
            lists: lists(&found.ty),
            weight: self.weight(&coordinate, found.directives.get("cost")),
            default: found.default_value.as_deref().map(constant),
        }
    }

    fn type_weight(&mut self, name: &str, directive: Option<&Node<Directive>>) -> Option<Weight> {
        self.weight(name, directive)
    }

    fn weight(&mut self, coordinate: &str, directive: Option<&Node<Directive>>) -> Option<Weight> {
        let directive = directive?;
        self.taken.weights = self.taken.weights.saturating_add(1);
        let text = match directive.specified_argument_by_name("weight").map(|value| &**value) {
            Some(Value::String(text)) => text.clone(),
            // Other gateways define the weight as a number.
            Some(Value::Int(number)) => number.to_string(),
            Some(Value::Float(number)) => number.to_string(),
            Some(_) | None => String::new(),
        };
        match Weight::parse(&text) {
            Ok(weight) => Some(weight),
            Err(error @ (WeightError::NotANumber | WeightError::TooLarge)) => {
                self.mistake(
                    coordinate,
                    directive.location(),
                    format!("@cost(weight:) {error}, got {text:?}"),
                );
                None
            }
        }
    }

    fn not_here(&mut self, coordinate: &str, directive: Option<&Node<Directive>>, place: &str) {
        if let Some(directive) = directive {
            self.mistake(coordinate, directive.location(), format!("@cost is not allowed on {place}"));
        }
    }

    fn mistake(&mut self, coordinate: &str, place: Option<SourceSpan>, text: String) {
        self.mistakes.push(Mistake::at(&self.sdl.sources, place, coordinate.to_owned(), text));
    }
}

/// How many lists are around a type.
fn lists(found: &Type) -> u8 {
    match found {
        Type::Named(_) | Type::NonNullNamed(_) => 0,
        Type::List(inside) | Type::NonNullList(inside) => lists(inside).saturating_add(1),
    }
}

fn constant(value: &Value) -> Supplied<'_> {
    match value {
        Value::Null => Supplied::Null,
        Value::Boolean(value) => Supplied::Bool(*value),
        Value::Int(digits) => digits.as_str().parse().map_or(Supplied::Other, Supplied::Int),
        Value::Enum(_) | Value::Variable(_) | Value::String(_) | Value::Float(_) => Supplied::Other,
        Value::List(entries) => Supplied::List(entries.iter().map(|entry| constant(entry)).collect()),
        Value::Object(fields) => {
            Supplied::object(fields.iter().map(|(name, value)| (name.as_str(), constant(value))))
        }
    }
}

/// Makes `__schema` and `__type` fields like others, with as many types and directives as there are.
fn add_introspection(schema: &mut Schema<'_>) {
    let count = |length: usize| Some(u32::try_from(length).unwrap_or(u32::MAX));
    let types = count(schema.types.len().saturating_add(schema.inputs.len()));
    let directives = count(schema.directives.len());
    let assumed =
        |assumed| Some(portcullis_cost::ListSize { assumed, ..portcullis_cost::ListSize::default() });
    if let Some(found) = schema.types.iter_mut().find(|found| found.name == "__Schema") {
        for field in &mut found.fields {
            match field.name {
                "types" => field.size = assumed(types),
                "directives" => field.size = assumed(directives),
                _ => {}
            }
        }
    }
    let field = |name, type_name| OutputField {
        name,
        type_name,
        lists: 0,
        weight: None,
        size: None,
        arguments: Vec::new(),
    };
    let query = schema.query;
    if let Some(root) = schema.types.iter_mut().find(|found| Some(found.name) == query) {
        root.fields.push(field("__schema", "__Schema"));
        root.fields.push(field("__type", "__Type"));
    }
}
