#![allow(
    clippy::all,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs
)]
#[path = "service/harness.rs"]
mod harness;
use harness::*;
use portcullis_report::*;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rate() {
    for (clients, rows, names) in [
        (1usize, 1200usize, 1200usize),
        (8, 1200, 1200),
        (16, 1200, 1200),
        (32, 1200, 100000),
        (16, 200, 200),
        (16, 10, 10),
        (32, 10, 10),
        (64, 10, 10),
    ] {
        let service = Service::start().await;
        let mut js = tokio::task::JoinSet::new();
        let per = (200_000 / rows / clients).clamp(3, 400);
        let mut bodies = Vec::new();
        for c in 0..clients {
            let mut v = Vec::new();
            for s in 0..per {
                let mut r = report(s as u64 + 1);
                r.rollup = (0..rows)
                    .map(|n| {
                        row(
                            &format!("Operation{}", if names > rows { (c * per + s) * rows + n } else { n }),
                            None,
                            1,
                        )
                    })
                    .collect();
                v.push(serde_json::to_vec(&r).unwrap());
            }
            bodies.push(v);
        }
        let t = Instant::now();
        for v in bodies {
            let req: Vec<_> = v
                .into_iter()
                .map(|b| {
                    service
                        .request("POST", "/edge/v1/reports")
                        .bearer_auth(service.edge.reveal())
                        .header("content-type", "application/json")
                        .body(b)
                })
                .collect();
            js.spawn(async move {
                for r in req {
                    assert_eq!(send(r).await.status, 200);
                }
            });
        }
        js.join_all().await;
        let d = t.elapsed().as_secs_f64();
        let n = clients * per;
        eprintln!(
            "clients {clients} rows/report {rows} distinct {names}: {:.0} reports/s {:.0} rows/s ({n} reports in {d:.2}s)",
            n as f64 / d,
            (n * rows) as f64 / d
        );
        let t = Instant::now();
        service.graphql("window=1h&limit=1000").await;
        eprintln!("   query {:?}, rows {}", t.elapsed(), service.rows("rollup").await);
        service.running.stop().await;
    }
}
