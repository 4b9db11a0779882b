//! Responses that come one after the other, as server-sent events or as parts: each is scanned by itself as it passes.
//!
//! Both are lines. Of events those that begin with `data:` hold the response, and an empty line ends it (HTML §9.2.6). Of parts a
//! line that begins with `--` ends one, its headers follow, and an empty line begins the response (RFC 2046 §5.1.1); no line of
//! JSON begins with `--`, so the boundary need not be known.

use super::{Event, Jobs, Scanner};
use std::borrow::Cow;

/// How responses come one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamForm {
    /// `text/event-stream`.
    Events,
    /// `multipart/mixed`.
    Parts,
}

/// A stream that is being scanned; whatever its chunks are, the outcome is the same.
#[derive(Debug)]
pub struct StreamScanner {
    form: StreamForm,
    jobs: Jobs,
    depth: usize,
    scanner: Scanner,
    line: Line,
    /// Parts only: what the lines are of.
    of: Of,
    /// The last line ended with a carriage return, which a line feed may follow.
    returned: bool,
    has_cut: bool,
}

/// A line as far as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// So many bytes of what lines of its kind begin with.
    Begun(usize),
    Marked,
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// Nothing, before the first part.
    Nothing,
    Headers,
    Response,
}

impl StreamScanner {
    /// Starts with a stream of responses that have at most `depth` arrays and objects inside each other.
    pub fn new(form: StreamForm, jobs: Jobs, depth: usize) -> Self {
        Self {
            form,
            jobs,
            depth,
            scanner: Scanner::of_stream(jobs, depth),
            line: Line::Begun(0),
            of: Of::Nothing,
            returned: false,
            has_cut: false,
        }
    }

    /// Whether a suggestion was cut off.
    pub fn has_cut(&self) -> bool {
        self.has_cut || self.scanner.has_cut()
    }

    /// Scans the next bytes; what is to leave in their place.
    pub fn feed<'c>(&mut self, chunk: &'c [u8], visit: &mut impl FnMut(Event<'_>)) -> Cow<'c, [u8]> {
        let mut passed = Vec::with_capacity(chunk.len());
        let mut rest = chunk;
        while let Some(first) = rest.first() {
            let length = if is_end(*first) {
                1
            } else {
                rest.iter().position(|byte| is_end(*byte)).unwrap_or(rest.len())
            };
            let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            if is_end(*first) {
                self.end_line(*first, &mut passed);
                passed.extend_from_slice(piece);
            } else {
                self.returned = false;
                self.piece(piece, visit, &mut passed);
            }
            rest = after;
        }
        if passed == chunk { Cow::Borrowed(chunk) } else { Cow::Owned(passed) }
    }

    /// The stream has ended; what was held back.
    pub fn finish(&mut self) -> Vec<u8> {
        self.scanner.finish()
    }

    /// A piece of a line, without its end.
    fn piece(&mut self, piece: &[u8], visit: &mut impl FnMut(Event<'_>), passed: &mut Vec<u8>) {
        let mut piece = piece;
        if let Line::Begun(known) = self.line {
            let wanted = self.mark().get(known..).unwrap_or_default();
            let same = piece.iter().zip(wanted).take_while(|(byte, mark)| byte == mark).count();
            self.line = match () {
                () if same == wanted.len() => Line::Marked,
                () if same < piece.len() => Line::Other,
                () => Line::Begun(known.saturating_add(same)),
            };
            if self.form == StreamForm::Events {
                // What lines begin with is not of the response.
                let (mark, after) = piece.split_at_checked(same).unwrap_or((piece, &[]));
                passed.extend_from_slice(mark);
                piece = after;
            } else if self.line == Line::Marked {
                self.of = Of::Headers;
            }
        }
        let is_response = match self.form {
            StreamForm::Events => self.line == Line::Marked,
            StreamForm::Parts => self.of == Of::Response,
        };
        if is_response {
            passed.extend_from_slice(&self.scanner.feed(piece, visit));
        } else {
            passed.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self, end: u8, passed: &mut Vec<u8>) {
        if end == b'\n' && std::mem::take(&mut self.returned) {
            return;
        }
        self.returned = end == b'\r';
        // No text of JSON goes on in another line.
        passed.extend(self.scanner.finish());
        let is_empty = std::mem::replace(&mut self.line, Line::Begun(0)) == Line::Begun(0);
        let begins = match (self.form, self.of) {
            (StreamForm::Events, _) => is_empty,
            (StreamForm::Parts, Of::Headers) => is_empty,
            (StreamForm::Parts, Of::Nothing | Of::Response) => false,
        };
        if begins {
            self.of = Of::Response;
            self.has_cut = self.has_cut();
            self.scanner = Scanner::of_stream(self.jobs, self.depth);
        }
    }

    /// What lines begin with that are of a response, or that end one.
    fn mark(&self) -> &'static [u8] {
        match self.form {
            StreamForm::Events => b"data:",
            StreamForm::Parts => b"--",
        }
    }
}

fn is_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

#[cfg(test)]
mod tests;
