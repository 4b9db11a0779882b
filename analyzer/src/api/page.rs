//! Pages of the lists of an answer: a limit, and a cursor that goes on where the page before ended.
//!
//! A cursor holds the end of the window, so that all pages are of one window, and how many entries of each list were told. It is
//! for the next question alone: what a client makes of it is checked like everything else.

use super::problem::{Problem, excerpt};
use super::window::Window;
use crate::store::Question;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 1_000;
/// Entries of one list that can be told, on all pages together.
const REACH: u32 = 10_000;
/// How far another analyzer's clock may be ahead: a cursor can be of its making.
const AHEAD_MS: u64 = 600_000;

/// Which part of each list is asked for, and whether there is more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) window: Window,
    offset: u32,
    limit: u32,
    is_more: bool,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) to_ms: u64,
    offset: u32,
}

impl Page {
    pub(super) fn new(window: Window, cursor: Option<Cursor>, limit: u32) -> Self {
        Self { window, offset: cursor.map_or(0, |cursor| cursor.offset), limit, is_more: false }
    }

    /// What is to be found: one entry more than is told, so that it is known whether there is more.
    pub(crate) fn question(&self) -> Question {
        let limit = self.offset.saturating_add(self.limit).saturating_add(1);
        Question { from_ms: self.window.from_ms, to_ms: self.window.to_ms, limit }
    }

    /// The page's part of a list.
    pub(crate) fn of<T, U: From<T>>(&mut self, found: Vec<T>) -> Vec<U> {
        let (skip, take) = (size(self.offset), size(self.limit));
        self.is_more |= found.len() > skip.saturating_add(take);
        found.into_iter().skip(skip).take(take).map(U::from).collect()
    }

    /// What to name in `cursor` for the next page, once every list was asked for its part.
    pub(crate) fn next(&self) -> Option<String> {
        let offset = self.offset.saturating_add(self.limit);
        (self.is_more && offset < REACH).then(|| format!("{}.{offset}", self.window.to_ms))
    }
}

impl Cursor {
    /// A cursor as [`Page::next`] writes it.
    pub(super) fn parse(text: &str, now_ms: u64) -> Result<Self, Problem> {
        let wrong =
            || Problem::Query(format!("cursor: must be the `next` of an answer, got {:?}", excerpt(&text)));
        let number =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let (to_ms, offset) = text.split_once('.').ok_or_else(wrong)?;
        let (to_ms, offset): (u64, u64) = number(to_ms).zip(number(offset)).ok_or_else(wrong)?;
        let offset =
            u32::try_from(offset).ok().filter(|offset| (1..REACH).contains(offset)).ok_or_else(wrong)?;
        if to_ms > now_ms.saturating_add(AHEAD_MS) {
            return Err(wrong());
        }
        Ok(Self { to_ms, offset })
    }
}

/// A limit within bounds.
pub(crate) fn limit(limit: Option<u32>, default: u32) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(default);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::Query(format!("limit: must be from 1 to {MAX_LIMIT}, got {limit}")))
}

/// A limit of lists about a window.
pub(super) fn list_limit(given: Option<u32>) -> Result<u32, Problem> {
    limit(given, DEFAULT_LIMIT)
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000_000;

    #[test]
    fn pages_are_of_one_window_and_end() {
        let window = Window { from_ms: 5, to_ms: NOW };
        let list: Vec<u32> = (0..5).collect();
        let mut cursor = None;
        let mut pages: Vec<Vec<u32>> = Vec::new();
        loop {
            let mut page = Page::new(window, cursor, 2);
            let found = list.iter().copied().take(size(page.question().limit)).collect();
            pages.push(page.of(found));
            let Some(next) = page.next() else { break };
            cursor = Some(Cursor::parse(&next, NOW).unwrap());
            assert_eq!(cursor.unwrap().to_ms, NOW);
        }
        assert_eq!(pages, [vec![0, 1], vec![2, 3], vec![4]]);
    }

    #[test]
    fn nobody_gets_beyond_the_reach() {
        let mut page = Page::new(Window::default(), Some(Cursor { to_ms: 0, offset: REACH - 1 }), MAX_LIMIT);
        let found: Vec<u32> = page.of((0..20_000_u32).collect());
        assert_eq!((found.len(), page.next()), (1_000, None));
    }

    #[test]
    fn a_cursor_is_one_of_ours() {
        let check = |text: &str, expected: Option<u32>| {
            assert_eq!(Cursor::parse(text, NOW).ok().map(|cursor| cursor.offset), expected, "{text}");
        };
        check("1000000000000.1", Some(1));
        check("1000000600000.9999", Some(9_999));
        check("0.50", Some(50));
        for text in [
            "",
            ".",
            "1",
            "1.",
            ".1",
            "1000000600001.1",
            "1.0",
            "1.10000",
            "1.-1",
            "+1.1",
            "1.+1",
            "1.1.1",
            " 1.1",
            "1.1 ",
            "1,1",
            "1.1e3",
            "٣.1",
            "99999999999999999999.1",
            "1.99999999999999999999",
            "1.4294967297",
            "1\0.1",
        ] {
            check(text, None);
        }
    }
}
