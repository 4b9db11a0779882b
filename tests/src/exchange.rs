//! One request with its reply and what the upstream saw of it.

use bytes::Bytes;
use portcullis_demo::client::{Payload, Protocol, Reply, Request};
use portcullis_demo::corpus::Verdict;
use portcullis_demo::upstream::Seen;
use portcullis_report::Reason;

/// What was sent, what came back, what arrived.
#[derive(Debug)]
pub struct Exchange {
    /// In which protocol.
    pub protocol: Protocol,
    /// What was sent.
    pub request: Request,
    /// What came back.
    pub reply: Reply,
    /// What arrived.
    pub seen: Vec<Seen>,
}

impl Exchange {
    /// It reached the upstream once, whole and byte for byte, and the client got the upstream's answer.
    #[track_caller]
    pub fn arrived(&self) -> &Seen {
        assert_eq!(self.reply.status, 200, "{}", self.story());
        let [seen] = self.seen.as_slice() else {
            panic!("arrived {} times: {}", self.seen.len(), self.story())
        };
        assert!(seen.complete, "arrived in part: {}", self.story());
        assert_eq!(seen.method, self.request.method, "{}", self.story());
        assert_eq!(seen.path, self.request.path, "{}", self.story());
        assert_eq!(seen.body, self.body(), "{}", self.story());
        seen
    }

    /// It was refused for this reason, and the upstream saw nothing of it.
    #[track_caller]
    pub fn refused(&self, reason: Reason) {
        self.refused_with(reason.status(), Some(reason.code()));
    }

    /// It was refused for the reason of that label, and the upstream saw nothing of it.
    #[track_caller]
    pub fn refused_as(&self, label: &str) {
        let (status, code) = Verdict::of(label).answer().expect("a reason that somebody knows");
        self.refused_with(status, code);
    }

    /// It was refused with this status and code, and the upstream saw nothing of it.
    #[track_caller]
    pub fn refused_with(&self, status: u16, code: Option<&str>) {
        assert_eq!((self.reply.status, self.reply.code().as_deref()), (status, code), "{}", self.story());
        self.saw_nothing();
        assert_eq!(self.reply.json().get("data"), None, "{}", self.story());
        let id = self.reply.header("x-correlation-id").unwrap_or_default();
        assert!(!id.is_empty(), "a refusal without its id: {}", self.story());
    }

    /// The upstream saw nothing of it.
    #[track_caller]
    pub fn saw_nothing(&self) {
        assert!(self.seen.is_empty(), "the upstream saw it: {}", self.story());
    }

    /// The body as one piece.
    #[must_use]
    pub fn body(&self) -> Bytes {
        match &self.request.body {
            Payload::Absent => Bytes::new(),
            Payload::Whole(bytes) => bytes.clone(),
            Payload::Pieces(pieces, _) => Bytes::from(pieces.concat()),
        }
    }

    fn story(&self) -> String {
        let mut body = String::from_utf8_lossy(&self.body()).into_owned();
        body.truncate(body.char_indices().nth(300).map_or(body.len(), |(at, _)| at));
        format!(
            "{:?} {} {} {body}\n-> {} {}",
            self.protocol,
            self.request.method,
            self.request.path,
            self.reply.status,
            String::from_utf8_lossy(&self.reply.body)
        )
    }
}
