//! Every attack of the corpus is refused as it says, in both protocols, and none reaches the upstream.

use super::shared;
use portcullis_demo::attack;
use portcullis_demo::client::Protocol;
use std::collections::BTreeSet;

#[tokio::test]
#[ignore = "needs Envoy: cargo xtask e2e"]
async fn no_attack_reaches_the_upstream() {
    let site = shared();
    let attacks = attack::all().unwrap();
    let mut wrong = Vec::new();
    for protocol in Protocol::ALL {
        for attack in &attacks {
            let exchange = site.gated(protocol, &attack.request().unwrap()).await;
            let (status, code) = (exchange.reply.status, exchange.reply.code());
            if !exchange.seen.is_empty() {
                wrong.push(format!(
                    "{protocol:?} {} (family {}): reached the upstream",
                    attack.name, attack.family
                ));
            } else if (status, &code) != (attack.status, &attack.code) {
                wrong.push(format!(
                    "{protocol:?} {} (family {}): {status} {code:?}, expected {} {:?}",
                    attack.name, attack.family, attack.status, attack.code
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), 2 * attacks.len(), wrong.join("\n"));
    let families: BTreeSet<_> = attacks.iter().map(|attack| attack.family).collect();
    eprintln!("{} attacks of {} families, twice each", attacks.len(), families.len());
}
