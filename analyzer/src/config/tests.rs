use super::*;

#[track_caller]
fn check(text: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    std::fs::write(&path, text).unwrap();
    let error = load(Some(&path), Overrides::default()).unwrap_err().to_string();
    assert_eq!(error.replace(&path.display().to_string(), "p.yaml"), expected);
}

fn defaults() -> Config {
    load(None, Overrides::default()).unwrap()
}

#[test]
fn the_example_is_the_default() {
    let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/portcullis.example.yaml"));
    assert_eq!(load(Some(example), Overrides::default()).unwrap(), defaults());
}

#[test]
fn the_example_documents_every_setting() {
    let text = include_str!("../../portcullis.example.yaml");
    let mut before = "";
    for line in text.lines() {
        let setting = line.split_once(": ").is_some_and(|_| !line.trim_start().starts_with('#'));
        assert!(!setting || before.trim_start().starts_with('#'), "undocumented: {line}");
        before = line;
    }
    assert_eq!(text.lines().filter(|line| !line.contains('#') && line.contains(": ")).count(), 41);
}

#[test]
fn a_file_of_nothing_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "\n", "# nothing\n", "---\n", "{}", "null"] {
        let path = folder.path().join("p.yaml");
        std::fs::write(&path, text).unwrap();
        assert_eq!(load(Some(&path), Overrides::default()).unwrap(), defaults(), "{text:?}");
    }
}

#[test]
fn flags_go_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    std::fs::write(&path, "data_dir: a\nlisten: nonsense\nlog: { format: text }\nretention: { days: 3 }")
        .unwrap();
    let overrides = Overrides {
        data_dir: Some("b".into()),
        listen: Some(([127, 0, 0, 1], 7).into()),
        log_format: Some(LogFormat::Json),
        log_level: Some(LogLevel::Debug),
    };
    let config = load(Some(&path), overrides).unwrap();
    assert_eq!(config.data_dir, Path::new("b"));
    assert_eq!(config.listen, ([127, 0, 0, 1], 7).into());
    assert_eq!(config.log, Log { format: LogFormat::Json, level: LogLevel::Debug });
    assert_eq!(config.retention.keep, Duration::from_secs(3 * 86_400));
}

#[test]
fn all_wrong_values_are_named_at_once() {
    check(
        "listen: here\ndata_dir: ''\nretention: { days: 0, incidents: 0 }\ningest: { concurrency: 1025 }\n",
        "p.yaml: data_dir: must not be empty\n\
         p.yaml: listen: must be ADDRESS:PORT such as 127.0.0.1:9470, got \"here\"\n\
         p.yaml: ingest.concurrency: must be at most 1024, got 1025\n\
         p.yaml: retention.days: must be at least 1, got 0\n\
         p.yaml: retention.incidents: must be at least 1, got 0",
    );
}

#[test]
fn who_is_blocked_is_throttled_before_and_no_block_is_longer_than_the_longest() {
    check(
        "security: { throttle_at: 101, block_at: 100, block_s: 7201, block_longest_s: 7200 }\n",
        "p.yaml: security.throttle_at: must be at most 100, got 101\n\
         p.yaml: security.block_s: must be at most 7200, got 7201",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    let same = "security: { throttle_at: 100, block_at: 100, block_s: 7200, block_longest_s: 7200 }\n";
    std::fs::write(&path, same).unwrap();
    assert!(load(Some(&path), Overrides::default()).is_ok());
}

#[test]
fn a_folder_on_the_command_line_need_not_be_text() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Path::new(std::ffi::OsStr::from_bytes(b"/data\xFF"));
    let overrides = Overrides { data_dir: Some(folder.to_owned()), ..Overrides::default() };
    assert_eq!(load(None, overrides).unwrap().data_dir, folder);
}

#[test]
fn what_is_let_alone_are_clients() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    let allowed = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let config = load(Some(&path), Overrides::default()).unwrap();
        config.security.allow.iter().map(portcullis_report::Scope::value).collect::<Vec<_>>()
    };
    assert_eq!(allowed(""), ["127.0.0.0/8", "::1"]);
    assert_eq!(allowed("security: { allow: [] }"), [""; 0]);
    assert_eq!(allowed("security: { allow: [10.1.2.3/8, 192.0.2.7] }"), ["10.0.0.0/8", "192.0.2.7"]);
    check(
        "security: { allow: [10.0.0.0/33, here] }",
        "p.yaml: security.allow: must be addresses, ranges such as 10.0.0.0/8 or client keys of 32 hex digits, got \"10.0.0.0/33\"\n\
         p.yaml: security.allow: must be addresses, ranges such as 10.0.0.0/8 or client keys of 32 hex digits, got \"here\"",
    );
}

#[test]
fn a_store_is_a_file_or_a_server_and_its_password_is_not_repeated() {
    let rule = "p.yaml: store.url: must be `sqlite:` (a file in data_dir) or postgres://USER:PASSWORD@HOST:PORT/DATABASE";
    for url in
        ["", "sqlite:a.db", "sqlite://", "mysql://u:secret@h/d", "postgres://u:secret@h:port/d", "postgres:d"]
    {
        check(&format!("store: {{ url: \"{url}\" }}\n"), rule);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    for url in ["postgres://u:secret@h/d", "postgresql:///d?host=/run/postgresql"] {
        std::fs::write(&path, format!("store: {{ url: \"{url}\" }}")).unwrap();
        let config = load(Some(&path), Overrides::default()).unwrap();
        assert_eq!(config.store.url.reveal(), url);
        assert!(!format!("{config:?}").contains("secret"), "{config:?}");
    }
}

#[test]
fn tls_is_of_files_that_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["gate.test".to_owned()]).unwrap();
        std::fs::write(folder.path().join(format!("{name}.pem")), made.cert.pem()).unwrap();
        std::fs::write(folder.path().join(format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
    };
    made("a");
    made("b");
    std::fs::write(folder.path().join("empty"), "").unwrap();
    std::fs::write(folder.path().join("cut"), "-----BEGIN CERTIFICATE-----\nAAAA").unwrap();
    let path = folder.path().join("p.yaml");
    let load_with = |certificate: &str, key: &str, edge_ca: &str| {
        let file = |name: &str| match name {
            "" => String::new(),
            name => folder.path().join(name).display().to_string(),
        };
        let (certificate, key, edge_ca) = (file(certificate), file(key), file(edge_ca));
        let text = format!("tls: {{ certificate: '{certificate}', key: '{key}', edge_ca: '{edge_ca}' }}");
        std::fs::write(&path, text).unwrap();
        load(Some(&path), Overrides::default()).map_err(|error| {
            let error = error.to_string().replace(&format!("{}: ", path.display()), "");
            error.replace(&format!("{}/", folder.path().display()), "")
        })
    };
    assert_eq!(load_with("", "", "").unwrap().tls, None);
    let tls = load_with("a.pem", "a.key", "b.pem").unwrap().tls.unwrap();
    assert_eq!(tls.edge_ca, Some(folder.path().join("b.pem")));
    let nowhere = "cannot read nowhere: No such file or directory (os error 2)";
    for (certificate, key, edge_ca, expected) in [
        ("a.pem", "", "", "tls.key: must not be empty"),
        ("", "a.key", "", "tls.certificate: must not be empty"),
        ("", "", "a.pem", "tls.edge_ca: needs tls.certificate and tls.key: certificates are shown over TLS"),
        (
            "a.pem",
            "b.key",
            "",
            "tls.certificate: a.pem does not do: the private key is that of another certificate",
        ),
        ("nowhere", "a.key", "", &format!("tls.certificate: {nowhere}")),
        ("a.pem", "nowhere", "", &format!("tls.key: {nowhere}")),
        ("a.pem", "a.key", "nowhere", &format!("tls.edge_ca: {nowhere}")),
        ("empty", "a.key", "", "tls.certificate: empty has no certificate in PEM"),
        ("a.pem", "a.pem", "", "tls.key: a.pem has no private key without a password in PEM"),
        ("a.pem", "a.key", "a.key", "tls.edge_ca: a.key has no certificate in PEM"),
        ("cut", "a.key", "", "tls.certificate: cut is no PEM, or was cut off"),
    ] {
        assert_eq!(load_with(certificate, key, edge_ca).unwrap_err(), expected);
    }
}

#[test]
fn scenarios_come_with_the_program_and_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.yaml");
    let own = folder.path().join("own");
    std::fs::create_dir(&own).unwrap();
    let load_with = |more: &str| {
        let text = format!("security: {{ scenarios: \"{}\"{more} }}", own.display());
        std::fs::write(&path, text).unwrap();
        load(Some(&path), Overrides::default())
    };
    let names =
        |config: &Config| config.security.scenarios.iter().map(|it| it.name.to_string()).collect::<Vec<_>>();
    let built_in = names(&defaults());
    assert!(built_in.contains(&"graphql_bomb".to_owned()));
    let text = "name: ours\nabout: Ours.\nfilter: [{reason: [depth]}]\ntype: trigger\ngroup_by: [client]\nscore: 5\n";
    std::fs::write(own.join("ours.yaml"), text).unwrap();
    std::fs::write(own.join("README"), "no scenario").unwrap();
    let expected: Vec<_> =
        built_in.iter().filter(|name| *name != "graphql_bomb").cloned().chain(["ours".to_owned()]).collect();
    assert_eq!(names(&load_with(", without: [graphql_bomb]").unwrap()), expected);
    let error = load_with(", without: [nobody]").unwrap_err().to_string();
    assert!(error.ends_with("security.without: there is no scenario \"nobody\""), "{error}");
    std::fs::write(own.join("ours.yaml"), "name: ours\nscores: 5\n").unwrap();
    let error = load_with("").unwrap_err().to_string();
    assert!(error.contains("security.scenarios: ours.yaml: "), "{error}");
    std::fs::remove_dir_all(&own).unwrap();
    let error = load_with("").unwrap_err().to_string();
    assert!(
        error.contains("security.scenarios: cannot read the folder: No such file or directory"),
        "{error}"
    );
}

#[test]
fn an_unknown_field_is_named_with_its_line() {
    check(
        "retention:\n  dayz: 3\n",
        "p.yaml:2: retention.dayz: unknown field `dayz`, expected one of days, incidents, rollup_rows, interval_s",
    );
}

#[test]
fn an_unknown_section_is_named_with_its_line() {
    check(
        "# a\nretain:\n  days: 3\n",
        "p.yaml:2: retain: unknown field `retain`, expected one of \
         data_dir, listen, log, http, tls, ingest, store, retention, security, crowdsec",
    );
}

#[test]
fn a_wrong_type_is_named_with_path_and_line() {
    check("retention:\n  days: soon\n", "p.yaml:2: retention.days: must be a whole number");
}

#[test]
fn a_negative_number_is_a_wrong_type() {
    check("retention:\n  days: -1\n", "p.yaml:2: retention.days: must be a whole number");
}

#[test]
fn an_unknown_word_is_named_with_path_and_line() {
    check("log:\n  format: xml\n", "p.yaml:2: log.format: unknown variant `xml`, expected one of text, json");
}

#[test]
fn a_field_given_twice_is_refused() {
    check(
        "retention:\n  days: 1\n  days: 2\n",
        "p.yaml:3: retention: duplicate mapping key `days` is not allowed here",
    );
}

#[test]
fn broken_yaml_is_named_with_its_line() {
    check("log: {\n", "p.yaml:1: log: unclosed bracket '{'");
}

#[test]
fn two_documents_are_refused() {
    check(
        "listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n",
        "p.yaml:3: only single YAML document expected but multiple found",
    );
}

#[test]
fn a_missing_file_is_said() {
    let error = load(Some(Path::new("/nowhere/p.yaml")), Overrides::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the configuration /nowhere/p.yaml: No such file or directory (os error 2); check --config"
    );
}
