//! The grammar of RFC 8259, one pass, from left to right.

use super::text::{Unescaped, plain, unescape};
use super::{Json, Nesting, Object};
use std::borrow::Cow;

/// What is wrong with a text that was to be JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not JSON from this byte on.
    Syntax { at: usize },
    /// More arrays and objects are open than allowed.
    TooDeep,
    /// An object has the same key twice.
    DuplicateKey,
}

/// Reads values one after the other out of a text.
pub(crate) struct Reader<'a> {
    text: &'a str,
    /// Offset of the next byte.
    at: usize,
    open: u8,
    nesting: Nesting,
    /// Where texts with escapes are put together; as long as what followed the first of them.
    scratch: Vec<u8>,
}

/// What follows inside an array or object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// An element or a key.
    Item,
    /// Nothing; the bracket is read.
    End,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str, nesting: Nesting) -> Self {
        Self { text, at: 0, open: 0, nesting, scratch: Vec::new() }
    }

    /// A reader of what stands inside an object that is not written out.
    pub(crate) fn inside_object(text: &'a str, nesting: Nesting) -> Self {
        Self { open: 1, ..Self::new(text, nesting) }
    }

    /// Offset of the next byte.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Makes sure that only white space is left.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault()),
        }
    }

    /// The first byte of what comes next, white space aside.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.byte()?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.skip();
        }
    }

    /// Reads any value.
    pub(crate) fn value(&mut self) -> Result<Json<'a>, Fault> {
        match self.peek() {
            Some(b'"') => {
                self.skip();
                self.string().map(Json::Text)
            }
            Some(b'{') => {
                let mut entries = Vec::new();
                self.object(|reader, key| {
                    entries.push((key, reader.value()?));
                    Ok(())
                })?;
                Object::new(entries).map(Json::Object).ok_or(Fault::DuplicateKey)
            }
            Some(b'[') => {
                let mut items = Vec::new();
                self.list(|reader| {
                    items.push(reader.value()?);
                    Ok(())
                })?;
                Ok(Json::List(items))
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word("null", Json::Null),
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(_) | None => Err(self.fault()),
        }
    }

    /// Reads the object that comes next; `entry` is given each key and reads the value.
    pub(crate) fn object(
        &mut self,
        mut entry: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut next = self.enter(b'}')?;
        while next == Next::Item {
            self.expect(b'"')?;
            let key = self.string()?;
            self.expect(b':')?;
            entry(self, key)?;
            next = self.after_item(b'}')?;
        }
        Ok(())
    }

    /// Reads the array that comes next; `item` reads each element.
    pub(crate) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut next = self.enter(b']')?;
        while next == Next::Item {
            item(self)?;
            next = self.after_item(b']')?;
        }
        Ok(())
    }

    fn enter(&mut self, close: u8) -> Result<Next, Fault> {
        if self.open >= self.nesting.0 {
            return Err(Fault::TooDeep);
        }
        self.open = self.open.saturating_add(1);
        self.skip();
        if self.peek() == Some(close) {
            self.leave();
            return Ok(Next::End);
        }
        Ok(Next::Item)
    }

    fn after_item(&mut self, close: u8) -> Result<Next, Fault> {
        match self.peek() {
            Some(b',') => {
                self.skip();
                Ok(Next::Item)
            }
            Some(byte) if byte == close => {
                self.leave();
                Ok(Next::End)
            }
            Some(_) | None => Err(self.fault()),
        }
    }

    fn leave(&mut self) {
        self.skip();
        self.open = self.open.saturating_sub(1);
    }

    /// Reads a text after its opening quote.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = plain(rest.as_bytes());
        if rest.as_bytes().get(end) == Some(&b'"') {
            self.at = self.at.saturating_add(end).saturating_add(1);
            return rest.get(..end).map(Cow::Borrowed).ok_or(self.fault());
        }
        match unescape(rest.as_bytes(), &mut self.scratch) {
            Ok(Unescaped { read, written }) => {
                let text = self.scratch.get(..written).and_then(|text| std::str::from_utf8(text).ok());
                let text = text.ok_or(self.fault())?.to_owned();
                self.at = self.at.saturating_add(read);
                Ok(Cow::Owned(text))
            }
            Err(offset) => Err(Fault::Syntax { at: self.at.saturating_add(offset) }),
        }
    }

    fn number(&mut self) -> Result<Json<'a>, Fault> {
        let start = self.at;
        self.skip_if(b'-');
        if !self.skip_if(b'0') {
            self.digits()?;
        }
        let mut integer = true;
        if self.skip_if(b'.') {
            integer = false;
            self.digits()?;
        }
        if self.skip_if(b'e') || self.skip_if(b'E') {
            integer = false;
            if !self.skip_if(b'-') {
                self.skip_if(b'+');
            }
            self.digits()?;
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        if integer && let Ok(value) = text.parse() {
            return Ok(Json::Int(value));
        }
        // Beyond the range of a double some decoders say infinity, others refuse.
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Json::Float),
            Ok(_) | Err(_) => Err(Fault::Syntax { at: start }),
        }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        if !self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(self.fault());
        }
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.skip();
        }
        Ok(())
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, Fault> {
        let end = self.at.saturating_add(word.len());
        if self.text.as_bytes().get(self.at..end) != Some(word.as_bytes()) {
            return Err(self.fault());
        }
        self.at = end;
        Ok(value)
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(self.fault());
        }
        self.skip();
        Ok(())
    }

    fn skip_if(&mut self, byte: u8) -> bool {
        let found = self.byte() == Some(byte);
        if found {
            self.skip();
        }
        found
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn fault(&self) -> Fault {
        Fault::Syntax { at: self.at }
    }
}
