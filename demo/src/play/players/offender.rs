//! One who does not stop: sends bombs until nothing of it is taken any more, and goes on from another network.

use super::super::score::Spree;
use super::{ATTACKER_PAUSE, Player};
use portcullis_demo::client::Request;
use portcullis_report::Reason;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::time::Instant;

/// The first of its networks; 198.18.0.0/15 is for benchmarks (RFC 2544).
pub(super) const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 66);

const NETWORKS: u32 = 512;
const ADDRESSES: u32 = 256;
const BETWEEN_NETWORKS: Duration = Duration::from_secs(2);

/// The family of a bomb by one argument, as `docs/abuse.md` numbers it.
const BOMB: u32 = 20;

impl Player {
    /// Attacks from one network after the other, as long as there are any.
    pub(super) async fn offend(mut self) {
        for network in 0..NETWORKS {
            self.address = Ipv4Addr::from_bits(FIRST.to_bits() + network * ADDRESSES).into();
            if self.rage(network).await || self.pause(BETWEEN_NETWORKS).await {
                return;
            }
        }
    }

    /// Attacks from one address until it is blocked; true when the play is over.
    async fn rage(&mut self, network: u32) -> bool {
        let bomb =
            serde_json::json!({"query": "{ users(first: 1000000) { orders(first: 1000000) { total } } }"});
        let request = Request::json("/graphql", bomb.to_string());
        let begun = Instant::now();
        let mut connection = None;
        for attacks in 0_u32.. {
            let turn = usize::try_from(attacks).unwrap_or(usize::MAX);
            match self.exchange(&mut connection, turn, &request).await {
                Ok((_, seen)) if !seen.is_empty() => {
                    self.score.problem(format!("a bomb from network {network} reached the upstream"));
                }
                Ok((reply, _)) if reply.code().as_deref() == Some(Reason::Blocked.code()) => {
                    self.score.refused(None, Reason::Blocked.label());
                    self.score.blocked(Spree { attacks, took: begun.elapsed() });
                    return false;
                }
                Ok((reply, _)) if reply.code().as_deref() == Some(Reason::Cost.code()) => {
                    self.score.refused(Some(BOMB), Reason::Cost.label());
                }
                Ok((reply, _)) => {
                    self.score.problem(format!("a bomb was answered {} {:?}", reply.status, reply.code()));
                }
                Err(error) => self.score.problem(format!("a bomb: no answer: {error:#}")),
            }
            if self.pause(ATTACKER_PAUSE).await {
                return true;
            }
        }
        false
    }
}
