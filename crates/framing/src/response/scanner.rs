//! The grammar of JSON, as far as is needed to know where in a response a byte is.

mod texts;

use super::output::Output;
use super::suggestion::Candidate;
use super::{Addition, Event, Events, Jobs, Suggestions};
use std::borrow::Cow;

/// Bytes that are kept of a key.
const KEY_BYTES: usize = 256;

/// Bytes of the longest code that is told.
const CODE_BYTES: usize = 64;

/// A response that is being scanned; whatever its chunks are, the outcome is the same.
#[derive(Debug)]
pub struct Scanner {
    jobs: Jobs,
    /// How many arrays and objects may be open.
    depth: usize,
    state: State,
    open: Vec<Level>,
    alone: Alone,
    /// How many levels are open inside a response, outside of its values: 1, in a batch 2.
    base: usize,
    section: Section,
    code: CodePath,
    /// The last byte was a backslash in a text.
    escape: Escape,
    /// What earlier chunks held of the text that is being read, when it is one to be known.
    text: Vec<u8>,
    candidate: Candidate,
    /// A suggestion was cut off.
    has_cut: bool,
    /// What is still to be added.
    addition: Option<Addition>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    /// After `[`.
    FirstItem,
    /// After `{`.
    FirstKey,
    Key,
    Colon,
    AfterValue,
    Scalar,
    Text(Role),
    /// After the whole response.
    End,
    /// Nothing is known any more.
    Lost,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Key,
    Code,
    /// A text of an error, before any suggestion.
    Error,
    /// The rest of such a text, which is cut off.
    Suggestion,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Object,
    List,
}

/// Whether what is scanned can be a response around others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    Yes,
    /// It can be a message of a stream, whose `payload` is a response, or a later result, whose `incremental` is a list of them.
    No,
    /// It is a message of a socket, whose `payload` is a response, or a list of errors.
    Message,
}

/// Which value of a response is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Data,
    Errors,
    Extensions,
    /// Responses inside this one.
    Results,
    Other,
}

/// How much of `extensions.code` the keys around are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodePath {
    Outside,
    /// Inside an element of `errors`.
    Error,
    Extensions,
    Code,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    No,
    Begun,
    /// So many digits of a code point follow; a `D` among them begins no text.
    Digits(u8),
}

impl Scanner {
    /// Starts with a response that has at most `depth` arrays and objects inside each other; below that nothing is
    /// known of it.
    pub fn new(jobs: Jobs, depth: usize) -> Self {
        Self {
            jobs,
            depth,
            state: State::Value,
            open: Vec::new(),
            alone: Alone::Yes,
            base: 1,
            section: Section::Other,
            code: CodePath::Outside,
            escape: Escape::No,
            text: Vec::new(),
            candidate: Candidate::default(),
            has_cut: false,
            addition: None,
        }
    }

    /// The same for one of several that come one after the other.
    pub(super) fn of_stream(jobs: Jobs, depth: usize) -> Self {
        Self { alone: Alone::No, ..Self::new(jobs, depth) }
    }

    /// The same for a message of a GraphQL subprotocol of WebSockets.
    pub fn of_message(jobs: Jobs, depth: usize) -> Self {
        Self { alone: Alone::Message, ..Self::new(jobs, depth) }
    }

    /// Adds a member to the response.
    #[must_use]
    pub fn adding(self, addition: Option<Addition>) -> Self {
        Self { addition, ..self }
    }

    /// Whether a suggestion was cut off.
    pub fn has_cut(&self) -> bool {
        self.has_cut
    }

    /// Whether the response was no JSON, or too deep, so that it passes as it is.
    pub fn is_lost(&self) -> bool {
        self.state == State::Lost
    }

    /// Whether what was scanned so far is one whole array or object.
    pub fn is_complete(&self) -> bool {
        self.state == State::End
    }

    /// Scans the next bytes; what is to leave in their place, perhaps less or a little more than
    /// them.
    pub fn feed<'c>(&mut self, chunk: &'c [u8], visit: &mut impl FnMut(Event<'_>)) -> Cow<'c, [u8]> {
        let mut output = Output::new(chunk);
        let mut at = 0;
        // Bytes of the candidate that an earlier chunk held.
        let mut carried = self.candidate.bytes().len();
        while let Some(byte) = chunk.get(at) {
            at = match self.state {
                State::Lost => break,
                State::Text(Role::Error) => self.error_text(chunk, at, &mut carried, &mut output),
                State::Text(Role::Suggestion) => self.suggestion(chunk, at, &mut output),
                State::Text(role) => self.known_text(chunk, at, role, visit),
                State::Scalar => self.scalar(chunk, at),
                _ if matches!(byte, b' ' | b'\n' | b'\r' | b'\t') => at.saturating_add(1),
                State::Value
                | State::FirstItem
                | State::FirstKey
                | State::Key
                | State::Colon
                | State::AfterValue
                | State::End => {
                    if *byte == b'}' {
                        self.add(at, &mut output);
                    }
                    self.structure(*byte, visit);
                    at.saturating_add(1)
                }
            };
        }
        output.hold(chunk.len().saturating_sub(self.candidate.bytes().len().saturating_sub(carried)));
        output.finish()
    }

    /// The response has ended; what was held back.
    pub fn finish(&mut self) -> Vec<u8> {
        let held = self.candidate.bytes().to_vec();
        self.candidate.clear();
        held
    }

    /// Adds what is to be added where the object that it ends is about to end.
    fn add(&mut self, at: usize, output: &mut Output<'_>) {
        let Some(addition) = &self.addition else { return };
        let is_empty = self.state == State::FirstKey;
        if !is_empty && (self.state != State::AfterValue || self.open.last() != Some(&Level::Object)) {
            return;
        }
        let bytes = match (self.inside(), self.section) {
            (Some(0), _) => addition.whole(),
            (Some(1), Section::Extensions) => Some(addition.inside(is_empty)),
            _ => return,
        };
        if let Some(bytes) = bytes {
            output.add(at, bytes.as_bytes());
        }
        self.addition = None;
    }

    fn structure(&mut self, byte: u8, visit: &mut impl FnMut(Event<'_>)) {
        match (self.state, byte) {
            (State::FirstItem, b']') => self.leave(Level::List, visit),
            (State::Value | State::FirstItem, _) => self.value(byte, visit),
            (State::FirstKey | State::Key, b'"') => self.state = State::Text(Role::Key),
            (State::FirstKey, b'}') => self.leave(Level::Object, visit),
            (State::Colon, b':') => self.state = State::Value,
            (State::AfterValue, b',') => {
                self.state = if self.open.last() == Some(&Level::Object) { State::Key } else { State::Value };
            }
            (State::AfterValue, b'}') => self.leave(Level::Object, visit),
            (State::AfterValue, b']') => self.leave(Level::List, visit),
            _ => self.state = State::Lost,
        }
    }

    fn value(&mut self, byte: u8, visit: &mut impl FnMut(Event<'_>)) {
        match byte {
            b'{' => self.enter(Level::Object, visit),
            b'[' => self.enter(Level::List, visit),
            b'"' => {
                self.tell_data(Event::Leaf, visit);
                self.state = State::Text(match (self.section, self.jobs.suggestions) {
                    (Section::Errors, _) if self.is_code() => Role::Code,
                    (Section::Errors, Suggestions::Strip) => Role::Error,
                    (
                        Section::Errors
                        | Section::Data
                        | Section::Extensions
                        | Section::Results
                        | Section::Other,
                        _,
                    ) => Role::Other,
                });
            }
            b'-' | b'0'..=b'9' | b't' | b'f' => {
                self.tell_data(Event::Leaf, visit);
                self.state = State::Scalar;
            }
            b'n' => {
                self.tell_data(Event::Null, visit);
                self.state = State::Scalar;
            }
            _ => self.state = State::Lost,
        }
    }

    fn enter(&mut self, level: Level, visit: &mut impl FnMut(Event<'_>)) {
        if self.open.len() >= self.depth {
            self.state = State::Lost;
            return;
        }
        if self.open.is_empty() {
            self.base = if level == Level::List { 2 } else { 1 };
            // What is said of one request belongs to none of the responses of a batch.
            self.addition.take_if(|_| level == Level::List);
        }
        if self.section == Section::Results && self.open.len() == 1 {
            match (level, self.alone) {
                (Level::List, Alone::Message) => self.section = Section::Errors,
                (Level::List, Alone::Yes | Alone::No) => self.base = 3,
                (Level::Object, _) => self.base = 2,
            }
        }
        let is_item = self.open.last() == Some(&Level::List);
        self.open.push(level);
        match level {
            Level::Object if self.open.len() == self.base => self.tell(Event::Response, visit),
            Level::Object if self.section == Section::Errors && self.inside() == Some(2) => {
                self.code = if is_item { CodePath::Error } else { CodePath::Outside };
                if is_item {
                    self.tell(Event::Error, visit);
                }
            }
            Level::Object => self.tell_data(Event::ObjectStart, visit),
            Level::List => self.tell_data(Event::ListStart, visit),
        }
        self.state = if level == Level::Object { State::FirstKey } else { State::FirstItem };
    }

    fn leave(&mut self, level: Level, visit: &mut impl FnMut(Event<'_>)) {
        if self.open.pop() != Some(level) {
            self.state = State::Lost;
            return;
        }
        if self.open.len() < self.base {
            self.section = Section::Other;
        }
        let event = if level == Level::Object { Event::ObjectEnd } else { Event::ListEnd };
        self.tell_data(event, visit);
        self.value_ended();
    }

    fn value_ended(&mut self) {
        self.state = if self.open.is_empty() { State::End } else { State::AfterValue };
    }

    fn scalar(&mut self, chunk: &[u8], start: usize) -> usize {
        let rest = chunk.get(start..).unwrap_or_default();
        match rest.iter().position(|byte| !is_scalar(*byte)) {
            Some(length) => {
                self.value_ended();
                start.saturating_add(length)
            }
            None => chunk.len(),
        }
    }

    fn key(&mut self, key: &[u8], visit: &mut impl FnMut(Event<'_>)) {
        self.state = State::Colon;
        if self.alone != Alone::Yes && self.open.as_slice() == [Level::Object] {
            // What was inside it is over.
            self.base = 1;
        }
        match self.inside() {
            Some(0) => {
                self.section = match key {
                    b"data" => Section::Data,
                    b"errors" => Section::Errors,
                    b"extensions" => Section::Extensions,
                    b"payload" | b"incremental" if self.alone != Alone::Yes && self.base == 1 => {
                        Section::Results
                    }
                    _ => Section::Other,
                };
                if let Some(addition) = &mut self.addition {
                    match self.section {
                        Section::Data | Section::Errors => addition.saw_result(),
                        Section::Extensions => addition.saw_extensions(),
                        Section::Results | Section::Other => (),
                    }
                }
            }
            Some(1) if self.section == Section::Extensions => {
                self.addition.take_if(|addition| addition.is_called(key));
            }
            Some(2) if self.section == Section::Errors => {
                self.code = match (self.code, key) {
                    (CodePath::Outside, _) => CodePath::Outside,
                    (_, b"extensions") => CodePath::Extensions,
                    (_, _) => CodePath::Error,
                };
            }
            Some(3) if self.section == Section::Errors => {
                self.code = match (self.code, key) {
                    (CodePath::Extensions | CodePath::Code, b"code") => CodePath::Code,
                    (CodePath::Extensions | CodePath::Code, _) => CodePath::Extensions,
                    (outside @ (CodePath::Outside | CodePath::Error), _) => outside,
                };
            }
            Some(_) => self.tell_data(Event::Key(key), visit),
            None => (),
        }
    }

    /// How many levels are open inside the response's own object.
    fn inside(&self) -> Option<usize> {
        self.open.len().checked_sub(self.base)
    }

    /// Whether a text at this place is the code of an error.
    fn is_code(&self) -> bool {
        let is_object = self.open.last() == Some(&Level::Object);
        self.code == CodePath::Code && is_object && self.inside() == Some(3)
    }

    fn tell(&self, event: Event<'_>, visit: &mut impl FnMut(Event<'_>)) {
        match self.jobs.events {
            Events::On => visit(event),
            Events::Off => (),
        }
    }

    fn tell_data(&self, event: Event<'_>, visit: &mut impl FnMut(Event<'_>)) {
        if self.section == Section::Data {
            self.tell(event, visit);
        }
    }
}

/// A byte of a number or of `true`, `false`, `null`.
fn is_scalar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}
