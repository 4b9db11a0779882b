//! One open WebSocket: what may go from side to side, frame by frame.
//!
//! Sans-IO, as an exchange is: chunks of both directions come in, what leaves in their place comes out. What is allowed leaves as the very
//! bytes that came. Messages of a client are held until they are whole and judged; those of a server pass at once. Nothing can be
//! put into the other direction than that of the chunk at hand, so what the gate itself says to the client is bounced: a ping goes to
//! the upstream in the place of what was turned away, and what is to be said leaves in the place of its pong, or before whatever comes
//! from the upstream first.

mod assembly;
mod client;
mod closing;
mod errors;
mod fault;
mod mail;
mod memory;
mod opened;
mod operation;
mod pace;
mod running;
mod server;
mod tally;
mod timing;

use crate::effect::{Effect, Effects, Flow};
use crate::handshake::{Carries, Terms};
use crate::held::Kept;
use crate::input::Chunk;
use crate::throttle;
use crate::time::Timestamp;
use crate::world::World;
use assembly::Assembly;
use closing::Closing;
use errors::Listening;
use mail::Mail;
use pace::Pace;
use portcullis_framing::MessageInflater;
use portcullis_framing::subprotocol::{Session, Skim, Subprotocol};
use portcullis_framing::websocket::{FrameLimits, FrameReader, Sender};
use portcullis_policy::Policy;
use running::{Running, Shared};
use tally::Tally;
use timing::Timing;

pub(crate) use memory::idle_bytes;
pub use opened::Opened;

/// One open WebSocket.
#[derive(Debug)]
pub struct Socket {
    opened: Opened,
    timing: Timing,
    client: FrameReader,
    server: FrameReader,
    /// What is left of the frames of each side.
    sight: [Seen; 2],
    /// Where the client is in what the server says.
    heard: Heard,
    graphql: Option<Box<Graphql>>,
    assembly: Assembly,
    pace: Pace,
    mail: Mail,
    closing: Option<Closing>,
    tally: Tally,
    /// What the worker was told that it holds.
    held: Kept,
}

/// What the host tells of a socket.
#[derive(Clone, Copy, Debug)]
pub enum SocketInput<'a> {
    /// Bytes of the client.
    Client(Chunk<'a>),
    /// Bytes of the server.
    Server(Chunk<'a>),
    /// Time has passed.
    Tick,
    /// The stream is over.
    Ended,
}

/// Whether the frames of a side are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Frames,
    /// Something was wrong with them that only counts: all that follows passes unread.
    Nothing,
}

/// How far the client has heard what the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Whole messages: another one may begin.
    Messages,
    /// Whole frames of an unfinished message: a control frame may begin.
    Frames,
    /// A part of a frame: nothing else may come.
    Part,
}

/// What is known of a connection of GraphQL.
#[derive(Debug)]
struct Graphql {
    protocol: Subprotocol,
    session: Session<Running>,
    shared: Shared,
    skim: Skim,
    /// Where errors are asked for.
    listening: Option<Box<Listening>>,
    /// For the compressed message of the server that is passing.
    inflater: Option<MessageInflater>,
    /// Operations so far.
    operations: u64,
}

/// One input while it is taken.
struct Turn<'t, 'w> {
    world: &'t mut World<'w>,
    /// What leaves in the place of the chunk.
    out: Vec<u8>,
    list: Vec<Effect>,
}

impl Socket {
    /// Begins after the upstream took the handshake, under the policy for the client's class.
    pub fn new(opened: Opened, policy: &Policy, now: Timestamp) -> Self {
        let policy = policy.under(opened.under());
        let limits = policy.websocket.limits;
        let from_client = FrameLimits {
            message_bytes: crate::number::count(limits.message_bytes),
            frames_per_message: limits.frames_per_message,
        };
        // Messages of a server are not held.
        let from_server = FrameLimits { message_bytes: u64::MAX, frames_per_message: u32::MAX };
        let (graphql, compression) = (Graphql::of(opened.terms, policy), opened.compression());
        Self {
            timing: Timing::new(now),
            client: FrameReader::new(Sender::Client, compression, from_client),
            server: FrameReader::new(Sender::Server, compression, from_server),
            sight: [Seen::Frames; 2],
            heard: Heard::Messages,
            graphql,
            assembly: Assembly::default(),
            pace: Pace::new(&limits, now),
            mail: Mail::default(),
            closing: None,
            tally: Tally::default(),
            held: Kept::default(),
            opened,
        }
    }

    /// Takes one input; what it leads to is to be done before the next.
    pub fn on(&mut self, input: SocketInput<'_>, world: &mut World<'_>) -> Effects {
        let mut world = world.of(self.opened.under());
        let mut turn = Turn { world: &mut world, out: Vec::new(), list: Vec::new() };
        if !matches!(input, SocketInput::Ended) {
            self.keep_time(&mut turn);
        }
        match input {
            SocketInput::Client(Chunk::Bytes(bytes)) => {
                self.on_client(bytes, &mut turn);
                turn.replace(bytes, Effect::ReplaceRequestChunk);
            }
            SocketInput::Server(Chunk::Bytes(bytes)) => {
                self.on_server(bytes, &mut turn);
                turn.replace(bytes, Effect::ReplaceResponseChunk);
            }
            SocketInput::Client(Chunk::Unreadable) => {
                self.lose(&mut turn);
                turn.list.push(Effect::ReplaceRequestChunk(Vec::new()));
            }
            SocketInput::Server(Chunk::Unreadable) => {
                self.lose(&mut turn);
                turn.list.push(Effect::ReplaceResponseChunk(Vec::new()));
            }
            SocketInput::Tick => (),
            SocketInput::Ended => self.end(&mut turn),
        }
        let Turn { mut list, world, .. } = turn;
        self.tally.settle(&mut list);
        if matches!(input, SocketInput::Ended) {
            self.tell_ended(world.held);
        } else {
            self.tell_held(world.held);
            if self.closing.as_ref().is_some_and(|closing| closing.is_over(world.now)) {
                list.push(Effect::Reset);
            }
        }
        Effects { flow: Flow::Continue, list }
    }

    /// The stream is over: nothing runs on it any more.
    fn end(&mut self, turn: &mut Turn<'_, '_>) {
        if let Some(graphql) = &mut self.graphql {
            for running in graphql.session.end() {
                turn.list.extend(throttle::end(running.into_lease(), turn.world));
            }
        }
    }
}

impl Graphql {
    /// A connection that begins, where the socket carries one.
    fn of(terms: Terms, policy: &Policy) -> Option<Box<Self>> {
        let protocol = match terms.carries {
            Carries::Graphql(portcullis_policy::Subprotocol::GraphqlTransportWs) => Subprotocol::TransportWs,
            Carries::Graphql(portcullis_policy::Subprotocol::GraphqlWs) => Subprotocol::Legacy,
            Carries::Anything => return None,
        };
        let session = Session::new(protocol);
        let listening = Listening::under(policy.responses);
        let (shared, skim) = (Shared::default(), Skim::default());
        Some(Box::new(Self { protocol, session, shared, skim, listening, inflater: None, operations: 0 }))
    }
}

impl Turn<'_, '_> {
    /// Says what leaves in the place of a chunk, where that is something else.
    fn replace(&mut self, chunk: &[u8], effect: impl FnOnce(Vec<u8>) -> Effect) {
        if self.out != chunk {
            self.list.push(effect(std::mem::take(&mut self.out)));
        }
    }
}
