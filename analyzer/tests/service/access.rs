//! Who may do what, and what the others are told.

use crate::harness::{NOW, Service, report, send};
use portcullis_analyzer::{Key, Revocation, Role};
use reqwest::header::CONTENT_TYPE;

const READS: [&str; 2] = ["/monitoring/graphql/", "/monitoring/metrics/"];

async fn read(service: &Service, path: &str, key: &str) -> u16 {
    send(service.request("GET", path).bearer_auth(key)).await.status
}

async fn deliver(service: &Service, key: &str) -> u16 {
    let request = service.request("POST", "/edge/v1/reports").header("x-api-key", key);
    let body = serde_json::to_vec(&report(1)).unwrap();
    send(request.header(CONTENT_TYPE, "application/json").body(body)).await.status
}

#[tokio::test]
async fn each_role_may_do_its_part() {
    let service = Service::start().await;
    for (role, reads, delivers) in [
        (Role::Viewer, 200, 403),
        (Role::Operator, 200, 403),
        (Role::Admin, 200, 403),
        (Role::Edge, 403, 200),
    ] {
        // The service runs: a key that is added beside it is good at once.
        let key = service.ground.add_key(role).await.reveal();
        for path in READS {
            assert_eq!(read(&service, path, &key).await, reads, "{role:?} {path}");
        }
        assert_eq!(deliver(&service, &key).await, delivers, "{role:?}");
        assert_eq!(read(&service, "/monitoring/health/", &key).await, 200, "{role:?}");
    }
}

#[tokio::test]
async fn a_wrong_role_is_told_so() {
    let service = Service::start().await;
    let reply = send(service.request("GET", READS[0]).bearer_auth(service.edge.reveal())).await;
    assert_eq!(
        reply.problem(403),
        "A key of the role edge reads nothing; `portcullis keys add --role viewer` makes one that does."
    );
    let reply = send(service.request("POST", "/edge/v1/reports").bearer_auth(service.viewer.reveal())).await;
    assert_eq!(
        reply.problem(403),
        "Only a key of the role edge delivers reports and fetches decisions; `portcullis keys add --role edge` makes one."
    );
}

#[tokio::test]
async fn without_a_key_there_is_a_challenge() {
    let service = Service::start().await;
    for (method, path) in [("GET", READS[0]), ("GET", READS[1]), ("POST", "/edge/v1/reports")] {
        let reply = send(service.request(method, path)).await;
        assert!(reply.problem(401).starts_with("A key is needed"));
        assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"portcullis\""));
    }
}

#[tokio::test]
async fn what_is_not_a_key_of_ours_is_refused() {
    let service = Service::start().await;
    let good = service.viewer.reveal();
    let stranger = Key::mint(Role::Viewer).unwrap().reveal();
    let other_secret = format!("pk_viewer_{}_{}", service.viewer.id(), stranger.rsplit('_').next().unwrap());
    for wrong in
        ["x", &stranger, &other_secret, &good.replace("viewer", "admin"), good.get(..good.len() - 1).unwrap()]
    {
        let reply = send(service.request("GET", READS[0]).header("x-api-key", wrong)).await;
        assert_eq!(reply.problem(401), "The key is unknown or revoked; `portcullis keys add` makes one.");
        assert_eq!(
            reply.header("www-authenticate"),
            Some("Bearer realm=\"portcullis\", error=\"invalid_token\""),
            "{wrong}"
        );
    }
    let reply = send(service.request("GET", READS[0]).header("x-api-key", &b"\xFF\xFE"[..])).await;
    assert_eq!(reply.status, 401);
}

#[tokio::test]
async fn a_revoked_key_is_worthless_at_once() {
    let service = Service::start().await;
    let key = service.viewer.reveal();
    assert_eq!(read(&service, READS[0], &key).await, 200);
    let store = service.ground.open().await;
    assert_eq!(store.revoke_key(service.viewer.id(), NOW).await.unwrap(), Revocation::Revoked);
    assert_eq!(read(&service, READS[0], &key).await, 401);
    assert_eq!(store.revoke_key(service.viewer.id(), NOW).await.unwrap(), Revocation::Already);
    assert_eq!(store.revoke_key("0123456789ab", NOW).await.unwrap(), Revocation::Unknown);
}

#[tokio::test]
async fn the_store_does_not_hold_the_key() {
    let service = Service::start().await;
    assert_eq!(service.report(&report(1)).await.status, 200);
    let secret = service.edge.reveal().rsplit('_').next().unwrap().to_owned();
    let bytes: Vec<u8> = (0..32)
        .map(|index| u8::from_str_radix(secret.get(index * 2..index * 2 + 2).unwrap(), 16).unwrap())
        .collect();
    for content in service.ground.content().await {
        assert!(!content.windows(secret.len()).any(|window| window == secret.as_bytes()));
        assert!(!content.windows(bytes.len()).any(|window| window == bytes));
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let few = std::num::NonZeroU32::new(2).unwrap();
    let service = Service::start_with(|config| config.http.requests_per_s = few).await;
    let other = service.ground.add_key(Role::Viewer).await.reveal();
    let mut statuses = Vec::new();
    for _ in 0..20 {
        let reply = service.get(READS[0]).await;
        statuses.push(reply.status);
        if reply.status == 429 {
            assert_eq!(reply.problem(429), "This is more than one caller may ask; come back in 1 s.");
            assert_eq!(reply.header("retry-after"), Some("1"));
        }
    }
    assert_eq!(statuses[..8], [200; 8]);
    assert!(statuses.contains(&429), "{statuses:?}");
    // Another key has its own, an edge none; and of one address it is too much some time, whatever the keys.
    assert_eq!(read(&service, READS[0], &other).await, 200);
    for _ in 0..20 {
        assert_eq!(service.report(&report(1)).await.status, 200);
    }
    let mut limited = false;
    for _ in 0..200 {
        limited |= send(service.request("GET", READS[0])).await.status == 429;
    }
    assert!(limited);
}
