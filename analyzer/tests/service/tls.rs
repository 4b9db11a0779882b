//! TLS: who is served over it, what edges have to show, and what becomes of those who hold a handshake up.

use crate::ground::Ground;
use crate::harness::{Service, report, send, until};
use crate::pki::{Issuer, Leaf, issuer, put};
use crate::process::{Server, portcullis};
use portcullis_analyzer::config::Tls;
use reqwest::header::CONTENT_TYPE;
use reqwest::tls::Version;
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use rustix::process::Signal;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A service over TLS, whose certificate `ours` has issued.
struct Secured {
    service: Service,
    ours: Issuer,
    folder: TempDir,
}

impl Secured {
    async fn start(change: impl FnOnce(&mut Tls, &TempDir)) -> Self {
        let (ours, folder) = (issuer(), tempfile::tempdir().unwrap());
        let [certificate, key] = Leaf::of(&ours).write(folder.path());
        let mut tls = Tls {
            certificate,
            key,
            edge_ca: None,
            renewal: Duration::from_millis(20),
            handshake_timeout: Duration::from_secs(20),
            handshakes: 64,
        };
        change(&mut tls, &folder);
        let service = Service::start_with(|config| config.tls = Some(tls)).await;
        Self { service, ours, folder }
    }

    fn client(&self) -> ClientBuilder {
        let certificate = Certificate::from_pem(self.ours.pem().as_bytes()).unwrap();
        Client::builder().tls_certs_only([certificate]).no_proxy()
    }

    /// What the service answers to a client like this; nothing where the handshake comes to nothing.
    async fn ask(&self, client: ClientBuilder, path: &str) -> Option<u16> {
        let request = client.build().unwrap().get(format!("{}{path}", self.service.url));
        Some(request.bearer_auth(self.service.viewer.reveal()).send().await.ok()?.status().as_u16())
    }

    /// What it answers to a report with the edge's key.
    async fn deliver(&self, client: ClientBuilder) -> Option<u16> {
        let request = client.build().unwrap().post(format!("{}/edge/v1/reports", self.service.url));
        let body = serde_json::to_vec(&report(1)).unwrap();
        let request =
            request.bearer_auth(self.service.edge.reveal()).header(CONTENT_TYPE, "application/json");
        Some(request.body(body).send().await.ok()?.status().as_u16())
    }

    async fn counted(&self, sample: &str) -> u64 {
        let request = self.client().build().unwrap().get(format!("{}/monitoring/metrics/", self.service.url));
        let reply = send(request.bearer_auth(self.service.viewer.reveal())).await;
        let line = reply.text.lines().find_map(|line| line.strip_prefix(sample)).unwrap_or_default();
        line.trim().parse().unwrap_or_else(|_| panic!("{sample}: {line:?}"))
    }

    async fn shaken(&self, outcome: &str) -> u64 {
        self.counted(&format!("portcullis_analyzer_handshakes_total{{outcome=\"{outcome}\"}}")).await
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.service.running.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream
    }
}

fn showing(client: ClientBuilder, leaf: &Leaf) -> ClientBuilder {
    client.identity(Identity::from_pem(format!("{}{}", leaf.certificate, leaf.key).as_bytes()).unwrap())
}

#[tokio::test]
async fn both_versions_are_spoken_and_a_stranger_is_not_believed() {
    let secured = Secured::start(|_, _| ()).await;
    assert!(secured.service.url.starts_with("https://127.0.0.1:"));
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = secured.client().tls_version_min(version).tls_version_max(version);
        assert_eq!(secured.ask(client, "/monitoring/graphql/").await, Some(200));
    }
    assert_eq!(secured.deliver(secured.client()).await, Some(200));
    let stranger = Certificate::from_pem(issuer().pem().as_bytes()).unwrap();
    let client = Client::builder().tls_certs_only([stranger]).no_proxy();
    assert_eq!(secured.ask(client, "/monitoring/health/").await, None);
    until(async || secured.shaken("failed").await == 1).await;
    assert!(secured.shaken("done").await >= 3);
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_so_and_let_go() {
    let secured = Secured::start(|_, _| ()).await;
    let mut stream = secured.connect();
    // More than is looked at: the answer must arrive all the same.
    stream.write_all(b"GET /monitoring/health/ HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    stream.write_all(&[b'x'; 30_000]).unwrap();
    let mut answer = String::new();
    let read = tokio::task::spawn_blocking(move || stream.read_to_string(&mut answer).map(|_| answer));
    let answer = read.await.unwrap().unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    assert!(answer.ends_with("This port speaks TLS only: https://\r\n"), "{answer}");
    until(async || secured.shaken("plaintext").await == 1).await;
}

#[tokio::test]
async fn an_edge_shows_a_certificate_beside_its_key_and_nobody_else_has_to() {
    let edges = issuer();
    let pem = edges.pem();
    let secured =
        Secured::start(move |tls, folder| tls.edge_ca = Some(put(folder.path(), "edges.pem", &pem))).await;
    let expired = Leaf::with(&edges, |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
    let early = Leaf::with(&edges, |params| params.not_before = rcgen::date_time_ymd(4000, 1, 1));
    let server_only = Leaf::with(&edges, |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    });
    let foreign = Leaf::of(&issuer());
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = || secured.client().tls_version_min(version).tls_version_max(version);
        assert_eq!(secured.deliver(client()).await, Some(403));
        for path in ["/monitoring/graphql/", "/monitoring/health/"] {
            assert_eq!(secured.ask(client(), path).await, Some(200), "{path}");
        }
        let right = || showing(client(), &Leaf::of(&edges));
        assert_eq!(secured.deliver(right()).await, Some(200));
        // A certificate is no key, and with it a viewer is no edge.
        assert_eq!(secured.ask(right(), "/edge/v1/decisions?after=0&wait=0").await, Some(403));
        for leaf in [&expired, &early, &server_only, &foreign] {
            assert_eq!(secured.deliver(showing(client(), leaf)).await, None);
        }
    }
    assert_eq!(secured.shaken("certificate").await, 8);
    let url = format!("{}/edge/v1/decisions?after=0&wait=0", secured.service.url);
    let request = secured.client().build().unwrap().get(url).bearer_auth(secured.service.edge.reveal());
    let said = send(request).await.problem(403);
    assert_eq!(
        said,
        "Edges have to show a certificate of an issuer in `tls.edge_ca` here, beside their key."
    );
}

#[tokio::test]
async fn who_holds_a_handshake_up_is_closed_and_takes_no_turn_before_he_speaks() {
    let secured = Secured::start(|tls, _| {
        tls.handshake_timeout = Duration::from_millis(500);
        tls.handshakes = 1;
    })
    .await;
    let silent: Vec<_> = (0..20).map(|_| secured.connect()).collect();
    assert_eq!(secured.ask(secured.client(), "/monitoring/health/").await, Some(200));
    // The beginning of a record, and nothing more.
    let mut slow = secured.connect();
    slow.write_all(&[22, 3, 1, 2, 0, 1]).unwrap();
    for mut stream in silent.into_iter().chain([slow]) {
        let read = tokio::task::spawn_blocking(move || stream.read(&mut [0; 100]));
        // With or without an alert, it is the end.
        assert!(matches!(read.await.unwrap(), Ok(_) | Err(_)));
    }
    until(async || secured.shaken("slow").await == 21).await;
}

#[tokio::test]
async fn a_connection_goes_by_the_issuers_of_today() {
    let (edges, others) = (issuer(), issuer());
    let pem = edges.pem();
    let secured =
        Secured::start(move |tls, folder| tls.edge_ca = Some(put(folder.path(), "edges.pem", &pem))).await;
    let client = showing(secured.client(), &Leaf::of(&edges)).build().unwrap();
    let deliver = async || {
        let request = client.post(format!("{}/edge/v1/reports", secured.service.url));
        let request = request.bearer_auth(secured.service.edge.reveal()).json(&report(1));
        Some(request.send().await.ok()?.status().as_u16())
    };
    assert_eq!(deliver().await, Some(200));
    put(secured.folder.path(), "edges.pem", &others.pem());
    let done = "portcullis_analyzer_reloads_total{what=\"certificates\",outcome=\"done\"}";
    until(async || secured.counted(done).await == 1).await;
    assert_eq!(deliver().await, Some(403));
    // That was the last answer: the next one takes a handshake.
    assert_eq!(deliver().await, None);
}

#[tokio::test]
async fn who_stops_in_the_middle_of_a_handshake_gives_his_turn_back() {
    let secured = Secured::start(|tls, _| {
        tls.handshake_timeout = Duration::from_secs(60);
        tls.handshakes = 1;
    })
    .await;
    // What a client says first, as one has said it to somebody else.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let client = secured.client().build().unwrap();
    let asking = tokio::spawn(async move { client.get(url).send().await.map(drop) });
    let hello = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let mut body = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        stream.read_exact(&mut body).unwrap();
        [head.to_vec(), body].concat()
    });
    let hello = hello.await.unwrap();
    assert!(asking.await.unwrap().is_err());
    let mut stalled = secured.connect();
    stalled.write_all(&hello).unwrap();
    // The answer shows that it has its turn.
    let mut stalled = tokio::task::spawn_blocking(move || {
        stalled.read_exact(&mut [0; 5]).unwrap();
        stalled
    })
    .await
    .unwrap();
    let client = secured.client().timeout(Duration::from_secs(20));
    assert_eq!(secured.ask(client, "/monitoring/health/").await, Some(200));
    assert_eq!(secured.shaken("slow").await, 1);
    drop(tokio::task::spawn_blocking(move || stalled.read_to_end(&mut Vec::new())).await.unwrap());
}

#[tokio::test]
async fn a_handshake_in_work_does_not_hold_the_end_up() {
    let secured = Secured::start(|_, _| ()).await;
    let mut stream = secured.connect();
    stream.write_all(&[22]).unwrap();
    assert_eq!(secured.ask(secured.client(), "/monitoring/health/").await, Some(200));
    let began = Instant::now();
    secured.service.running.stop().await;
    assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_half_a_renewal_is_not() {
    let secured = Secured::start(|_, _| ()).await;
    let reloads = |outcome: &str| {
        format!("portcullis_analyzer_reloads_total{{what=\"certificates\",outcome=\"{outcome}\"}}")
    };
    let (next, theirs) = (Leaf::of(&secured.ours), issuer());
    // The certificate without its key: what was there stays.
    put(secured.folder.path(), "tls.pem", &next.certificate);
    until(async || secured.counted(&reloads("refused")).await == 1).await;
    assert_eq!(secured.counted(&reloads("done")).await, 0);
    put(secured.folder.path(), "tls.key", &next.key);
    until(async || secured.counted(&reloads("done")).await == 1).await;
    put(secured.folder.path(), "tls.pem", "-----BEGIN CERTIFICATE-----\nAA");
    until(async || secured.counted(&reloads("refused")).await >= 2).await;
    // From another issuer: who believes only ours is not served any more, and who believes that one is.
    let other = Leaf::of(&theirs);
    other.write(secured.folder.path());
    let certificate = Certificate::from_pem(theirs.pem().as_bytes()).unwrap();
    let client = || Client::builder().tls_certs_only([certificate.clone()]).no_proxy();
    until(async || secured.ask(client(), "/monitoring/health/").await == Some(200)).await;
    assert_eq!(secured.ask(secured.client(), "/monitoring/health/").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_serves_and_asks_over_tls() {
    let (ours, folder) = (issuer(), tempfile::tempdir().unwrap());
    let [certificate, key] = Leaf::of(&ours).write(folder.path());
    let ca = put(folder.path(), "ca.pem", &ours.pem());
    let settings = format!(
        "tls: {{ certificate: {}, key: {}, edge_ca: {} }}\n",
        certificate.display(),
        key.display(),
        ca.display()
    );
    let ground = Ground::with(&settings).await;
    let operator = crate::process::key(&ground, "operator");
    let server = Server::start(&ground);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let list = |more: &[&str]| {
        let mut command = portcullis(&["decisions", "list", "--url", &server.url]);
        command.args(more).env("PORTCULLIS_KEY", &operator).env_remove("PORTCULLIS_CA").output().unwrap()
    };
    let output = list(&["--ca", ca.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    let output = list(&[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let wrong = list(&["--ca", key.to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("has no certificate in PEM"), "{wrong:?}");
    assert_eq!(wrong.status.code(), Some(2));
    assert_eq!(server.end(Signal::TERM), Some(0));
}
