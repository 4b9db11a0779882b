//! What a file is, where nobody says so: its own words tell.

use crate::cli::Checked;
use crate::command::CommandError;
use serde_json::Value;

/// What only a scenario has.
const OF_SCENARIOS: [&str; 4] = ["filter", "group_by", "capacity", "score"];
/// What only the configuration of the analyzer has.
const OF_THE_ANALYZER: [&str; 10] =
    ["data_dir", "listen", "log", "http", "tls", "ingest", "store", "retention", "security", "crowdsec"];

/// What a text looks like; a policy, unless there is a word in it that a policy has not.
pub(super) fn guess(text: &str) -> Checked {
    let Ok(Value::Object(fields)) = serde_saphyr::from_str(text) else { return Checked::Policy };
    let has = |names: &[&str]| names.iter().any(|name| fields.contains_key(*name));
    if has(&OF_SCENARIOS) {
        Checked::Scenarios
    } else if has(&OF_THE_ANALYZER) {
        Checked::Analyzer
    } else {
        Checked::Policy
    }
}

pub(super) fn unfit<T>() -> Result<T, CommandError> {
    let how =
        "--schema is about a policy, and --explain about a policy or scenarios; a folder holds scenarios";
    Err(CommandError::Usage(how.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_words() {
        let check = |text: &str, expected: Checked| assert_eq!(guess(text), expected, "{text}");
        check("", Checked::Policy);
        check("graphql: {limits: {depth: 9}}\nanalyzer: {cluster: a}\n", Checked::Policy);
        check("name: a\nfilter: []\n", Checked::Scenarios);
        check("{\"group_by\": []}", Checked::Scenarios);
        check("listen: here\n", Checked::Analyzer);
        check("security: {throttle_at: 0}\n", Checked::Analyzer);
        check("graphql: [", Checked::Policy);
    }
}
