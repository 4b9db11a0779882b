//! Connections that are there to be there: nobody keeps the others from being served.

use crate::harness::Service;
use crate::harness::until;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

/// Enough answers to fill every buffer between the two.
const REQUESTS: usize = 2_000;

fn address(service: &Service) -> std::net::SocketAddr {
    service.url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Whether somebody else is served; not so where that takes long.
async fn serves(service: &Service) -> bool {
    let request = service.request("GET", "/monitoring/health/").timeout(Duration::from_secs(1));
    request.send().await.is_ok_and(|reply| reply.status() == 200)
}

#[tokio::test]
async fn who_reads_no_answers_does_not_keep_the_connection() {
    let service = Service::start_with(|config| {
        config.http.connections = 1;
        config.http.request_timeout = Duration::from_millis(500);
    })
    .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut deaf = socket.connect(address(&service)).await.unwrap();
    let request = "GET /monitoring/openapi.json HTTP/1.1\r\nhost: a\r\n\r\n";
    let asking = tokio::spawn(async move {
        // It fails in the middle of it when the service has had enough.
        drop(deaf.write_all(request.repeat(REQUESTS).as_bytes()).await);
        deaf
    });
    until(async || serves(&service).await).await;
    drop(asking.await.unwrap());
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_no_more() {
    let service = Service::start_with(|config| config.http.connections_per_address = 3).await;
    // Theirs, not those of our client.
    let connect = async |from: [u8; 4]| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((from, 0).into()).unwrap();
        let mut stream = socket.connect(address(&service)).await.unwrap();
        // It may be closed already.
        drop(stream.write_all(b"GET /monitoring/health/ HTTP/1.1\r\nhost: a\r\n\r\n").await);
        let mut first = [0; 12];
        let is_served = stream.read_exact(&mut first).await.is_ok() && first.starts_with(b"HTTP/1.1 200");
        is_served.then_some(stream)
    };
    let mut first: Vec<Option<TcpStream>> = Vec::new();
    for _ in 0..3 {
        first.push(connect([127, 0, 0, 2]).await);
    }
    assert!(first.iter().all(Option::is_some));
    assert!(connect([127, 0, 0, 2]).await.is_none());
    assert!(connect([127, 0, 0, 3]).await.is_some());
    first.pop();
    until(async || connect([127, 0, 0, 2]).await.is_some()).await;
    let metrics = service.get("/monitoring/metrics/").await.text;
    let refused = "portcullis_analyzer_connections_refused_total ";
    let refused = metrics.lines().find_map(|line| line.strip_prefix(refused)).unwrap();
    assert!(refused.parse::<u64>().unwrap() >= 1, "{refused}");
}
