//! What becomes of a row that meets one with the same key: sums are added, as long as they fit, and maxima kept.
//!
//! The words are those that SQLite and PostgreSQL share.

/// Adds to what is there, as long as it fits: an integer that does not fit fails the statement, or becomes a float.
macro_rules! capped {
    ($table:literal, $column:literal) => {
        concat!(
            $column,
            " = CASE WHEN ",
            $table,
            ".",
            $column,
            " > 9223372036854775807 - excluded.",
            $column,
            " THEN 9223372036854775807 ELSE ",
            $table,
            ".",
            $column,
            " + excluded.",
            $column,
            " END"
        )
    };
}

/// Keeps the larger one.
macro_rules! largest {
    ($table:literal, $column:literal) => {
        concat!(
            $column,
            " = CASE WHEN ",
            $table,
            ".",
            $column,
            " > excluded.",
            $column,
            " THEN ",
            $table,
            ".",
            $column,
            " ELSE excluded.",
            $column,
            " END"
        )
    };
}

/// For rows of the rollup.
pub(super) const MERGE_ROLLUP: &str = concat!(
    "ON CONFLICT (bucket_ms, operation, kind, class, transport, refused, shadowed) DO UPDATE SET ",
    capped!("rollup", "requests"),
    ", ",
    capped!("rollup", "cost_milli_sum"),
    ", ",
    largest!("rollup", "cost_milli_max"),
    ", ",
    largest!("rollup", "depth_max"),
    ", ",
    capped!("rollup", "fields_sum"),
    ", ",
    capped!("rollup", "body_bytes_sum"),
    ", ",
    capped!("rollup", "actual_count"),
    ", ",
    capped!("rollup", "actual_milli_sum"),
);

/// For sums of sockets.
pub(super) const MERGE_SOCKETS: &str =
    concat!("ON CONFLICT (bucket_ms, class, name) DO UPDATE SET ", capped!("sockets", "amount"));

/// For clients with sockets.
pub(super) const MERGE_SOCKET_CLIENTS: &str = concat!(
    "ON CONFLICT (bucket_ms, client_key, class) DO UPDATE SET ",
    capped!("socket_clients", "attempts"),
    ", ",
    capped!("socket_clients", "rejected"),
    ", ",
    capped!("socket_clients", "messages"),
    ", ",
    capped!("socket_clients", "bytes"),
);

/// For rows of the totals.
pub(super) const MERGE_TOTALS: &str = concat!(
    "ON CONFLICT (bucket_ms) DO UPDATE SET ",
    capped!("totals", "reports"),
    ", ",
    capped!("totals", "requests"),
    ", ",
    capped!("totals", "refused"),
    ", ",
    capped!("totals", "cost_milli_sum"),
    ", ",
    largest!("totals", "cost_milli_max"),
    ", ",
    capped!("totals", "incidents"),
    ", ",
    capped!("totals", "incidents_dropped"),
);

/// For what a candidate would change; the id goes with the document.
pub(super) const MERGE_CHANGES: &str = concat!(
    "ON CONFLICT (bucket_ms, operation, kind, class, live, candidate) DO UPDATE SET ",
    capped!("candidate_changes", "requests"),
    ", correlation_id = CASE WHEN candidate_changes.document IS NULL THEN excluded.correlation_id \
     ELSE candidate_changes.correlation_id END, \
     document = coalesce(candidate_changes.document, excluded.document)",
);

/// For the totals of candidates.
pub(super) const MERGE_CANDIDATES: &str = concat!(
    "ON CONFLICT (bucket_ms) DO UPDATE SET ",
    capped!("candidate_totals", "judged"),
    ", ",
    capped!("candidate_totals", "undecided"),
    ", ",
    capped!("candidate_totals", "dropped"),
);
