//! What is logged, at the level that says the most: nothing personal of what clients wrote, and no secret.

use crate::ground::Ground;
use crate::harness::{NOW, incident, report, send, until};
use crate::pki::{Leaf, issuer};
use crate::process::{key, portcullis};
use portcullis_report::{Reason, Report};
use reqwest::header::CONTENT_TYPE;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

/// What a client may write wherever it may write something.
const PERSONAL: &str = "ada.lovelace@example.org";
/// What bouncers of a CrowdSec have.
const BOUNCER: &str = "b0unc3r-k3y-of-crowdsec";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_line_has_a_secret_or_what_is_personal_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let trigger =
        "name: any_depth\nfilter: [{reason: [depth]}]\ntype: trigger\ngroup_by: [client]\nscore: 60\n";
    std::fs::create_dir(folder.path().join("scenarios")).unwrap();
    std::fs::write(folder.path().join("scenarios/any_depth.yaml"), trigger).unwrap();
    let ours = issuer();
    let leaf = Leaf::of(&ours);
    let [certificate, private] = leaf.write(folder.path());
    let ground = Ground::with(&format!(
        "tls: {{ certificate: {}, key: {}, renewal_s: 1 }}\nsecurity: {{ scenarios: {} }}\n\
         crowdsec: {{ url: 'http://127.0.0.1:1', key_env: TEST_BOUNCER, interval_s: 1 }}\n",
        certificate.display(),
        private.display(),
        folder.path().join("scenarios").display(),
    ))
    .await;
    let keys = ["admin", "viewer", "edge"].map(|role| key(&ground, role));
    let mut child = portcullis(&["serve", "--listen", "127.0.0.1:0", "--log-level", "debug"])
        .args(ground.place())
        .env("TEST_BOUNCER", BOUNCER)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim_end().strip_prefix("portcullis: listening on ").unwrap().to_owned();
    let trusted = reqwest::Certificate::from_pem(ours.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([trusted]).no_proxy().build().unwrap();

    let mut told = incident("0123456789abcdef", Reason::Depth, NOW);
    (told.correlation_id, told.document) = (PERSONAL.to_owned(), Some(format!("{{ a(b: \"{PERSONAL}\") }}")));
    let told = Report { incidents: vec![told], ..report(1) };
    let deliver = |body: Vec<u8>, key: &str| {
        let request = client.post(format!("{url}/edge/v1/reports")).header(CONTENT_TYPE, "application/json");
        send(request.bearer_auth(key).body(body))
    };
    assert_eq!(deliver(serde_json::to_vec(&told).unwrap(), &keys[2]).await.status, 200);
    // Wrong in every way that comes to mind.
    let forged = format!("{}0", keys[2]);
    for (body, key) in [
        (format!("{{\"{PERSONAL}\": 1}}").into_bytes(), &keys[2]),
        (format!("{{\"{}", keys[0]).into_bytes(), &keys[2]),
        (b"{}".to_vec(), &keys[1]),
        (b"{}".to_vec(), &forged),
    ] {
        assert!(deliver(body, key).await.status >= 400);
    }
    for path in [
        format!("/monitoring/graphql/?operation={PERSONAL}&key={}", keys[0]),
        format!("/{PERSONAL}/{}", keys[1]),
    ] {
        send(client.get(format!("{url}{path}")).header("x-api-key", &keys[1])).await;
    }
    send(client.post(format!("{url}/monitoring/reload/")).header("x-api-key", &keys[0])).await;
    until(async || {
        let page =
            send(client.get(format!("{url}/monitoring/security/")).header("x-api-key", &keys[1])).await;
        page.json()["engine"]["detections"] == 1
    })
    .await;
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    let logged = String::from_utf8(output.stderr).unwrap();
    for message in
        ["started", "a scenario was detected", "a job failed", "the configuration was read again", "stopped"]
    {
        assert!(logged.contains(message), "{message} is not in {logged}");
    }
    let secret = |key: &str| key.rsplit('_').next().unwrap().to_owned();
    let of_key: String = leaf.key.lines().nth(1).unwrap().to_owned();
    for kept in keys.iter().map(|key| secret(key)).chain([PERSONAL.to_owned(), BOUNCER.to_owned(), of_key]) {
        assert!(!logged.contains(&kept), "{kept} is in {logged}");
    }
}
