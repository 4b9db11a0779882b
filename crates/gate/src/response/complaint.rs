//! What the upstream said against a request, told of its client once both are known: whose request it was, which for an
//! upload is settled after its response may have begun, and what came of it.

use crate::clients::{ClientEvent, ClientNews, Found, Outcome, Who};
use crate::effect::Effect;
use crate::event::Event;
use crate::headers::Headers;
use crate::tally::{ErrorKind, ToldErrors};
use crate::time::Timestamp;
use portcullis_graphql::ShapeHash;
use portcullis_report::{Failure, OperationKind, StatusClass};

/// What is told of a client for what its request led to.
#[derive(Debug, Default)]
pub(super) struct Complaint {
    whose: Option<Box<Whose>>,
    said: Option<Box<Said>>,
}

#[derive(Debug)]
struct Whose {
    at: Timestamp,
    who: Who,
    operations: Vec<Asked>,
}

/// An operation that was asked.
#[derive(Debug)]
struct Asked {
    kind: OperationKind,
    operation: String,
    shape: Option<ShapeHash>,
    sensitive: u64,
}

#[derive(Debug, Default)]
struct Said {
    status: Option<StatusClass>,
    suggestions: u64,
    errors: ToldErrors,
    /// Nothing more comes.
    is_all: bool,
}

impl Complaint {
    /// The request is settled.
    pub(super) fn of(&mut self, events: &[Event]) {
        let Some(first) = events.first() else { return };
        let asked = |event: &Event| Asked {
            kind: event.kind,
            operation: event.operation.clone(),
            shape: event.shape,
            sensitive: event.sensitive,
        };
        let operations = events.iter().map(asked).collect();
        self.whose = Some(Box::new(Whose { at: first.at, who: first.who(), operations }));
    }

    /// The head of the response has come.
    pub(super) fn head(&mut self, headers: Option<Headers<'_>>) {
        let status = headers.and_then(|headers| headers.only(":status"));
        let status = status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
        if let Some(class) = status.and_then(StatusClass::of) {
            self.said.get_or_insert_default().status = Some(class);
        }
    }

    /// What was found in the response.
    pub(super) fn body(&mut self, suggestions: u64, errors: ToldErrors) {
        if suggestions > 0 || !errors.kinds.is_empty() {
            let said = self.said.get_or_insert_default();
            (said.suggestions, said.errors) = (suggestions, errors);
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) {
        if let Some(said) = &mut self.said {
            said.is_all = true;
        }
    }

    /// What is to be told, once all of it is known.
    pub(super) fn told(&mut self) -> Option<Effect> {
        self.said.as_ref().filter(|said| said.is_all && self.whose.is_some())?;
        let (Whose { at, who, operations }, said) = (*self.whose.take()?, *self.said.take()?);
        let Said { status, suggestions, mut errors, .. } = said;
        let is_coded = errors.kinds.iter().any(|kind| kind.code != Failure::OTHER);
        if errors.kinds.is_empty() || (suggestions > 0 && !is_coded) {
            // What was cut says more than the status, and than errors without a code.
            errors.kinds.clear();
            let cut = (suggestions > 0).then_some(Failure::SUGGESTION);
            let code = cut.or(status.map(StatusClass::code)).map(str::to_owned);
            errors.kinds.extend(code.map(|code| ErrorKind { place: 0, code, count: 1 }));
        }
        let kinds = errors.kinds.into_iter().filter_map(|kind| {
            let Asked { kind: of, operation, shape, sensitive } =
                operations.get(kind.place).or(operations.first())?;
            let (code, count) = (kind.code, kind.count);
            let (shape, sensitive) = (*shape, *sensitive);
            Some(Found { code, kind: *of, operation: operation.clone(), shape, sensitive, count })
        });
        let outcome = Outcome { status, suggestions, failures: kinds.collect(), merged: errors.merged };
        let news = ClientNews::Answered(outcome);
        Some(Effect::Client(Box::new(ClientEvent { at, who, news })))
    }
}
