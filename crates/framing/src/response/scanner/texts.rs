//! The inside of texts: keys and codes are known, suggestions are cut off, of all others the end is found.

use super::{CODE_BYTES, Escape, KEY_BYTES, Role, Scanner, State};
use crate::json::{plain, unescaped};
use crate::response::Event;
use crate::response::output::Output;
use crate::response::suggestion::{Step, can_begin};

impl Scanner {
    /// Reads a text of which only the end is looked for, or which is to be known.
    pub(super) fn known_text(
        &mut self,
        chunk: &[u8],
        start: usize,
        role: Role,
        visit: &mut impl FnMut(Event<'_>),
    ) -> usize {
        let (end, is_whole) = self.text_end(chunk, start);
        let most = match role {
            Role::Key => KEY_BYTES,
            Role::Code => CODE_BYTES.saturating_add(1),
            Role::Error | Role::Suggestion | Role::Other => 0,
        };
        let bytes = chunk.get(start..end).unwrap_or_default();
        let kept = most.saturating_sub(self.text.len());
        let bytes = bytes.get(..kept).unwrap_or(bytes);
        if !is_whole {
            self.text.extend_from_slice(bytes);
            return end;
        }
        if self.text.is_empty() {
            self.known(bytes, role, visit);
        } else {
            let mut text = std::mem::take(&mut self.text);
            text.extend_from_slice(bytes);
            self.known(&text, role, visit);
        }
        end.saturating_add(1)
    }

    /// A text has ended.
    fn known(&mut self, raw: &[u8], role: Role, visit: &mut impl FnMut(Event<'_>)) {
        match role {
            Role::Key => self.key(&unescaped(raw), visit),
            Role::Code => {
                let code = unescaped(raw);
                if let Some(code) = std::str::from_utf8(&code).ok().filter(|code| code.len() <= CODE_BYTES) {
                    self.tell(Event::Code(code), visit);
                }
                self.value_ended();
            }
            Role::Error | Role::Suggestion | Role::Other => self.value_ended(),
        }
    }

    /// Where a text ends in a chunk, and whether it does.
    fn text_end(&mut self, chunk: &[u8], start: usize) -> (usize, bool) {
        let mut at = start;
        loop {
            if self.escape == Escape::Begun && at < chunk.len() {
                self.escape = Escape::No;
                at = at.saturating_add(1);
            }
            at = at.saturating_add(plain(chunk.get(at..).unwrap_or_default()));
            match chunk.get(at) {
                None => return (chunk.len(), false),
                Some(b'"') => return (at, true),
                Some(b'\\') => {
                    self.escape = Escape::Begun;
                    at = at.saturating_add(1);
                }
                // A control character: no JSON, but what is lost by reading on?
                Some(_) => at = at.saturating_add(1),
            }
        }
    }

    pub(super) fn error_text(
        &mut self,
        chunk: &[u8],
        start: usize,
        carried: &mut usize,
        output: &mut Output<'_>,
    ) -> usize {
        let mut at = start;
        while let Some(byte) = chunk.get(at) {
            let next = at.saturating_add(1);
            if self.escape == Escape::Begun {
                self.escape = if *byte == b'u' { Escape::Digits(4) } else { Escape::No };
            } else if matches!(byte, b'"' | b'\\') {
                self.release(self.candidate.bytes().len(), carried, output);
                if *byte == b'"' {
                    self.escape = Escape::No;
                    self.value_ended();
                    return next;
                }
                self.escape = Escape::Begun;
            } else if let Escape::Digits(left) = self.escape {
                self.escape = if left > 1 { Escape::Digits(left.saturating_sub(1)) } else { Escape::No };
            } else if !self.candidate.bytes().is_empty() || can_begin(*byte) {
                match self.candidate.push(*byte) {
                    Step::Release(count) => self.release(count, carried, output),
                    Step::Complete => {
                        self.has_cut = true;
                        let own = self.candidate.bytes().len().saturating_sub(*carried);
                        output.cut(next.saturating_sub(own), next);
                        self.candidate.clear();
                        *carried = 0;
                        self.state = State::Text(Role::Suggestion);
                        return next;
                    }
                }
            }
            at = next;
        }
        at
    }

    /// Lets the first bytes of the candidate go; those of this chunk are in their place already.
    fn release(&mut self, count: usize, carried: &mut usize, output: &mut Output<'_>) {
        let earlier = count.min(*carried);
        output.release(self.candidate.bytes().get(..earlier).unwrap_or_default());
        *carried = carried.saturating_sub(earlier);
        self.candidate.release(count);
    }

    pub(super) fn suggestion(&mut self, chunk: &[u8], start: usize, output: &mut Output<'_>) -> usize {
        let (end, is_whole) = self.text_end(chunk, start);
        output.cut(start, end);
        if is_whole {
            self.value_ended();
            return end.saturating_add(1);
        }
        end
    }
}
