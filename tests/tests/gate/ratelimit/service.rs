//! A rate limit service as several Envoys share it: Limitador's counters behind gRPC, in this process.

use envoy_types::pb::envoy::service::ratelimit::v3::rate_limit_response::Code;
use envoy_types::pb::envoy::service::ratelimit::v3::rate_limit_service_server::{
    RateLimitService, RateLimitServiceServer,
};
use envoy_types::pb::envoy::service::ratelimit::v3::{RateLimitRequest, RateLimitResponse};
use limitador::RateLimiter;
use limitador::limit::{Context, Limit};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Counters at most; a test has a few.
const COUNTERS: u64 = 1_000;

/// The service, running or not; what it has counted it keeps.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

struct State {
    limiter: RateLimiter,
    asked: Mutex<Vec<RateLimitRequest>>,
}

struct Counting(Arc<State>);

impl Service {
    /// Starts it with the limits of Limitador's file.
    pub(crate) fn start(limits: &str) -> Self {
        let limiter = RateLimiter::new(COUNTERS);
        for limit in serde_saphyr::from_str::<Vec<Limit>>(limits).unwrap() {
            limiter.add_limit(limit);
        }
        let state = Arc::new(State { limiter, asked: Mutex::default() });
        let mut service = Self { address: SocketAddr::from(([127, 0, 0, 1], 0)), state, running: None };
        service.resume();
        service
    }

    /// Listens again, where it did before.
    pub(crate) fn resume(&mut self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let incoming = {
            let _entered = runtime.enter();
            TcpIncoming::bind(self.address).unwrap()
        };
        self.address = incoming.local_addr().unwrap();
        let server = RateLimitServiceServer::new(Counting(Arc::clone(&self.state)));
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let serve = tonic::transport::Server::builder().add_service(server).serve_with_incoming(incoming);
            // What ends first ends everything: with the runtime go all of its connections.
            runtime.block_on(async {
                tokio::select! {
                    served = serve => served.unwrap(),
                    _ = stopped => (),
                }
            });
        });
        self.running = Some((stop, thread));
    }

    /// Ends it with all of its connections.
    pub(crate) fn stop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            thread.join().unwrap();
        }
    }

    /// What it was asked since it was last asked this.
    pub(crate) fn asked(&self) -> Vec<RateLimitRequest> {
        std::mem::take(&mut self.state.asked.lock().unwrap())
    }

    /// What it counts by each of its limits: the name, and what is spent.
    pub(crate) fn spent(&self) -> HashMap<String, u64> {
        let counters = self.state.limiter.get_counters(&"portcullis".into()).unwrap();
        let spent = counters.iter().map(|counter| {
            let limit = counter.limit();
            let name = limit.name().unwrap_or_default().to_owned();
            (name, limit.max_value().saturating_sub(counter.remaining().unwrap_or_default()))
        });
        spent.collect()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

#[tonic::async_trait]
impl RateLimitService for Counting {
    async fn should_rate_limit(
        &self,
        request: Request<RateLimitRequest>,
    ) -> Result<Response<RateLimitResponse>, Status> {
        let request = request.into_inner();
        let descriptors = request.descriptors.iter().map(|descriptor| {
            let entries = descriptor.entries.iter();
            entries.map(|entry| (entry.key.clone(), entry.value.clone())).collect::<HashMap<_, _>>()
        });
        let mut context = Context::default();
        context.list_binding("descriptors".to_owned(), descriptors.collect());
        // As Limitador's own server does it: nothing, which gRPC cannot tell from 0, is 1.
        let hits = u64::from(request.hits_addend.max(1));
        let namespace = request.domain.as_str().into();
        let checked = self.0.limiter.check_rate_limited_and_update(&namespace, &context, hits);
        let checked = checked.map_err(|error| Status::internal(error.to_string()))?;
        let code = if checked.limited { Code::OverLimit } else { Code::Ok };
        self.0.asked.lock().unwrap().push(request);
        Ok(Response::new(RateLimitResponse { overall_code: code.into(), ..RateLimitResponse::default() }))
    }
}
