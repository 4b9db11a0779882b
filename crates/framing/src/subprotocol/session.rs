//! The order in which messages make sense: one initialisation, one acknowledgement, one operation for an id at a time.

use super::running::{Mark, Running};
use super::{ServerMessage, Subprotocol};
use crate::websocket::CloseCode;

/// A connection, with something for each operation that runs on it.
#[derive(Debug)]
pub struct Session<T> {
    protocol: Subprotocol,
    phase: Phase,
    running: Running<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Opened,
    Initialised,
    Acknowledged,
}

/// What ends a connection, by the close codes and reasons of the reference server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation<'i> {
    /// What came is no message.
    Message,
    /// An operation came before it may.
    Early,
    /// No initialisation came in time.
    InitTimeout,
    /// A second initialisation.
    Inits,
    /// An operation under the id of one that runs.
    IdInUse {
        /// The id.
        id: &'i str,
    },
}

impl Violation<'_> {
    /// Its code.
    pub fn code(&self) -> CloseCode {
        CloseCode(match self {
            Self::Message => 4400,
            Self::Early => 4401,
            Self::InitTimeout => 4408,
            Self::IdInUse { .. } => 4409,
            Self::Inits => 4429,
        })
    }

    /// Its reason; without the id where that has no place in a close.
    pub fn reason(&self) -> String {
        match self {
            Self::Message => "Invalid message received".to_owned(),
            Self::Early => "Unauthorized".to_owned(),
            Self::InitTimeout => "Connection initialisation timeout".to_owned(),
            Self::Inits => "Too many initialisation requests".to_owned(),
            Self::IdInUse { id } => {
                let reason = format!("Subscriber for {id} already exists");
                if reason.len() < 124 { reason } else { "Subscriber already exists".to_owned() }
            }
        }
    }
}

impl<T> Session<T> {
    /// Nothing was said yet.
    pub fn new(protocol: Subprotocol) -> Self {
        Self { protocol, phase: Phase::Opened, running: Running::default() }
    }

    /// Whether the client has not said how it begins.
    pub fn awaits_init(&self) -> bool {
        self.phase == Phase::Opened
    }

    /// The client initialises the connection.
    ///
    /// # Errors
    /// It did so before.
    pub fn init(&mut self) -> Result<(), Violation<'static>> {
        match self.phase {
            Phase::Opened => {
                self.phase = Phase::Initialised;
                Ok(())
            }
            Phase::Initialised | Phase::Acknowledged => Err(Violation::Inits),
        }
    }

    /// Nobody sees any more what is said: all of it is taken for said.
    pub fn assume(&mut self) {
        self.phase = Phase::Acknowledged;
    }

    /// Whether an operation may begin. Clients of the older protocol do not await the acknowledgement.
    ///
    /// # Errors
    /// It comes too early, or its id is taken.
    pub fn may_start<'i>(&self, id: &'i str) -> Result<(), Violation<'i>> {
        match (self.phase, self.protocol) {
            (Phase::Acknowledged, _) | (Phase::Initialised, Subprotocol::Legacy) => (),
            (Phase::Opened, _) | (Phase::Initialised, Subprotocol::TransportWs) => {
                return Err(Violation::Early);
            }
        }
        if self.running.has(id) { Err(Violation::IdInUse { id }) } else { Ok(()) }
    }

    /// An operation goes to the server now; what there was under its id.
    pub fn start(&mut self, id: &str, operation: T, now: Mark) -> Option<T> {
        self.running.start(id, operation, now)
    }

    /// The client does not want an operation to go on.
    pub fn stop(&mut self, id: &str, now: Mark) -> Option<T> {
        self.running.stop(id, now)
    }

    /// The server has seen all that the client sent before a moment, and what it said of that has been heard.
    pub fn settle(&mut self, seen: Mark) {
        match self.protocol {
            Subprotocol::TransportWs => self.running.settle(seen),
            // It has messages for ends of what was stopped, which need not come before the pong.
            Subprotocol::Legacy => self.running.settle_late(seen),
        }
    }

    /// Whether the server may yet tell an end of what ran under an id before.
    pub fn owes(&self, id: &str) -> bool {
        self.running.owes(id)
    }

    /// Ids that are remembered although nothing runs under them.
    pub fn stopped(&self) -> usize {
        self.running.stopped()
    }

    /// The server has said something; the operation that ended with it.
    pub fn heard(&mut self, message: &ServerMessage) -> Option<T> {
        match message {
            ServerMessage::Ack => {
                self.phase = Phase::Acknowledged;
                None
            }
            ServerMessage::Ended { id } | ServerMessage::Failed { id } => self.running.end(id),
            ServerMessage::Result { .. } | ServerMessage::Other => None,
        }
    }

    /// What runs under an id.
    pub fn operation(&self, id: &str) -> Option<&T> {
        self.running.operation(id)
    }

    /// How many operations run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Bytes that are kept for them, beside what each owns.
    pub fn bytes(&self) -> usize {
        self.running.bytes()
    }

    /// Bytes that would be kept if one more ran.
    pub fn bytes_with_one_more(&self) -> usize {
        self.running.bytes_with_one_more()
    }

    /// Everything that runs, which ends with the connection.
    pub fn end(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.running).into_operations()
    }
}
