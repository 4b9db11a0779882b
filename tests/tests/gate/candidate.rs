//! A candidate beside the policy: nobody meets it, and what it would change is counted, reported and answered.

use super::sockets::{NEW, OLD, graphql, greet, open, said, subscribe};
use super::{EVIL, HONEST, own, post};
use e2e::{PATIENCE, Wanted};
use portcullis_demo::client::Protocol;
use portcullis_demo::wait;
use portcullis_report::Reason;

const CANDIDATE: &str = "
clients:
  identity: [{header: x-api-key}]
  classes: [{name: staff, when: [{identity: [header]}]}]
candidate:
  graphql: {limits: {depth: 1}, introspection: allow}
  classes: {staff: {limits: {depth: 5}}}
";

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn what_a_candidate_would_change_is_counted_and_answered() {
    let site = own(&Wanted { policy: CANDIDATE, concurrency: 2, ..Wanted::default() });
    let mut ids = Vec::new();
    let mut refused = Vec::new();
    for protocol in Protocol::ALL {
        // It would be too deep, and arrives as if nobody had asked.
        let honest = site.gated(protocol, &post(HONEST)).await;
        honest.arrived();
        ids.push(honest.reply.header("x-correlation-id").unwrap().to_owned());
        site.gated(protocol, &post(HONEST).with("x-api-key", "k")).await.arrived();
        let evil = site.gated(protocol, &post(EVIL).with("x-api-key", "k")).await;
        evil.refused(Reason::Introspection);
        refused.push(evil.reply.header("x-correlation-id").unwrap().to_owned());
    }
    let page = wait::until("what the candidate says at the analyzer", PATIENCE, async || {
        let page = site.analyzer.get("/monitoring/graphql/candidate/").await.ok()?.json();
        (page["totals"]["judged"] == 6).then_some(page)
    });
    let page = page.await.unwrap();
    let totals = &page["totals"];
    assert_eq!((&totals["added"], &totals["removed"], &totals["changed"]), (&2.into(), &2.into(), &0.into()));
    let change = |difference: &str| {
        let changes = page["changes"].as_array().unwrap();
        changes.iter().find(|change| change["difference"] == difference).unwrap().clone()
    };
    let (added, removed) = (change("added"), change("removed"));
    assert_eq!((&added["operation"], &added["class"]), (&"Me".into(), &"anonymous".into()));
    assert_eq!((&added["candidate"], &added["requests"]), (&"depth".into(), &2.into()));
    assert!(added["sample_document"].as_str().unwrap().contains("me"), "{added}");
    assert!(ids.iter().any(|id| added["sample_correlation_id"] == id.as_str()), "{added}");
    assert_eq!((&removed["live"], &removed["class"]), (&"introspection".into(), &"staff".into()));
    assert!(refused.iter().any(|id| removed["sample_correlation_id"] == id.as_str()), "{removed}");
    let counted = wait::until("the stats", PATIENCE, async || {
        let metrics = site.envoy.metrics().await.ok()?;
        let of = |class: &str, difference: &str| {
            let labels = [("candidate_class", class), ("difference", difference)];
            metrics.sum("portcullis_candidate_requests", &labels)
        };
        let reasons = [
            metrics.sum("portcullis_candidate_added", &[("added_reason", "depth")]),
            metrics.sum("portcullis_candidate_removed", &[("removed_reason", "introspection")]),
        ];
        let found = [of("anonymous", "added"), of("staff", "same"), of("staff", "removed")];
        (found == [2.0; 3] && reasons == [2.0; 2]).then_some(())
    });
    counted.await.unwrap();
}

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn a_candidate_judges_operations_on_sockets() {
    let site = own(&Wanted { policy: CANDIDATE, concurrency: 2, ..Wanted::default() });
    for protocol in Protocol::ALL {
        for subprotocol in [NEW, OLD] {
            let mut socket = open(&site, protocol, &graphql(subprotocol)).await;
            greet(&mut socket).await;
            for (number, query, answer) in
                [("1", "query Me { me { id name } }", "u1"), ("2", "{ __typename }", "")]
            {
                socket.text(subscribe(subprotocol, number, query)).await.unwrap();
                let message = said(&mut socket).await;
                assert!(message["type"] != "error" && message.to_string().contains(answer), "{message}");
                assert_eq!(said(&mut socket).await["type"], "complete");
            }
            socket.close().await.unwrap();
        }
    }
    let page = wait::until("what the candidate says at the analyzer", PATIENCE, async || {
        let page = site.analyzer.get("/monitoring/graphql/candidate/").await.ok()?.json();
        (page["totals"]["judged"] == 8).then_some(page)
    });
    let page = page.await.unwrap();
    let totals = &page["totals"];
    assert_eq!(
        (&totals["added"], &totals["removed"], &totals["undecided"]),
        (&4.into(), &0.into(), &0.into())
    );
    let added = &page["changes"][0];
    assert_eq!((&added["operation"], &added["candidate"]), (&"Me".into(), &"depth".into()), "{page}");
    assert!(added["sample_correlation_id"].as_str().unwrap().ends_with(".1"), "{added}");
}
