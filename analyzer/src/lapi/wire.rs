//! What CrowdSec tells its bouncers, read as far as it matters here; the rest is passed over.

use crate::decisions::target::target;
use crate::store::Draft;
use portcullis_redact::{Redacted, redact};
use portcullis_report::{Action, Decision as Checked, DecisionBounds, Scope};
use serde::{Deserialize, Deserializer};

/// Origins under which we tell our own decisions; those of imports begin with `import`.
const OURS: [&str; 6] = ["operator", "scenario", "range", super::ORIGIN, "analyzer", "import"];

/// An answer of the stream; a list may be `null`.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Stream {
    #[serde(default, deserialize_with = "list")]
    pub(super) new: Vec<Decision>,
    #[serde(default, deserialize_with = "list")]
    pub(super) deleted: Vec<Decision>,
}

/// A decision of CrowdSec's.
#[derive(Debug, Deserialize)]
pub(super) struct Decision {
    duration: String,
    #[serde(default)]
    origin: String,
    #[serde(default)]
    scenario: String,
    scope: String,
    r#type: String,
    value: String,
}

fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Decision>, D::Error> {
    Ok(Option::<Vec<Decision>>::deserialize(deserializer)?.unwrap_or_default())
}

impl Decision {
    /// Whom it is about, where that is an address or a range and the decision is not our own.
    pub(super) fn scope(&self) -> Option<Scope> {
        let own = OURS.iter().any(|own| {
            self.origin.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        });
        let known = ["ip", "range"].iter().any(|known| self.scope.eq_ignore_ascii_case(known));
        if own || !known {
            return None;
        }
        match target(&self.value).ok()? {
            scope @ (Scope::Ip(_) | Scope::Cidr(_)) => Some(scope),
            Scope::ClientKey(_) => None,
        }
    }

    /// The same as a block, where it is a ban that lasts.
    pub(super) fn draft(&self, origin: &str, now_ms: u64) -> Option<Draft> {
        if !self.r#type.eq_ignore_ascii_case("ban") {
            return None;
        }
        let lasts_ms = milliseconds(&self.duration).filter(|lasts_ms| *lasts_ms > 0)?;
        let decision = Checked {
            id: 1,
            action: Action::Block,
            scope: self.scope()?,
            expires_at_ms: now_ms.saturating_add(lasts_ms),
            reason: reason(&self.scenario).into_string(),
            origin: origin.to_owned(),
        };
        decision.check().ok()?;
        let Checked { action, scope, expires_at_ms, reason, origin, .. } = decision;
        Some(Draft { action, scope, expires_ms: expires_at_ms, reason, origin })
    }
}

/// What may be shown of a scenario's name, cut to what fits into a reason.
fn reason(scenario: &str) -> Redacted {
    // Words that nothing is left between would be others.
    let scenario: String = scenario.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let shown = redact(&scenario);
    let most = DecisionBounds::REASON_BYTES;
    if shown.as_str().len() <= most {
        return shown;
    }
    let room = most.saturating_sub('…'.len_utf8());
    let chars =
        shown.as_str().char_indices().take_while(|(at, char)| at.saturating_add(char.len_utf8()) <= room);
    let chars = chars.count();
    shown.cut(chars)
}

/// A duration as Go writes it, such as `3h59m58.6s` or `109.2ms`; nothing for what is over, and what is none.
fn milliseconds(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut sum = 0_u64;
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (number, after) = rest.split_at_checked(digits)?;
        let letters = after.find(|char: char| char.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(letters)?;
        let scale_us: u64 = match unit {
            "h" => 3_600_000_000,
            "m" => 60_000_000,
            "s" => 1_000_000,
            "ms" => 1_000,
            "us" | "µs" | "ns" => 0,
            _ => return None,
        };
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let part: String = part.chars().chain("000000".chars()).take(6).collect();
        let micros = whole.parse::<u64>().ok()?.checked_mul(scale_us)?;
        let part = part.parse::<u64>().ok()?.checked_mul(scale_us)? / 1_000_000;
        sum = sum.checked_add(micros)?.checked_add(part)?;
        rest = after;
    }
    Some(sum / 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go_are_read() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(milliseconds(text), expected, "{text}");
        check("3h59m58s", Some(14_398_000));
        check("3h59m58.635485716s", Some(14_398_635));
        check("24h", Some(86_400_000));
        check("1m0s", Some(60_000));
        check("109.238492ms", Some(109));
        check("5µs", Some(0));
        check("0s", Some(0));
        for text in
            ["-3s", "3", "3 s", "s", "3d", "1..5s", ".s", "99999999999999999999h", "9999999999999999h"]
        {
            check(text, None);
        }
    }

    #[test]
    fn reasons_are_shown_without_what_is_personal_and_fit() {
        let check = |scenario: &str, expected: &str| {
            let found = reason(scenario);
            assert_eq!(found.as_str(), expected);
            assert_eq!(redact(found.as_str()).as_str(), expected, "also when it is read again");
            assert!(found.as_str().len() <= DecisionBounds::REASON_BYTES);
        };
        check("crowdsecurity/ssh-bf", "crowdsecurity/ssh-bf");
        check("manual 'ban' from\n192.0.2.7", "manual 'ban' from [ip]");
        check(&"r".repeat(96), &"r".repeat(96));
        check(&"r".repeat(97), &format!("{}…", "r".repeat(93)));
        // What was found in it is longer than it was.
        check(&"a@b.co ".repeat(13), &format!("{}…", "[email] ".repeat(11)));
        check(&"é".repeat(60), &format!("{}…", "é".repeat(46)));
    }

    #[test]
    fn bans_of_addresses_are_taken_but_for_our_own() {
        let read = |origin: &str, kind: &str, scope: &str, value: &str| {
            let json = serde_json::json!({
                "duration": "4h", "id": 1, "origin": origin, "scenario": "crowdsecurity/ssh-bf", "scope": scope,
                "type": kind, "value": value, "uuid": "x",
            });
            let decision: Decision = serde_json::from_value(json).unwrap();
            decision.draft(super::super::ORIGIN, 1_000).map(|draft| (draft.scope.value(), draft.expires_ms))
        };
        let taken = |value: &str| Some((value.to_owned(), 14_401_000));
        assert_eq!(read("CAPI", "ban", "Ip", "192.0.2.7"), taken("192.0.2.7"));
        assert_eq!(read("lists", "Ban", "range", "10.1.0.0/16"), taken("10.1.0.0/16"));
        assert_eq!(read("cscli", "captcha", "Ip", "192.0.2.7"), None);
        assert_eq!(read("cscli", "ban", "Country", "AQ"), None);
        assert_eq!(read("cscli", "ban", "Ip", "nonsense"), None);
        // What its own agents found is the first thing to take.
        for theirs in ["crowdsec", "cscli", "cscli-import", "CAPI", "lists", "console", "appsec"] {
            assert_eq!(read(theirs, "ban", "Ip", "192.0.2.7"), taken("192.0.2.7"), "{theirs}");
        }
        for own in
            ["operator", "scenario", "scenario:throttle", "range", "import:feed", "crowdsec:lapi", "analyzer"]
        {
            assert_eq!(read(own, "ban", "Ip", "192.0.2.7"), None, "{own}");
        }
        let null: Stream = serde_json::from_str(r#"{"new": null, "deleted": null, "links": []}"#).unwrap();
        assert!(null.new.is_empty() && null.deleted.is_empty());
    }
}
