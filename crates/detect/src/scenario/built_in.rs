//! The scenarios that come with the analyzer; the files of `rules/scenarios`.

macro_rules! scenarios {
    ($($name:literal),+ $(,)?) => {
        /// The files of the scenarios that come with the analyzer, each by its name.
        pub const BUILT_IN: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../../rules/scenarios/", $name, ".yaml")))),+
        ];
    };
}

scenarios![
    "alias_brute_force",
    "apq_flood",
    "credential_brute_force",
    "credential_stuffing",
    "cswsh_probing",
    "graphql_bomb",
    "graphql_bomb_huge",
    "identity_rotation",
    "introspection_probing",
    "low_and_slow_scrape",
    "protocol_abuse",
    "protocol_probing",
    "safelist_probing",
    "schema_stuffing",
    "slow_drip",
    "subscribe_flood",
    "suggestion_probing",
    "throttle_flood",
    "websocket_flood",
];
