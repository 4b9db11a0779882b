//! The streams of a worker that want to know the time: its open WebSockets.

use portcullis_gate::Exchange;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Ticks in which each of them has its turn once.
const TURNS: u32 = 10;

/// What is known of one stream, by its callbacks and by the worker's ticks.
pub(crate) type Shared = Rc<RefCell<Exchange>>;

/// The streams that want to know the time, by their contexts.
#[derive(Default)]
pub(crate) struct Sockets {
    all: RefCell<BTreeMap<u32, Shared>>,
    turn: Cell<u32>,
}

impl Sockets {
    pub(crate) fn add(&self, stream: u32, exchange: &Shared) {
        self.all.borrow_mut().insert(stream, Rc::clone(exchange));
    }

    pub(crate) fn remove(&self, stream: u32) {
        self.all.borrow_mut().remove(&stream);
    }

    /// Those whose turn it is at this tick.
    pub(crate) fn due(&self) -> Vec<(u32, Shared)> {
        let turn = self.turn.get();
        self.turn.set(turn.saturating_add(1) % TURNS);
        let all = self.all.borrow();
        let due = all.iter().filter(|(stream, _)| *stream % TURNS == turn);
        due.map(|(stream, exchange)| (*stream, Rc::clone(exchange))).collect()
    }
}
