//! The real `portcullis check` and `portcullis envoy`: what they take, what they print, how they end.

use crate::process::portcullis;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

const SCHEMA: &str = "type Query { users(first: Int): [User] me: User }\ntype User { id: ID name: String }\n";

const MISTAKEN: &str =
    "routes:\n  - path: graphql\ngraphql:\n  limits:\n    depth: 0\n  cost: {max: 0,\n    type_max: 0}\n";

const TOLD: &str = "routes[0].path: must start with `/`, got `graphql` (line 2)\n\
                    graphql.limits.depth: must be at least 1, got 0 (line 5)\n\
                    graphql.cost.max: must be at least 1, got 0 (line 6)\n\
                    graphql.cost.type_max: must be at least 1, got 0 (line 7)\n";

/// Runs `portcullis` in a folder that has these files, with a text on standard input.
fn run(files: &[(&str, &str)], arguments: &[&str], input: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    run_in(folder.path(), arguments, input)
}

fn run_in(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = portcullis(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who gives up on the command line reads nothing.
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    child.wait_with_output().unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout);
    assert_eq!(output.status.code(), Some(code));
}

/// The mistakes as they are told of a file.
fn told(file: &str, mistakes: &str) -> String {
    mistakes.lines().map(|mistake| format!("portcullis: {file}: {mistake}\n")).collect()
}

#[track_caller]
fn rendered(output: &Output) -> String {
    check(&Output { stdout: Vec::new(), ..output.clone() }, 0, "", "");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_sound_policy_is_told_so() {
    let policy = "routes: [{path: /graphql}, {path: /api/graphql}]\n";
    let sound = |file: &str, routes: &str| format!("{file}: sound; judges {routes}\n");
    check(
        &run(&[("p.yaml", policy)], &["check", "p.yaml"], ""),
        0,
        &sound("p.yaml", "/graphql, /api/graphql"),
        "",
    );
    check(&run(&[], &["check", "-"], ""), 0, &sound("-", "/graphql"), "");
    check(&run(&[], &["check", "-"], "{\"routes\": [{\"path\": \"/a\"}]}"), 0, &sound("-", "/a"), "");
}

#[test]
fn what_is_hardly_meant_is_told_of_a_sound_policy() {
    let policy = "graphql: {}\nthrottles:\n  hand_over_cost: true\n";
    let output = run(&[("p.yaml", policy)], &["check", "p.yaml"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    let begin = "portcullis: p.yaml: throttles.hand_over_cost: operations on WebSockets are not handed over";
    assert!(said.starts_with(begin) && said.ends_with(" (line 3)\n") && said.lines().count() == 1, "{said}");
    check(&Output { stderr: Vec::new(), ..output }, 0, "p.yaml: sound; judges /graphql\n", "");
}

#[test]
fn whom_a_policy_believes_is_told_and_what_has_to_come_from_elsewhere() {
    let policy = "clients:\n  identity: [{header: x-staff-id}]\n  classes:\n    - {name: customer, when: [{claim: {claim: [sub], one_of: [a]}}]}\n\
                  candidate: {graphql: {limits: {depth: 5}}}\n";
    let output = run(&[("p.yaml", policy)], &["check", "p.yaml"], "");
    let said = String::from_utf8_lossy(&output.stdout);
    let told = ["; with a candidate", "`jwt_authn` must check", "; believes x-staff-id as it comes"];
    assert!(
        told.iter().all(|words| said.contains(words)),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let output = run(&[("p.yaml", policy)], &["envoy", "--policy", "p.yaml"], "");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success()
            && said.contains("put `jwt_authn` before the gate")
            && said.lines().count() == 1,
        "{said}"
    );

    let policy = "analyzer: {cluster: portcullis_analyzer, token: t}\n";
    let gateway = ["envoy", "--for", "gateway", "--gateway", "eg", "--policy", "p.yaml"];
    let said = run(&[("p.yaml", policy)], &gateway, "").stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("no cluster of the analyzer") && said.contains("give --wasm-image"), "{said}");
}

#[test]
fn all_mistakes_are_told_with_path_and_line_and_nothing_is_rendered() {
    for arguments in
        [&["check", "p.yaml"][..], &["check", "p.yaml", "--explain"], &["envoy", "--policy", "p.yaml"]]
    {
        check(&run(&[("p.yaml", MISTAKEN)], arguments, ""), 1, "", &told("p.yaml", TOLD));
    }
    check(&run(&[], &["check", "-"], MISTAKEN), 1, "", &told("-", TOLD));
    check(&run(&[], &["envoy", "--policy", "-"], MISTAKEN), 1, "", &told("-", TOLD));
    let form = "graphql.limits.dpth: unknown field `dpth`";
    let output = run(&[("p.yaml", "graphql:\n  limits:\n    dpth: 1\n")], &["check", "p.yaml"], "");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with(&format!("portcullis: p.yaml: {form}")) && text.ends_with(" (line 3)\n"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_schema_decides_on_sensitive_fields() {
    let policy = "graphql: {sensitive_fields: [{field: Query.me, aliases: 1}]}\n";
    let files = [("p.yaml", policy), ("s.graphql", SCHEMA), ("other.graphql", "type Query { a: Int }\n")];
    let lacking = "portcullis: p.yaml: graphql.sensitive_fields[0].field: takes a compiled schema in `graphql.cost.schema` (line 1)\n\
                   portcullis: give the schema with --schema FILE, its text or its table\n";
    check(&run(&files, &["check", "p.yaml"], ""), 1, "", lacking);
    let sound = "p.yaml: sound; judges /graphql\n";
    check(&run(&files, &["check", "p.yaml", "--schema", "s.graphql"], ""), 0, sound, "");
    let unknown = "portcullis: p.yaml: graphql.sensitive_fields[0].field: the schema has no field `Query.me` (line 1)\n";
    check(&run(&files, &["check", "p.yaml", "--schema", "other.graphql"], ""), 1, "", unknown);
    check(&run(&files, &["envoy", "--policy", "p.yaml", "--schema", "other.graphql"], ""), 1, "", unknown);
}

#[test]
fn what_cannot_be_read_and_what_says_nothing_are_told() {
    let missing = "portcullis: cannot read p.yaml: No such file or directory (os error 2)\n";
    check(&run(&[], &["check", "p.yaml"], ""), 1, "", missing);
    check(&run(&[], &["envoy", "--policy", "p.yaml"], ""), 1, "", missing);
    for arguments in [
        &["check"][..],
        &["check", "a", "b"],
        &["envoy", "--for", "nginx"],
        &["envoy", "--upstream", "http://a"],
    ] {
        assert_eq!(run(&[], arguments, "").status.code(), Some(2), "{arguments:?}");
    }
    for (arguments, said) in [
        (
            &["envoy", "--for", "istio"][..],
            "--for istio: name the pods with --workload KEY=VALUE; all proxies of a namespace are too many",
        ),
        (&["envoy", "--for", "gateway"], "--for gateway: name the gateway with --gateway NAME"),
        (&["envoy", "--for", "istio", "--upstream", "a:1"], "--upstream is for --for envoy only"),
        (&["envoy", "--namespace", "a"], "--namespace is for --for istio and --for gateway only"),
    ] {
        check(&run(&[], arguments, ""), 2, "", &format!("portcullis: {said}\n"));
    }
    let twice = "portcullis: the policy's `analyzer.cluster` must not be `upstream`, which is the GraphQL server's cluster\n";
    let policy = "analyzer: {cluster: upstream, token_env: A}\n";
    check(&run(&[], &["envoy", "--policy", "-"], policy), 2, "", twice);
    let silent = "portcullis: --analyzer: the policy sends no reports; give it the section\n\
                  portcullis:   analyzer: {cluster: portcullis_analyzer, token_env: PORTCULLIS_EDGE_TOKEN}\n";
    check(&run(&[], &["envoy", "--analyzer", "a:1"], ""), 2, "", silent);
}

#[test]
fn the_effective_policy_has_every_value_and_parses_to_the_same() {
    let policy = "# ours\nroutes: [{path: /api}]\ngraphql: {limits: {depth: 7}, trusted_documents: {mode: log, documents: {\"0\": \"{ a }\"}}}\n";
    let explained = rendered(&run(&[("p.yaml", policy)], &["check", "p.yaml", "--explain"], ""));
    assert!(
        explained.starts_with("mode: enforce\nshadow_reasons: []\nroutes:\n- path: /api\n")
            && explained.contains("\n    body_bytes: 262144\n"),
        "{explained}"
    );
    let again = rendered(&run(&[("e.yaml", &explained)], &["check", "e.yaml", "--explain"], ""));
    assert_eq!(explained, again);
    let parse = |text: &str| portcullis_policy::Policy::parse(text).unwrap();
    assert_eq!(parse(&explained), parse(policy));
    let secret = "analyzer: {cluster: a, token: pcle_secret}\n";
    let output = run(&[("p.yaml", secret)], &["check", "p.yaml", "--explain"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the edge's token in it") && !said.contains("pcle_secret"), "{said}");
    assert_eq!(parse(&String::from_utf8(output.stdout).unwrap()), parse(secret));
}

#[test]
fn a_policy_is_rendered_as_it_is_or_with_its_schema() {
    let policy = "# ours\ngraphql: {limits: {depth: 7}}\nanalyzer: {cluster: reports, token_env: TOKEN}\n";
    let files = [("p.yaml", policy), ("s.graphql", SCHEMA)];
    let whole = rendered(&run(&files, &["envoy", "--policy", "p.yaml", "--upstream", "shop:4000"], ""));
    assert!(
        whole.contains("\n                          value: |\n                            # ours\n"),
        "{whole}"
    );
    assert!(
        whole.contains("host_env_keys: [\"TOKEN\"]") && whole.contains("cluster_name: \"reports\""),
        "{whole}"
    );
    assert!(whole.contains("{address: \"shop\", port_value: 4000}"), "{whole}");
    assert!(whole.contains("{address: \"127.0.0.1\", port_value: 9470}"), "{whole}");
    let istio =
        ["envoy", "--for", "istio", "--workload", "app=a", "--policy", "p.yaml", "--schema", "s.graphql"];
    let output = run(&files, &istio, "");
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("portcullis: no cluster of the analyzer"));
    let manifest = rendered(&Output { stderr: Vec::new(), ..output });
    assert!(
        manifest.contains("schema: |-\n") && manifest.contains("UENMV") && !manifest.contains("null"),
        "{manifest}"
    );
    assert!(!manifest.contains("# ours") && !manifest.contains("load_assignment"), "{manifest}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.graphql"), SCHEMA).unwrap();
    assert!(run_in(folder.path(), &["compile", "s.graphql"], "").status.success());
    let by = |schema: &str| {
        rendered(&run_in(folder.path(), &["envoy", "--policy", "-", "--schema", schema], policy))
    };
    assert_eq!(by("s.graphql"), by("s.table"));
}
