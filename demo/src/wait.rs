//! Waiting for a condition, with a deadline.

use anyhow::bail;
use std::time::Duration;
use tokio::time::Instant;

const PAUSE: Duration = Duration::from_millis(15);

/// Asks again and again until there is an answer.
///
/// # Errors
/// When the deadline passes; `what` says what was waited for.
pub async fn until<T>(
    what: &str,
    deadline: Duration,
    mut ask: impl AsyncFnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let end = Instant::now() + deadline;
    loop {
        if let Some(answer) = ask().await {
            return Ok(answer);
        }
        if Instant::now() >= end {
            bail!("waited {deadline:?} in vain for {what}");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
