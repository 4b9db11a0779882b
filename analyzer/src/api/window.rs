//! The `window`, `limit` and `cursor` of a question, as written in a URL.

use super::page::{Cursor, Page, list_limit};
use super::problem::{Problem, excerpt};
use crate::store::window_start;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};

const DEFAULT_WINDOW: &str = "1h";

/// The query string of a question about a window.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WindowQuery {
    /// How far back from now: a number and one of `s`, `m`, `h`, `d`, such as `15m`; `1h` without it.
    pub(super) window: Option<String>,
    /// Entries of each list on a page; 50 without it.
    #[param(minimum = 1, maximum = 1000)]
    pub(super) limit: Option<u32>,
    /// The `next` of the page before; the window then ends where that one did.
    pub(super) cursor: Option<String>,
}

/// The window of an answer, in milliseconds since the Unix epoch, both included.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Window {
    pub(crate) from_ms: u64,
    pub(crate) to_ms: u64,
}

impl WindowQuery {
    /// The page as of `now_ms`; its window is from the start of the bucket in which it starts.
    pub(crate) fn page(&self, now_ms: u64, keep: Duration) -> Result<Page, Problem> {
        let length_ms = window(self.window.as_deref(), keep)?;
        let limit = list_limit(self.limit)?;
        let cursor = self.cursor.as_deref().map(|text| Cursor::parse(text, now_ms)).transpose()?;
        let to_ms = cursor.map_or(now_ms, |cursor| cursor.to_ms);
        let start = to_ms.saturating_sub(length_ms);
        let window = Window { from_ms: window_start(start, now_ms), to_ms };
        Ok(Page::new(window, cursor, limit))
    }
}

/// How long a window is, in milliseconds.
fn window(given: Option<&str>, keep: Duration) -> Result<u64, Problem> {
    let text = given.unwrap_or(DEFAULT_WINDOW);
    let longest = keep.as_secs();
    let seconds = seconds(text).ok_or_else(|| {
        let text = excerpt(&text);
        Problem::Query(format!("window: must be a number and one of s, m, h, d, such as 15m; got {text:?}"))
    })?;
    if seconds == 0 || seconds > longest {
        return Err(Problem::Query(format!("window: must be from 1s to {longest}s, got {seconds}s")));
    }
    Ok(seconds.saturating_mul(1_000))
}

/// `<n>s|m|h|d` in seconds.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let unit = text.chars().next_back()?;
    let number = text.strip_suffix(unit)?;
    // Not every text that parses as a number is one here: "+5" is not.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let scale = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000_000;

    #[track_caller]
    fn check(window: &str, limit: u32, expected: Result<u64, &str>) {
        let query = WindowQuery { window: Some(window.to_owned()), limit: Some(limit), cursor: None };
        let length = query
            .page(NOW, Duration::from_secs(30 * 86_400))
            .map(|page| page.window.to_ms - page.window.from_ms)
            .map_err(|problem| problem.to_string());
        assert_eq!(length, expected.map_err(|detail| format!("The query is wrong: {detail}")));
    }

    #[test]
    fn a_window_is_a_number_and_a_unit() {
        check("10s", 1, Ok(10_000));
        check("15m", 1, Ok(900_000));
        check("119m", 1, Ok(7_140_000));
        check("0119m", 1_000, Ok(7_140_000));
    }

    #[test]
    fn a_window_starts_with_its_bucket() {
        check("1s", 1, Ok(10_000));
        check("11s", 1, Ok(20_000));
        // What is older is kept by the minute, and by five.
        check("2h", 1, Ok(7_240_000));
        check("30d", 1, Ok(2_592_100_000));
    }

    #[test]
    fn a_window_of_nothing_or_beyond_the_retention_is_refused() {
        check("0s", 1, Err("window: must be from 1s to 2592000s, got 0s"));
        check("31d", 1, Err("window: must be from 1s to 2592000s, got 2678400s"));
        check("2592001s", 1, Err("window: must be from 1s to 2592000s, got 2592001s"));
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in
            ["", "m", "15", "15 m", "+5m", "-5m", "1.5h", "5w", "5M", "5ä", "٣s", "99999999999999999999d"]
        {
            let expected =
                format!("window: must be a number and one of s, m, h, d, such as 15m; got {text:?}");
            check(text, 1, Err(&expected));
        }
    }

    #[test]
    fn a_limit_has_limits() {
        check("10s", 0, Err("limit: must be from 1 to 1000, got 0"));
        check("10s", 1_001, Err("limit: must be from 1 to 1000, got 1001"));
    }

    #[test]
    fn a_window_before_the_epoch_starts_at_it() {
        let query = WindowQuery::default();
        assert_eq!(query.page(5, Duration::from_secs(86_400)).unwrap().window.from_ms, 0);
    }

    #[test]
    fn a_cursor_keeps_the_end_of_its_window() {
        let query = WindowQuery {
            window: Some("1m".to_owned()),
            limit: None,
            cursor: Some(format!("{}.50", NOW - 90_000)),
        };
        let page = query.page(NOW, Duration::from_secs(86_400)).unwrap();
        assert_eq!((page.window.from_ms, page.window.to_ms), (NOW - 150_000, NOW - 90_000));
        assert_eq!(page.question().limit, 101);
    }
}
