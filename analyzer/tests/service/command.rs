//! The real `portcullis`: what it prints, how it ends, and what it says when it will not start.

use crate::ground::Ground;
use crate::process::{Server, portcullis};
use portcullis_analyzer::Key;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Output, Stdio};

#[track_caller]
fn check(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), stdout);
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn it_starts_with_no_configuration_and_stops_when_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = portcullis(&["serve", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.strip_prefix("portcullis: listening on http://127.0.0.1:").unwrap();
        assert_ne!(address.trim_end().parse::<u16>().unwrap(), 0);
        assert!(folder.path().join(".portcullis/portcullis.db").is_file());
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut rest = String::new();
        assert_eq!(output.read_line(&mut rest).unwrap(), 0, "{rest}");
    }
}

#[test]
fn all_mistakes_of_a_configuration_are_told_and_nothing_is_started() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.yaml");
    std::fs::write(&file, "retention: { days: 0, interval_s: 100000 }\nstore: { readers: 0 }\n").unwrap();
    let output = portcullis(&["serve", "--config", "c.yaml"]).current_dir(folder.path()).output().unwrap();
    let expected = "portcullis: c.yaml: store.readers: must be at least 1, got 0\n\
                    portcullis: c.yaml: retention.days: must be at least 1, got 0\n\
                    portcullis: c.yaml: retention.interval_s: must be at most 86400, got 100000\n";
    check(&output, 2, "", expected);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_broken_configuration_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.yaml"), "http:\n  conections: 5\n").unwrap();
    let output = portcullis(&["serve", "--config", "c.yaml"]).current_dir(folder.path()).output().unwrap();
    let expected = "portcullis: c.yaml:2: http.conections: unknown field `conections`, expected one of \
                    connections, connections_per_address, requests_per_s, header_timeout_ms, request_timeout_ms, shutdown_timeout_ms\n";
    check(&output, 2, "", expected);
}

#[test]
fn a_busy_port_is_told_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = portcullis(&["serve", "--listen", &address]).current_dir(folder.path()).output().unwrap();
    let expected = format!(
        "portcullis: cannot listen on {address}: Address already in use (os error 98); \
         choose another address with --listen\n"
    );
    check(&output, 1, "", &expected);
}

#[test]
fn an_unusable_data_folder_is_told_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let output =
        portcullis(&["serve", "--data-dir", "file/data"]).current_dir(folder.path()).output().unwrap();
    let expected = "portcullis: cannot use the data folder file/data: Not a directory (os error 20); \
                    choose a writable one with --data-dir\n";
    check(&output, 1, "", expected);
}

#[test]
fn what_is_no_store_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("portcullis.db");
    std::fs::write(&file, "precious data of someone else, in a file of the same name").unwrap();
    let output = portcullis(&["serve", "--data-dir", ".", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let place = folder.path().display();
    let expected = format!(
        "portcullis: cannot open the store in {place}: portcullis.db is not a store of portcullis; \
         move it away, or choose another folder with --data-dir\n"
    );
    check(&output, 1, "", &expected);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("precious"));
}

#[test]
fn a_second_service_in_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(&Ground::folder(folder.path()));
    let output = portcullis(&["serve", "--data-dir", ".", "--listen", "127.0.0.1:0"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let expected = "portcullis: another `portcullis serve` uses the data folder .; \
                    stop it, or choose another with --data-dir\n";
    check(&output, 1, "", expected);
    assert_eq!(first.end(Signal::TERM), Some(0));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for arguments in [
        &["serve", "--lissen", "x"][..],
        &["serve", "--listen", "here"],
        &["keys", "add"],
        &["keys", "add", "--role", "root"],
        &["keys", "add", "--role", "edge", "--name", "two\nlines"],
        &["nothing"],
        &[],
    ] {
        let output = portcullis(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn keys_are_shown_once_listed_without_themselves_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| portcullis(arguments).current_dir(folder.path()).output().unwrap();

    let added = run(&["keys", "add", "--role", "edge", "--name", "envoy ä"]);
    let text = String::from_utf8(added.stdout.clone()).unwrap();
    let key = Key::parse(text.strip_suffix('\n').unwrap()).unwrap();
    let id = key.id();
    let place = folder.path().join(".portcullis");
    let place = place.display();
    let said = format!(
        "portcullis: added the edge key {id} for the service whose data is in {place}; it cannot be shown again\n"
    );
    check(&added, 0, &text, &said);

    let list = || String::from_utf8(run(&["keys", "list"]).stdout).unwrap();
    let before = list();
    let lines: Vec<Vec<_>> = before.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["ID", "ROLE", "CREATED", "REVOKED", "NAME"]);
    assert_eq!(
        [lines[1][0], lines[1][1], lines[1][3], lines[1][4], lines[1][5]],
        [id, "edge", "-", "envoy", "ä"]
    );
    assert_eq!(lines.len(), 2);
    assert!(!before.contains(text.rsplit('_').next().unwrap().trim_end()));

    check(&run(&["keys", "revoke", id]), 0, "", &format!("portcullis: revoked the key {id}\n"));
    check(&run(&["keys", "revoke", id]), 0, "", &format!("portcullis: the key {id} was revoked before\n"));
    let unknown = "portcullis: there is no key nobody; `portcullis keys list` shows those there are\n";
    check(&run(&["keys", "revoke", "nobody"]), 1, "", unknown);
    assert!(list().lines().nth(1).unwrap().split_whitespace().nth(3).unwrap().ends_with('Z'));
}

#[test]
fn keys_without_a_store_say_so_and_make_none() {
    let folder = tempfile::tempdir().unwrap();
    let expected = "portcullis: there is no store in the data folder .portcullis; \
                    name the right one with --data-dir, or run `portcullis serve`\n";
    for arguments in [&["keys", "list"][..], &["keys", "revoke", "x"]] {
        check(&portcullis(arguments).current_dir(folder.path()).output().unwrap(), 1, "", expected);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn many_commands_may_make_the_store_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = portcullis(&["keys", "add", "--role", "viewer"]);
            command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let list = portcullis(&["keys", "list"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(String::from_utf8(list.stdout).unwrap().lines().count(), 7);
}

#[test]
fn help_has_examples_and_log_lines_may_be_json() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["keys", "--help"], &["keys", "add", "--help"]]
    {
        let output = portcullis(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(
            String::from_utf8(output.stdout).unwrap().contains("Examples:\n  portcullis"),
            "{arguments:?}"
        );
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = portcullis(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The engine may say something first.
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut lines = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let started = lines.find(|line| line["fields"]["message"] == "started");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(started.unwrap()["level"], "INFO");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_are_made_listed_imported_and_taken_back() {
    let ground = Ground::new().await;
    let key = crate::process::key(&ground, "operator");
    let server = Server::start(&ground);
    let url = server.url.clone();
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = portcullis(arguments);
        command.current_dir(folder.path()).env("PORTCULLIS_KEY", &key).env("PORTCULLIS_URL", &url);
        command.output().unwrap()
    };
    let add = ["decisions", "add", "192.0.2.7", "10.9.0.0/16", "--for", "2h", "--reason", "login storm"];
    check(&run(&add), 0, "", "portcullis: decided about 2 clients for 2h\n");
    let throttle = ["decisions", "add", "2001:db8::/64", "--throttle", "250"];
    check(&run(&throttle), 0, "", "portcullis: decided about 1 client for 4h\n");
    std::fs::write(folder.path().join("l.txt"), "198.51.100.1\nnonsense\n198.51.100.2\n").unwrap();
    let import = ["decisions", "import", "l.txt", "--origin", "import:l"];
    let wrong = "portcullis: l.txt:2: must be an address, a range of them (ADDRESS/BITS), or a client key of 32 hex digits\n";
    let refused =
        format!("{wrong}portcullis: 1 wrong lines; nothing is imported, unless told to --skip-wrong\n");
    check(&run(&import), 1, "", &refused);
    let skipping = [&import[..], &["--skip-wrong"]].concat();
    check(&run(&skipping), 0, "", &format!("{wrong}portcullis: decided about 2 clients\n"));

    let list = |arguments: &[&str]| {
        let output = run(&[&["decisions", "list"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let all = list(&[]);
    assert_eq!(all.lines().count(), 6, "{all}");
    let line = all.lines().find(|line| line.starts_with("2001:db8::/64 ")).unwrap();
    assert!(line.contains("throttle:250") && line.contains("operator"), "{line}");
    let of_one = list(&["--target", "10.9.1.1", "--json"]);
    let one: serde_json::Value = serde_json::from_str(of_one.trim()).unwrap();
    assert_eq!((&one["value"], &one["reason"]), (&"10.9.0.0/16".into(), &"login storm".into()));
    check(&run(&["decisions", "remove", "192.0.2.7"]), 0, "", "portcullis: 192.0.2.7: 1 removed\n");
    let none = run(&["decisions", "remove", "2001:db8::5"]);
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    let first =
        "portcullis: 2001:db8::5: 0 removed\nportcullis: it is touched by 2001:db8::/64: throttle:250 until ";
    assert!(said.starts_with(first) && none.status.success(), "{said}");
    let origin = ["decisions", "remove", "--origin", "import:l"];
    check(&run(&origin), 0, "", "portcullis: import:l: 2 removed\n");
    assert_eq!(list(&[]).lines().count(), 3);

    let wrong = run(&["decisions", "add", "localhost"]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("422") && said.contains("decisions[0].target: must be an address"), "{said}");
    assert_eq!(wrong.status.code(), Some(1));
    assert_eq!(server.end(Signal::TERM), Some(0));
    let gone = run(&["decisions", "list"]);
    assert!(String::from_utf8_lossy(&gone.stderr).contains("is `portcullis serve` running there?"));
    assert_eq!(gone.status.code(), Some(1));
    let keyless = portcullis(&["decisions", "list"]).env_remove("PORTCULLIS_KEY").output().unwrap();
    assert_eq!(keyless.status.code(), Some(2));
}
