//! A member that is added to a response while it passes.

/// A member for `extensions` of a response, whose object it ends.
///
/// A response without `extensions` gets them at its end, when it had `data` or `errors`; what has neither is no response of
/// GraphQL. Where the upstream gave `extensions` a member of that name, or made them no object, nothing is added: never
/// are there two members of one name. Nor is anything added to the responses of a batch.
#[derive(Debug)]
pub struct Addition {
    name: &'static str,
    value: String,
    /// `data` or `errors` came.
    is_response: bool,
    has_extensions: bool,
}

impl Addition {
    /// A member of that name, which needs no escapes; its value is JSON.
    pub fn new(name: &'static str, value: String) -> Self {
        Self { name, value, is_response: false, has_extensions: false }
    }

    pub(super) fn is_called(&self, key: &[u8]) -> bool {
        self.name.as_bytes() == key
    }

    pub(super) fn saw_result(&mut self) {
        self.is_response = true;
    }

    pub(super) fn saw_extensions(&mut self) {
        self.has_extensions = true;
    }

    /// What the upstream's `extensions` end with.
    pub(super) fn inside(&self, is_first: bool) -> String {
        let comma = if is_first { "" } else { "," };
        format!("{comma}\"{}\":{}", self.name, self.value)
    }

    /// What a response without them ends with, which is never empty; nothing for what is no response.
    pub(super) fn whole(&self) -> Option<String> {
        let is_due = self.is_response && !self.has_extensions;
        is_due.then(|| format!(",\"extensions\":{{\"{}\":{}}}", self.name, self.value))
    }
}

#[cfg(test)]
mod tests;
