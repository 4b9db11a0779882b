//! What `portcullis envoy` renders is taken by the real Envoy, filter and all.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first thing that is not as it should be"
)]

use e2e::repository;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

const REPORTING: &str = "# ours\ngraphql:\n  limits: {depth: 9}\nanalyzer: {cluster: portcullis_analyzer, token_env: PORTCULLIS_RENDER_TOKEN}\n";

/// What a file may be called, and what a line of configuration hardly survives.
const NASTY: &str = "it's \"here\": {{wasm}} #[x] \\n\n- z é\u{2028}.wasm";

/// A program that `cargo xtask e2e` names.
fn program(name: &str) -> OsString {
    std::env::var_os(name).unwrap_or_else(|| panic!("{name} is not set: run `cargo xtask e2e`"))
}

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("portcullis-render-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Renders with these arguments and asks Envoy, which runs the filter's own check too; both what was rendered and Envoy's answer.
fn validate(folder: &Path, policy: &str, wasm: &Path, arguments: &[&str]) -> (String, Result<(), String>) {
    std::fs::write(folder.join("policy.yaml"), policy).unwrap();
    let rendered = Command::new(program("PORTCULLIS_BIN"))
        .args(["envoy", "--policy", "policy.yaml", "--wasm"])
        .arg(wasm)
        .args(["--listen", "127.0.0.1:1", "--admin", "127.0.0.1:2"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
    std::fs::write(folder.join("envoy.yaml"), &rendered.stdout).unwrap();
    let asked = Command::new(program("PORTCULLIS_ENVOY"))
        .args(["--mode", "validate", "--log-level", "warning", "-c", "envoy.yaml"])
        .env("PORTCULLIS_RENDER_TOKEN", "pcle_token")
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stderr).into_owned();
    let answer = if asked.status.success() { Ok(()) } else { Err(said) };
    (String::from_utf8(rendered.stdout).unwrap(), answer)
}

fn filter() -> PathBuf {
    program("PORTCULLIS_WASM").into()
}

#[track_caller]
fn accepted(name: &str, policy: &str, arguments: &[&str]) -> String {
    let folder = folder(name);
    let (text, answer) = validate(&folder, policy, &filter(), arguments);
    assert!(answer.is_ok(), "{answer:?}\n{text}");
    std::fs::remove_dir_all(folder).unwrap();
    text
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn the_default_policy_is_taken() {
    accepted("default", "", &[]);
    accepted(
        "example",
        &std::fs::read_to_string(repository().join("crates/policy/policy.example.yaml")).unwrap(),
        &[],
    );
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn an_analyzer_is_taken_by_address_and_by_name() {
    let text = accepted("address", REPORTING, &["--analyzer", "127.0.0.1:9470", "--trusted-hops", "1"]);
    assert!(text.contains("STATIC") && !text.contains("STRICT_DNS"), "{text}");
    let text = accepted("name", REPORTING, &["--analyzer", "localhost:9470", "--upstream", "[::1]:4000"]);
    assert!(text.contains("STRICT_DNS"), "{text}");
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn tls_to_the_analyzer_is_taken() {
    // Envoy reads these files when it validates.
    let folder = folder("certificates");
    let made = rcgen::generate_simple_self_signed(["analyzer.test".to_owned()]).unwrap();
    let [certificate, key] =
        [("a.pem", made.cert.pem()), ("a.key", made.signing_key.serialize_pem())].map(|(name, text)| {
            std::fs::write(folder.join(name), text).unwrap();
            folder.join(name).display().to_string()
        });
    let shown = ["--analyzer-ca", &certificate, "--analyzer-cert", &certificate, "--analyzer-key", &key];
    for place in ["127.0.0.1:9470", "localhost:9470"] {
        for flags in [&shown[..], &shown[..2]] {
            let text = accepted("tls", REPORTING, &[&["--analyzer", place], flags].concat());
            assert!(text.contains("UpstreamTlsContext"), "{text}");
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn a_service_for_shared_limits_is_taken() {
    let policy = format!("{REPORTING}throttles: {{hand_over_cost: true}}\n");
    for place in ["127.0.0.1:8081", "localhost:8081"] {
        let text = accepted("shared", &policy, &["--ratelimit", place]);
        assert!(text.contains("envoy.filters.http.ratelimit"), "{text}");
    }
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn a_schema_is_taken_with_an_analyzer_and_without() {
    let shop = repository().join("demo/shop.graphql");
    let schema = ["--schema", shop.to_str().unwrap()];
    let sensitive =
        "graphql: {sensitive_fields: [{field: Mutation.login, aliases: 1}], unknown_fields: refuse}\n";
    accepted("schema", sensitive, &schema);
    accepted("schema-and-analyzer", &format!("{sensitive}analyzer: {{cluster: a, token: t}}\n"), &schema);
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn values_arrive_as_they_were_given() {
    let folder = folder("nasty");
    let wasm = folder.join(NASTY);
    std::fs::copy(filter(), &wasm).unwrap();
    let log = folder.join("a 'b' \"c\": #{d}.log");
    let policy = "# 'it' \"is\": {{policy}} | \\n %FOO%\n\nanalyzer:\n  cluster: \"a: 'b' {c} #\\td\"\n  token: \"{{wasm}}'x\\\\\"\n";
    let (text, answer) = validate(&folder, policy, &wasm, &["--access-log", log.to_str().unwrap()]);
    assert!(answer.is_ok(), "{answer:?}\n{text}");
    // Were the path or the policy read otherwise, Envoy would find no file and the filter would find a mistake.
    let (_, answer) = validate(&folder, policy, &wasm.with_extension("not"), &[]);
    assert!(answer.is_err_and(|said| said.contains("not")));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
#[ignore = "needs Envoy: cargo xtask e2e"]
fn the_filter_reads_the_policy_that_was_rendered() {
    // `portcullis check` would not let it pass; here the filter is to find it.
    let folder = folder("changed");
    let (text, answer) = validate(&folder, "graphql:\n  limits: {depth: 9}\n", &filter(), &[]);
    assert!(answer.is_ok(), "{answer:?}");
    std::fs::write(folder.join("envoy.yaml"), text.replace("depth: 9", "depth: 0")).unwrap();
    let asked = Command::new(program("PORTCULLIS_ENVOY"))
        .args(["--mode", "validate", "--log-level", "warning", "-c", "envoy.yaml"])
        .current_dir(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stderr);
    assert!(
        !asked.status.success() && said.contains("graphql.limits.depth: must be at least 1, got 0"),
        "{said}"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
