//! What a request's headers say: whether it is under the policy, how its operations come, what already rules it out.

use crate::case::Case;
use crate::effect::Effect;
use crate::headers::Headers;
use crate::input::{More, Peer};
use crate::intake::{Intake, Place};
use crate::number::count;
use crate::route::{Routed, routed, target};
use crate::upload::Upload;
use crate::world::World;
use portcullis_framing::{
    Coding, ContentEncoding, ContentType, IdKeys, QueryString, Streams, content_encoding, content_type,
    query_string_by, streams,
};
use portcullis_policy::{Encoding, Mode, Policy, Refusal, Switch, Told, Under};
use portcullis_report::{Reason, Transport, header};

/// Headers that say what a body is. Under another spelling an upstream that is called as by CGI takes them for its own.
const SAY_WHAT_THE_BODY_IS: [&str; 4] =
    ["content-type", "content-length", "content-encoding", "transfer-encoding"];

/// What becomes of a request as far as its headers tell.
pub(crate) enum Admission {
    /// It is not under the policy.
    Pass(Vec<Effect>),
    /// It is to be read, and to be judged then.
    Read(Case, Intake, Vec<Effect>),
    /// It is to be refused, whatever follows; where that only counts, it passes.
    Refuse(Case, Refusal, Vec<Effect>),
}

impl Admission {
    /// By which policy it is judged; nothing when it is not.
    pub(crate) fn under(&self) -> Option<Under> {
        match self {
            Self::Pass(_) => None,
            Self::Read(case, ..) | Self::Refuse(case, ..) => Some(case.under()),
        }
    }
}

/// Sorts a request by its headers.
pub(crate) fn admit(
    headers: Option<Headers<'_>>,
    peer: Peer<'_>,
    more: More,
    world: &World<'_>,
) -> Admission {
    let Some(headers) = headers else {
        // Nobody can tell that it is not the route.
        let case = Case::new(Headers::new(&[]), peer, world);
        return Admission::Refuse(case, Refusal::because(Reason::Unreadable), Vec::new());
    };
    // Without a path it is a `CONNECT`.
    let Some(raw) = headers.only(":path") else { return Admission::Pass(stripped(headers)) };
    let target = target(raw);
    let Some(Routed { profile, id }) = routed(&target, &world.policy.routes) else {
        // In these headers only the gate may speak, also to what is not its affair.
        return Admission::Pass(stripped(headers));
    };
    let mut case = Case::new(headers, peer, world);
    let told = case.choose(profile, peer, world);
    let policy = world.policy.under(case.under());
    let mut list = stripped(headers);
    let method = headers.only(":method").unwrap_or_default();
    if method == b"OPTIONS" && more == More::Ended && !asks(target.query, policy) {
        // A preflight: it has neither a body nor parameters to run.
        return Admission::Pass(list);
    }
    if policy.responses.are_read() || case.sight.cost == Switch::On {
        list.extend(uncompressed(headers));
    }
    let place = Place { query: target.query.to_vec(), id };
    case.ask(world);
    let blocked = case.ruled().err().filter(|refusal| policy.mode(refusal.reason) == Mode::Enforce);
    let intake = |place: Place, policy: &Policy| match method {
        _ if blocked.is_some() => Err(Refusal::because(Reason::Blocked)),
        _ if told == Told::Unknown => Err(Refusal::because(Reason::UnknownProfile)),
        _ if raw.len() > policy.limits.url_bytes => Err(too_long(raw, policy)),
        _ if is_upgrade(headers) => Err(Refusal::because(Reason::Method)),
        // One server takes the first for its client, another the last: whose throttles would hold?
        _ if world.policy.clients.headers().any(|name| headers.is_unclear(name)) => {
            Err(Refusal::because(Reason::Ambiguous))
        }
        b"POST" => post(headers, place, policy),
        b"GET" => get(place, policy),
        _ => Err(Refusal::because(Reason::Method)),
    };
    // Decisions are no affair of a candidate.
    let candidate = policy.candidate.as_deref().filter(|_| blocked.is_none());
    case.candidate = candidate.and_then(|candidate| intake(place.clone(), candidate).err());
    let intake = intake(place, policy);
    // Whichever of several fields an upstream takes.
    let mut forms = headers.all("accept").map(streams);
    case.streams = forms.find(|form| *form != Streams::None).unwrap_or(Streams::None);
    case.transport = transport(method, case.streams, &intake);
    match intake {
        Ok(intake) => Admission::Read(case, intake, list),
        Err(refusal) => Admission::Refuse(case, refusal, list),
    }
}

/// The refusal of a request target beyond its limit.
pub(crate) fn too_long(target: &[u8], policy: &Policy) -> Refusal {
    Refusal::beyond(Reason::UrlSize, count(policy.limits.url_bytes), count(target.len()))
}

/// Whether a stream that could never end is asked for: its end cannot be awaited.
pub(crate) fn is_upgrade(headers: Headers<'_>) -> bool {
    headers.upgrades()
}

/// Headers in which only the gate may speak, in every spelling that an upstream may take for them.
pub(crate) fn stripped(headers: Headers<'_>) -> Vec<Effect> {
    let forged = headers.names_like(header::GRAPHQL_PREFIX);
    let ids = headers.names_like(header::CORRELATION_ID).filter(|name| name.contains('_'));
    forged.chain(ids).map(removed).collect()
}

/// What would hide from the gate a response that it is to read.
fn uncompressed<'h>(headers: Headers<'h>) -> impl Iterator<Item = Effect> + 'h {
    headers.names_like("accept-encoding").map(removed)
}

fn removed(name: &str) -> Effect {
    Effect::RemoveRequestHeader(name.to_owned())
}

pub(crate) fn get(place: Place, policy: &Policy) -> Result<Intake, Refusal> {
    match policy.transports.get {
        Switch::On => Ok(Intake::Get(place)),
        Switch::Off => Err(Refusal::because(Reason::Method)),
    }
}

fn post(headers: Headers<'_>, place: Place, policy: &Policy) -> Result<Intake, Refusal> {
    if asks(&place.query, policy) {
        return Err(Refusal::because(Reason::Ambiguous));
    }
    if SAY_WHAT_THE_BODY_IS.iter().any(|name| headers.has_double(name)) {
        return Err(Refusal::because(Reason::Ambiguous));
    }
    let unsupported = Refusal::because(Reason::ContentType);
    let coding = coding(headers, policy)?;
    let announced = announced(headers)?;
    let transports = policy.transports;
    match headers.only("content-type").map(content_type) {
        Some(ContentType::Json) => {
            within(announced, Reason::BodySize, count(policy.limits.body_bytes))?;
            Ok(Intake::Json(place, coding, Vec::new()))
        }
        Some(ContentType::Graphql) if transports.application_graphql == Switch::On => {
            within(announced, Reason::BodySize, count(policy.limits.body_bytes))?;
            Ok(Intake::Graphql(place, coding, Vec::new()))
        }
        Some(ContentType::Multipart(boundary)) if transports.multipart == Switch::On => {
            let uploads = &policy.uploads;
            let mut preflight = uploads.preflight_headers.iter();
            let asked = |name: &str| headers.all(name).any(|value| !value.is_empty());
            if !uploads.preflight_headers.is_empty() && !preflight.any(|header| asked(header.as_str())) {
                return Err(Refusal::because(Reason::Csrf));
            }
            if coding.is_some() {
                return Err(Refusal::because(Reason::ContentEncoding));
            }
            within(announced, Reason::UploadLimit, largest_upload(policy))?;
            match place.id {
                Some(_) => Err(Refusal::because(Reason::Ambiguous)),
                None => Ok(Intake::Upload(Box::new(Upload::new(&boundary, announced, policy)))),
            }
        }
        Some(ContentType::Multipart(_) | ContentType::Graphql | ContentType::Other) | None => {
            Err(unsupported)
        }
    }
}

/// Whether a query string has something of a GraphQL request.
pub(crate) fn asks(query: &[u8], policy: &Policy) -> bool {
    query_string_by(query, IdKeys::Named(&policy.id_keys)) == QueryString::Graphql
}

/// How the body is compressed, if it is and the policy takes that.
fn coding(headers: Headers<'_>, policy: &Policy) -> Result<Option<Coding>, Refusal> {
    let found = match content_encoding(headers.all("content-encoding")) {
        ContentEncoding::Identity => return Ok(None),
        ContentEncoding::Coded(coding) => coding,
        ContentEncoding::Other => return Err(Refusal::because(Reason::ContentEncoding)),
    };
    let wanted = match found {
        Coding::Gzip => Encoding::Gzip,
        Coding::Deflate => Encoding::Deflate,
        Coding::Brotli => Encoding::Brotli,
        Coding::Zstd => Encoding::Zstd,
    };
    let is_taken = policy.encodings.contains(&wanted);
    is_taken.then_some(Some(found)).ok_or(Refusal::because(Reason::ContentEncoding))
}

/// The length of the body, where it is announced in a way that everybody reads alike: by one number, without another
/// way to find the end beside it (RFC 9112 §6.3).
fn announced(headers: Headers<'_>) -> Result<Option<u64>, Refusal> {
    if headers.all("content-length").next().is_none() {
        return Ok(None);
    }
    let unclear = Refusal::because(Reason::Ambiguous);
    let is_coded = headers.all("transfer-encoding").next().is_some();
    let digits =
        headers.only("content-length").filter(|value| !is_coded && value.iter().all(u8::is_ascii_digit));
    let length = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    length.map(Some).ok_or(unclear)
}

/// Holds the announced length of the body against its limit; what is not announced is counted as it comes.
fn within(announced: Option<u64>, reason: Reason, limit: u64) -> Result<(), Refusal> {
    match announced.filter(|length| *length > limit) {
        Some(length) => Err(Refusal::beyond(reason, limit, length)),
        None => Ok(()),
    }
}

/// No upload within the policy has more bytes: its files, what is said of them, and what stands around each part.
fn largest_upload(policy: &Policy) -> u64 {
    const AROUND_A_PART: u64 = 128;
    let uploads = &policy.uploads;
    let parts = count(uploads.files).saturating_add(2);
    let around = count(uploads.part_header_bytes).saturating_add(AROUND_A_PART).saturating_mul(parts);
    let described = count(policy.limits.body_bytes).saturating_add(count(uploads.map_bytes));
    uploads.total_bytes.saturating_add(described).saturating_add(around)
}

fn transport(method: &[u8], wanted: Streams, intake: &Result<Intake, Refusal>) -> Transport {
    match (intake, wanted, method) {
        (Ok(Intake::Upload(_)), ..) => Transport::Upload,
        (_, Streams::EventStream, b"GET" | b"POST") => Transport::EventStream,
        (_, Streams::Multipart, b"GET" | b"POST") => Transport::MultipartStream,
        (_, _, b"GET") => Transport::Get,
        (_, _, b"POST") => Transport::Post,
        (_, _, _) => Transport::OtherHttp,
    }
}
