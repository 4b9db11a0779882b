//! What a handshake offers: subprotocols, and to compress messages.

use crate::effect::Effect;
use crate::headers::Headers;
use portcullis_policy::{Compression, Subprotocol};

const EXTENSIONS: &str = "sec-websocket-extensions";

/// Subprotocols that are read of one offer; one that has more is none.
const SUBPROTOCOLS: usize = 16;
/// Bytes of one of their names.
const NAME_BYTES: usize = 64;
/// Extensions that are read of one offer, with their parameters.
const EXTENSIONS_READ: usize = 32;

/// The only way in which messages may be compressed: each can be read without those before it (RFC 7692 §7.1.1).
const DEFLATE: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// Whether messages may be compressed, each on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deflate {
    /// It was offered, and an upstream may take it.
    Offered,
    /// It was not, or the offer was taken out.
    Withheld,
}

impl Deflate {
    pub(super) fn by(compression: Compression) -> Self {
        match compression {
            Compression::Off => Self::Withheld,
            Compression::Inflate => Self::Offered,
        }
    }
}

/// What a handshake offers.
#[derive(Debug)]
pub(crate) struct Offer {
    /// The names of its subprotocols in their order; nothing where that is no list of such names.
    subprotocols: Option<Vec<Vec<u8>>>,
    pub(crate) deflate: Deflate,
}

impl Offer {
    pub(super) fn read(headers: Headers<'_>, deflate: Deflate) -> Self {
        let deflate = match deflate {
            Deflate::Offered if offers_deflate(headers) => Deflate::Offered,
            Deflate::Offered | Deflate::Withheld => Deflate::Withheld,
        };
        Self { subprotocols: subprotocols(headers), deflate }
    }

    /// Whether it is a list of names, none of them twice; it may be empty.
    pub(super) fn is_well_formed(&self) -> bool {
        self.subprotocols.is_some()
    }

    /// Whether it is of some of these and of nothing else.
    pub(super) fn is_among(&self, allowed: &[Subprotocol]) -> bool {
        let is_allowed =
            |name: &Vec<u8>| Subprotocol::named(name).is_some_and(|known| allowed.contains(&known));
        self.subprotocols.as_ref().is_some_and(|names| !names.is_empty() && names.iter().all(is_allowed))
    }

    /// Whether a subprotocol is one of it.
    pub(crate) fn has(&self, name: &[u8]) -> bool {
        self.subprotocols.as_ref().is_none_or(|names| names.iter().any(|known| known == name))
    }

    /// What the upstream is told of extensions in place of what the client said.
    pub(super) fn extensions_header(&self, headers: Headers<'_>) -> Option<Effect> {
        headers.all(EXTENSIONS).next()?;
        Some(match self.deflate {
            Deflate::Offered => Effect::SetRequestHeader(EXTENSIONS, DEFLATE.to_owned()),
            Deflate::Withheld => Effect::RemoveRequestHeader(EXTENSIONS.to_owned()),
        })
    }
}

/// The names of all lines as one list.
fn subprotocols(headers: Headers<'_>) -> Option<Vec<Vec<u8>>> {
    let mut names: Vec<Vec<u8>> = Vec::new();
    let lines = headers.all("sec-websocket-protocol");
    for name in lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii) {
        let is_name = (1..=NAME_BYTES).contains(&name.len()) && name.iter().all(is_token);
        if !is_name || names.len() == SUBPROTOCOLS || names.iter().any(|known| known == name) {
            return None;
        }
        names.push(name.to_vec());
    }
    Some(names)
}

/// A byte of a token (RFC 9110 §5.6.2).
fn is_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte)
}

/// Whether one of the extensions offered is to compress each message.
fn offers_deflate(headers: Headers<'_>) -> bool {
    let extensions = headers.all(EXTENSIONS).flat_map(|line| line.split(|byte| *byte == b','));
    let mut names = extensions.take(EXTENSIONS_READ).filter_map(|one| one.split(|byte| *byte == b';').next());
    names.any(|name| name.trim_ascii().eq_ignore_ascii_case(b"permessage-deflate"))
}

/// How an upstream took the offer to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It does not compress.
    No,
    /// It does, each message on its own.
    Deflate {
        /// The client was told, too, to compress each message on its own.
        client_told: bool,
    },
    /// In a way that was not offered.
    Otherwise,
}

/// What the extensions of an answer say.
pub(super) fn taken(headers: Headers<'_>, offered: Deflate) -> Taken {
    let mut extensions =
        headers.all(EXTENSIONS).flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let Some(one) = extensions.next() else { return Taken::No };
    if extensions.next().is_some() || offered == Deflate::Withheld {
        return Taken::Otherwise;
    }
    let mut parts = one.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let is_deflate = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(b"permessage-deflate"));
    let (mut server, mut client) = (false, false);
    for parameter in parts.take(EXTENSIONS_READ) {
        match parameter {
            b"server_no_context_takeover" if !server => server = true,
            b"client_no_context_takeover" if !client => client = true,
            // A smaller window of the server's is the client's to inflate as any other.
            other if other.starts_with(b"server_max_window_bits=") => (),
            _ => return Taken::Otherwise,
        }
    }
    if is_deflate && server { Taken::Deflate { client_told: client } } else { Taken::Otherwise }
}

/// What the client is told of an extension whose answer did not bind it.
pub(super) fn bound() -> Effect {
    Effect::SetResponseHeader(EXTENSIONS, DEFLATE.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(name: &str, lines: &[&str]) -> Vec<(String, Vec<u8>)> {
        lines.iter().map(|line| (name.to_owned(), line.as_bytes().to_vec())).collect()
    }

    #[track_caller]
    fn names(lines: &[&str], expected: Option<&[&str]>) {
        let pairs = pairs("sec-websocket-protocol", lines);
        let found = subprotocols(Headers::new(&pairs));
        let expected = expected.map(|names| names.iter().map(|name| name.as_bytes().to_vec()).collect());
        assert_eq!(found, expected, "{lines:?}");
    }

    #[test]
    fn subprotocols_are_one_list_without_doubles() {
        names(&[], Some(&[]));
        names(&["graphql-ws"], Some(&["graphql-ws"]));
        names(&["graphql-transport-ws , graphql-ws"], Some(&["graphql-transport-ws", "graphql-ws"]));
        names(&["graphql-transport-ws", "graphql-ws"], Some(&["graphql-transport-ws", "graphql-ws"]));
        for unfit in ["", "a,,b", "a,a", "a b", "a;b", "\"a\"", "é"] {
            names(&[unfit], None);
        }
        names(&["a", "a"], None);
        let many: Vec<String> = (0..17).map(|number| format!("p{number}")).collect();
        let lines: Vec<&str> = many.iter().map(String::as_str).collect();
        names(&lines[..16], Some(&lines[..16]));
        names(&lines, None);
        names(&["a".repeat(64).as_str()], Some(&["a".repeat(64).as_str()]));
        names(&["a".repeat(65).as_str()], None);
    }

    #[track_caller]
    fn answer(lines: &[&str], expected: Taken) {
        let pairs = pairs(EXTENSIONS, lines);
        assert_eq!(taken(Headers::new(&pairs), Deflate::Offered), expected, "{lines:?}");
    }

    #[test]
    fn an_answer_may_compress_each_message_on_its_own_and_no_other_way() {
        answer(&[], Taken::No);
        answer(&[DEFLATE], Taken::Deflate { client_told: true });
        let server = "permessage-deflate;server_no_context_takeover";
        answer(&[server], Taken::Deflate { client_told: false });
        answer(&[&format!("{server}; server_max_window_bits=10")], Taken::Deflate { client_told: false });
        for unfit in [
            "permessage-deflate",
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_max_window_bits=10",
            "x-webkit-deflate-frame",
            "permessage-deflate; server_no_context_takeover, other",
            "",
        ] {
            answer(&[unfit], Taken::Otherwise);
        }
        let pairs = pairs(EXTENSIONS, &[DEFLATE]);
        assert_eq!(taken(Headers::new(&pairs), Deflate::Withheld), Taken::Otherwise);
    }
}
