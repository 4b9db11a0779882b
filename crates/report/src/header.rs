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
/// How much the client has left: the tightest throttle, `"burst";r=742;t=12`; to the client.
pub const RATE_LIMIT: &str = "ratelimit";
/// The throttles that apply to the client, `"burst";q=1000;w=60`; to the client.
pub const RATE_LIMIT_POLICY: &str = "ratelimit-policy";
/// What the tightest throttle holds, what is left, and the seconds until nothing is missing: the older way of saying it.
pub const LEGACY_RATE_LIMIT: [&str; 3] = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
