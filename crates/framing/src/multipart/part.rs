//! The headers of one part.

use super::{MultipartError, MultipartLimits};
use crate::media_type::is_utf8_charset;

/// Headers that are being read.
#[derive(Debug, Default)]
pub(super) struct Headers {
    /// The line so far.
    line: Vec<u8>,
    /// Bytes of all lines.
    bytes: usize,
    /// Names in lower case.
    names: Vec<Vec<u8>>,
    disposition: Option<Disposition>,
    length: Option<u64>,
    /// Whether the part can be `operations` or `map`.
    is_text: IsText,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum IsText {
    #[default]
    Yes,
    No,
}

/// What the headers of a part say.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) length: Option<u64>,
}

/// What a server takes a part for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Field,
    File,
}

#[derive(Debug)]
struct Disposition {
    name: String,
    kind: Kind,
}

impl Headers {
    /// Reads up to the empty line; what the headers say once it is reached, and what is left to read.
    pub(super) fn read<'b>(
        &mut self,
        bytes: &'b [u8],
        limits: MultipartLimits,
    ) -> Result<(Option<Described>, &'b [u8]), MultipartError> {
        let mut rest = bytes;
        while let Some((byte, after)) = rest.split_first() {
            rest = after;
            self.bytes = self.bytes.saturating_add(1);
            if self.bytes > limits.header_bytes {
                return Err(MultipartError::HeadersTooLong { limit: limits.header_bytes });
            }
            match (self.line.last(), byte) {
                (Some(b'\r'), b'\n') => {
                    self.line.pop();
                    let line = std::mem::take(&mut self.line);
                    if line.is_empty() {
                        return Ok((Some(self.described()?), rest));
                    }
                    self.header(&line, limits)?;
                }
                // A line end of other parsers.
                (Some(b'\r'), _) | (_, b'\n') => return Err(MultipartError::Header),
                (_, byte) => self.line.push(*byte),
            }
        }
        Ok((None, rest))
    }

    fn header(&mut self, line: &[u8], limits: MultipartLimits) -> Result<(), MultipartError> {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(MultipartError::Header)?;
        let (name, value) = line.split_at_checked(colon).ok_or(MultipartError::Header)?;
        let name = name.to_ascii_lowercase();
        let value = value.strip_prefix(b":").unwrap_or_default();
        let sound = value.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..));
        if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) || !sound || self.names.contains(&name)
        {
            return Err(MultipartError::Header);
        }
        if self.names.len() >= limits.headers {
            return Err(MultipartError::TooManyHeaders { limit: limits.headers });
        }
        let value = value.trim_ascii();
        match name.as_slice() {
            b"content-disposition" => self.disposition = Some(disposition(value)?),
            b"content-type" => self.is_text = is_text(value),
            // Some clients say of each part that it is as it is.
            b"content-transfer-encoding" if is_identity(value) => (),
            b"content-transfer-encoding" | b"content-encoding" => {
                return Err(MultipartError::TransferEncoding);
            }
            b"content-length" => {
                let digits = value.iter().all(u8::is_ascii_digit);
                let text = std::str::from_utf8(value).ok().filter(|_| digits);
                let length = text.and_then(|text| text.parse().ok());
                self.length = Some(length.ok_or(MultipartError::ContentLength)?);
            }
            _ => (),
        }
        self.names.push(name);
        Ok(())
    }

    fn described(&mut self) -> Result<Described, MultipartError> {
        let Disposition { name, kind } = self.disposition.take().ok_or(MultipartError::Disposition)?;
        if kind == Kind::Field && self.is_text == IsText::No {
            return Err(MultipartError::ContentType);
        }
        Ok(Described { name, kind, length: self.length })
    }
}

/// A transfer encoding that changes nothing (RFC 2045 §6.2).
fn is_identity(value: &[u8]) -> bool {
    ["7bit", "8bit", "binary"].iter().any(|known| value.eq_ignore_ascii_case(known.as_bytes()))
}

/// A character of a token (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Text or JSON, in UTF-8 by word or by default. Of other types some servers make a file.
fn is_text(value: &[u8]) -> IsText {
    let mut parts = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let kind = parts.next().unwrap_or_default();
    let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
    let sound = match (parts.next(), parts.next()) {
        (None, _) => true,
        (Some(parameter), None) => is_utf8_charset(parameter),
        (Some(_), Some(_)) => false,
    };
    if sound && (is("text/plain") || is("application/json")) { IsText::Yes } else { IsText::No }
}

/// `form-data; name="…"`, and `filename` where the part is a file; nothing else, nothing twice.
fn disposition(value: &[u8]) -> Result<Disposition, MultipartError> {
    let unclear = MultipartError::Disposition;
    let text = std::str::from_utf8(value).map_err(|_| unclear)?;
    let (kind, mut rest) = text.split_at_checked("form-data".len()).ok_or(unclear)?;
    if !kind.eq_ignore_ascii_case("form-data") {
        return Err(unclear);
    }
    let (mut name, mut file, mut extended_file) = (None, None, None);
    while !rest.is_empty() {
        let parameter = rest.trim_start().strip_prefix(';').ok_or(unclear)?.trim_start();
        let (key, after) = parameter.split_once('=').ok_or(unclear)?;
        let (value, after) = parameter_value(after).ok_or(unclear)?;
        rest = after;
        let slot = match key {
            "name" => &mut name,
            "filename" => &mut file,
            "filename*" => &mut extended_file,
            _ => return Err(unclear),
        };
        if slot.replace(value).is_some() {
            return Err(unclear);
        }
    }
    // What browsers write for a quote, others read as it stands.
    let name = name.filter(|name| !name.is_empty() && !name.contains(['%', '\\'])).ok_or(unclear)?;
    let file = file.or(extended_file);
    // Some parsers look for the name by a pattern, wherever it stands.
    if [file, extended_file].iter().flatten().any(|text| text.to_ascii_lowercase().contains("name=")) {
        return Err(unclear);
    }
    let kind = if file.is_some() { Kind::File } else { Kind::Field };
    Ok(Disposition { name: name.to_owned(), kind })
}

/// A quoted text or a token, and what follows. A backslash before a quote escapes it for some parsers only.
fn parameter_value(text: &str) -> Option<(&str, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (value, after) = quoted.split_once('"')?;
        return (!value.ends_with('\\')).then_some((value, after));
    }
    let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(value, _)| !value.is_empty())
}
