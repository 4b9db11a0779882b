//! Directives a schema uses without defining them: those of costs are supplied, others dropped.

use apollo_compiler::Name;
use apollo_compiler::Schema as Sdl;
use apollo_compiler::collections::IndexSet;
use apollo_compiler::schema::{DirectiveList, ExtendedType};

/// As the specification has them.
const DEFINITIONS: &str = r"
directive @cost(weight: String!) on
  | ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(
  assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true
) on FIELD_DEFINITION
type Query { unused: Int }
";

/// Adds the definitions of the cost directives that the schema lacks.
pub(super) fn define(schema: &mut Sdl) {
    // The text is a constant and parses; a test says so.
    let Ok(known) = Sdl::parse(DEFINITIONS, "cost-directives.graphql") else { return };
    for (name, definition) in known.directive_definitions {
        schema.directive_definitions.entry(name).or_insert(definition);
    }
}

/// Drops uses of directives without a definition: gateways' schemas have many, and none says what something costs.
pub(super) fn drop_undefined(schema: &mut Sdl) {
    let defined: IndexSet<Name> = schema.directive_definitions.keys().cloned().collect();
    let keep = |list: &mut DirectiveList| list.0.retain(|it| defined.contains(&it.name));
    let keep_ast =
        |list: &mut apollo_compiler::ast::DirectiveList| list.0.retain(|it| defined.contains(&it.name));
    keep(&mut schema.schema_definition.make_mut().directives);
    for found in schema.types.values_mut() {
        match found {
            ExtendedType::Scalar(found) => keep(&mut found.make_mut().directives),
            ExtendedType::Union(found) => keep(&mut found.make_mut().directives),
            ExtendedType::Enum(found) => {
                let found = found.make_mut();
                keep(&mut found.directives);
                found.values.values_mut().for_each(|value| keep_ast(&mut value.make_mut().directives));
            }
            ExtendedType::InputObject(found) => {
                let found = found.make_mut();
                keep(&mut found.directives);
                found.fields.values_mut().for_each(|field| keep_ast(&mut field.make_mut().directives));
            }
            ExtendedType::Object(found) => {
                let found = found.make_mut();
                keep(&mut found.directives);
                for field in found.fields.values_mut() {
                    let field = field.make_mut();
                    keep_ast(&mut field.directives);
                    field.arguments.iter_mut().for_each(|it| keep_ast(&mut it.make_mut().directives));
                }
            }
            ExtendedType::Interface(found) => {
                let found = found.make_mut();
                keep(&mut found.directives);
                for field in found.fields.values_mut() {
                    let field = field.make_mut();
                    keep_ast(&mut field.directives);
                    field.arguments.iter_mut().for_each(|it| keep_ast(&mut it.make_mut().directives));
                }
            }
        }
    }
}
