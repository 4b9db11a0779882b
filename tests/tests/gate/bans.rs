//! Attacks that no single refusal ends: the analyzer finds them in what the filter reports, and every further request of who did
//! it is refused. Their honest twins are never.
//!
//! The scores are those that one detection gives, so that a ban does not wait for the second: `throttle_at` and `block_at` are
//! lower than by default, which is the harder for the twins.

use super::{EVIL, HONEST, own, post};
use e2e::{Behind, PATIENCE, Site, Wanted};
use portcullis_demo::client::{Connection, Payload, Protocol, Request};
use portcullis_demo::stack::{Decisions, Stack};
use portcullis_demo::upstream::BEHAVIOUR;
use portcullis_demo::wait;
use portcullis_report::Reason;

const SETTINGS: &str = "security: { throttle_at: 15, block_at: 30 }";

/// An attack.
struct Attack {
    /// Its number in `docs/abuse.md`.
    family: u32,
    /// By which scenario it is found.
    scenario: &'static str,
    /// Requests after which it has been found.
    requests: usize,
    /// Who sends the request of that number.
    from: fn(usize) -> String,
    /// That request.
    request: fn(usize) -> Request,
    /// Whether each of its streams stays open.
    is_open: bool,
    /// What somebody else asks meanwhile, as often.
    twin: fn() -> Request,
}

const ONE: Attack = Attack {
    family: 0,
    scenario: "",
    requests: 0,
    from: |_| String::new(),
    request: |_| post(HONEST),
    is_open: false,
    twin: || post(HONEST),
};

fn query(text: &str) -> Request {
    post(serde_json::json!({ "query": text }).to_string())
}

fn unknown_hash(number: usize) -> Request {
    let extensions =
        serde_json::json!({ "persistedQuery": { "version": 1, "sha256Hash": format!("{number:064x}") } });
    post(serde_json::json!({ "extensions": extensions }).to_string())
}

/// A PUT reserves a stream, a guessed token goes with an operation.
fn token(number: usize) -> Request {
    let guess = Request::get("/graphql").body(Payload::Absent);
    Request { method: "PUT".to_owned(), path: format!("/graphql?token={number}"), ..guess }
}

fn stream(number: usize) -> Request {
    query(&format!("subscription {{ stock(product: {number}) {{ left }} }}"))
        .with("accept", "text/event-stream")
}

fn login(number: usize) -> Request {
    query(&format!(r#"mutation Login {{ login(email: "a@example.com", password: "{number}") {{ token }} }}"#))
        .with(BEHAVIOUR, "status=401")
}

/// To each of these the upstream suggests `name`. Aliases would not do: they make no other shape.
const NEARLY_NAME: [&str; 15] = [
    "nam", "nme", "ame", "namee", "naame", "nname", "namme", "nane", "nome", "mame", "neme", "lame", "same",
    "game", "fame",
];

/// Under this, sixty requests of an address pass, three of its streams at once, and suggestions are cut.
const OPEN: &str = "
responses: {strip_suggestions: true}
throttles:
  rules:
    - {name: calls, per: client, unit: requests, capacity: 60, refill: 1, window_ms: 86400000}
  streams:
    - {name: open, per: client, max: 3}
";

/// The gate knows the shop's schema.
const KNOWN: &str = r#"
graphql:
  cost: {schema: "{{schema}}", type_max: 5000}
  unknown_fields: refuse
  sensitive_fields:
    - {field: Mutation.login, aliases: 1}
responses: {count_errors: true}
"#;

const IN_THE_OPEN: [Attack; 6] = [
    Attack {
        family: 41,
        scenario: "suggestion_probing",
        requests: 13,
        from: |_| "198.18.41.1".to_owned(),
        request: |number| query(&format!("{{ me {{ {} }} }}", NEARLY_NAME[number % NEARLY_NAME.len()])),
        // One misspelt field again and again is a bug, and no guessing.
        twin: || query("{ me { nam } }"),
        ..ONE
    },
    Attack {
        family: 54,
        scenario: "throttle_flood",
        requests: 165,
        from: |_| "198.18.54.1".to_owned(),
        request: |number| query(&format!("query Q{number} {{ me {{ id }} }}")),
        ..ONE
    },
    Attack {
        family: 67,
        scenario: "apq_flood",
        requests: 75,
        from: |_| "198.18.67.1".to_owned(),
        request: unknown_hash,
        ..ONE
    },
    Attack {
        family: 74,
        scenario: "subscribe_flood",
        requests: 24,
        from: |_| "198.18.74.1".to_owned(),
        request: stream,
        is_open: true,
        ..ONE
    },
    Attack {
        family: 75,
        scenario: "protocol_abuse",
        requests: 21,
        from: |_| "198.18.75.1".to_owned(),
        request: token,
        ..ONE
    },
    Attack {
        family: 95,
        scenario: "identity_rotation",
        requests: 21,
        from: |number| format!("198.18.95.{}", number + 1),
        request: |_| post(EVIL),
        ..ONE
    },
];

const BY_THE_SCHEMA: [Attack; 2] = [
    Attack {
        family: 42,
        scenario: "schema_stuffing",
        requests: 9,
        from: |_| "198.18.42.1".to_owned(),
        request: |number| query(&format!("{{ me {{ word{number} }} }}")),
        twin: || query("{ me { nmae } }"),
        ..ONE
    },
    Attack {
        family: 5,
        scenario: "credential_brute_force",
        requests: 6,
        from: |_| "198.18.5.1".to_owned(),
        request: login,
        // Logins that succeed, or that the upstream does not call errors.
        twin: || query(r#"mutation { login(email: "a@example.com", password: "x") { token } }"#),
        ..ONE
    },
];

fn behind_a_proxy(policy: &'static str) -> Site<Box<Stack>> {
    let (decisions, behind) = (Decisions::Obeyed, Behind::Proxy);
    own(&Wanted { decisions, behind, concurrency: 4, settings: SETTINGS, policy, ..Wanted::default() })
}

async fn send(site: &Site<Box<Stack>>, from: &str, request: Request) -> e2e::Exchange {
    site.gated(Protocol::Http2, &request.with("x-forwarded-for", from)).await
}

/// Plays the attack until its last request is answered, and the twin beside it; then nobody but who attacked is refused.
async fn play(site: &Site<Box<Stack>>, attack: &Attack) {
    let Attack { family, scenario, requests, from, request, is_open, twin } = attack;
    let honest = format!("198.19.{family}.1");
    let mut open = Vec::new();
    for number in 0..*requests {
        if *is_open {
            let mut connection =
                Connection::open(site.envoy.gated().unwrap(), Protocol::Http2).await.unwrap();
            let request = request(number).with("x-forwarded-for", from(number));
            let answer = connection.begin(&request).await.unwrap();
            open.push((connection, answer));
        } else {
            send(site, &from(number), request(number)).await;
        }
        if number % 8 == 0 {
            let exchange = send(site, &honest, twin()).await;
            assert_ne!(exchange.reply.status, 403, "family {family}: its honest twin");
        }
    }
    let what = format!("a ban for family {family}");
    wait::until(&what, PATIENCE, async || {
        let exchange = send(site, &from(*requests), post(HONEST)).await;
        let is_blocked = exchange.reply.code().as_deref() == Some(Reason::Blocked.code());
        is_blocked.then(|| exchange.refused(Reason::Blocked))
    })
    .await
    .unwrap();
    let page = site.analyzer.get("/monitoring/security/").await.unwrap();
    let page = String::from_utf8_lossy(&page.body).into_owned();
    assert!(page.contains(scenario), "family {family} was not found as {scenario}: {page}");
    let after = send(site, &honest, twin()).await;
    assert_ne!(after.reply.status, 403, "family {family}: its honest twin, afterwards");
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn floods_and_guesses_end_in_a_ban_and_honest_clients_do_not() {
    let site = behind_a_proxy(OPEN);
    for attack in &IN_THE_OPEN {
        play(&site, attack).await;
    }
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn guesses_at_the_schema_and_at_passwords_end_in_a_ban() {
    let site = behind_a_proxy(KNOWN);
    for attack in &BY_THE_SCHEMA {
        play(&site, attack).await;
    }
}
