//! Header names that the gate writes, removes or reads beyond those of HTTP itself.

/// The correlation id: accepted when the policy trusts it, forwarded upstream, returned to the client.
pub const CORRELATION_ID: &str = "x-correlation-id";
/// What the operation was estimated to cost, whole units rounded up; to the upstream only.
pub const GRAPHQL_COST: &str = "x-graphql-cost";
/// The operation's name where it has a fit one, else its shape hash; to the upstream only.
pub const GRAPHQL_OPERATION: &str = "x-graphql-operation";
/// The prefix under which clients may send nothing: such headers are removed on routes with a policy.
pub const GRAPHQL_PREFIX: &str = "x-graphql-";
/// The version of the model by which it was estimated, such as `schemaless/1`; to the upstream only.
pub const GRAPHQL_COST_MODEL: &str = "x-graphql-cost-model";
