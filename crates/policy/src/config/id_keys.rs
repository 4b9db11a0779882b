//! `graphql.trusted_documents.id_keys`: under which keys ids of documents come.

use super::Found;

/// Keys of ids: each key of a request is compared with all of them.
const ID_KEYS: usize = 8;

/// Bytes of one of them.
const ID_KEY_BYTES: usize = 64;

/// What else a request may hold.
const OTHER_KEYS: [&str; 4] = ["query", "operationName", "variables", "extensions"];

impl Found {
    /// The keys as they are written, each of which means one thing only.
    pub(super) fn id_keys(&mut self, keys: Vec<String>) -> Vec<String> {
        let path = "graphql.trusted_documents.id_keys";
        if keys.len() > ID_KEYS {
            self.say(path, format!("must be at most {ID_KEYS} keys, got {}", keys.len()));
        }
        for (index, key) in keys.iter().enumerate() {
            let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
            let is_name = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && key.len() <= ID_KEY_BYTES
                && key.bytes().all(is_inside);
            let is_like = |other: &str| other.eq_ignore_ascii_case(key);
            let before = keys.iter().take(index).map(String::as_str);
            let problem = if !is_name {
                format!(
                    "must be a name of at most {ID_KEY_BYTES} letters, digits, `_` and `-`, got `{}`",
                    key.escape_debug()
                )
            } else if OTHER_KEYS.into_iter().chain(before).any(is_like) {
                format!("`{key}` has a meaning already")
            } else {
                continue;
            };
            self.say(format!("{path}[{index}]"), problem);
        }
        keys
    }
}
