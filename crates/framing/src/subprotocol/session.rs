//! The order in which messages make sense: one initialisation, one acknowledgement, one operation for an id at a time.

use super::{ServerMessage, Subprotocol};
use crate::websocket::CloseCode;
use std::collections::BTreeMap;

/// A connection, with something for each operation that runs on it.
#[derive(Debug)]
pub struct Session<T> {
    protocol: Subprotocol,
    phase: Phase,
    running: BTreeMap<Box<str>, T>,
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
        Self { protocol, phase: Phase::Opened, running: BTreeMap::new() }
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
        if self.running.contains_key(id) { Err(Violation::IdInUse { id }) } else { Ok(()) }
    }

    /// An operation goes to the server; what there was under its id.
    pub fn start(&mut self, id: &str, operation: T) -> Option<T> {
        self.running.insert(id.into(), operation)
    }

    /// The client does not want an operation to go on.
    pub fn stop(&mut self, id: &str) -> Option<T> {
        self.running.remove(id)
    }

    /// The server has said something; the operation that ended with it.
    pub fn heard(&mut self, message: &ServerMessage) -> Option<T> {
        match message {
            ServerMessage::Ack => {
                self.phase = Phase::Acknowledged;
                None
            }
            ServerMessage::Ended { id } => self.running.remove(id.as_str()),
            ServerMessage::Other => None,
        }
    }

    /// How many operations run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Bytes of their ids.
    pub fn id_bytes(&self) -> usize {
        self.running.keys().fold(0, |sum, id| sum.saturating_add(id.len()))
    }

    /// Everything that runs, which ends with the connection.
    pub fn end(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.running).into_values()
    }
}
