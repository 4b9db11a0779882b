//! Which settings only a new start can change, and which sections two configurations differ in.

use crate::config::Config;

/// Takes back what only a new start can change to what it is; the names of what was taken back.
pub(super) fn settle(running: &Config, new: &mut Config) -> Vec<&'static str> {
    let mut kept = Vec::new();
    let mut keep = Keep(&mut kept);
    keep.as_it_is("data_dir", &running.data_dir, &mut new.data_dir);
    keep.as_it_is("listen", &running.listen, &mut new.listen);
    keep.as_it_is("log", &running.log, &mut new.log);
    keep.as_it_is("store", &running.store, &mut new.store);
    keep.as_it_is("http.connections", &running.http.connections, &mut new.http.connections);
    keep.as_it_is(
        "http.connections_per_address",
        &running.http.connections_per_address,
        &mut new.http.connections_per_address,
    );
    keep.as_it_is("http.header_timeout_ms", &running.http.header_timeout, &mut new.http.header_timeout);
    keep.as_it_is("http.shutdown_timeout_ms", &running.http.shutdown_timeout, &mut new.http.shutdown_timeout);
    keep.as_it_is("ingest.concurrency", &running.ingest.concurrency, &mut new.ingest.concurrency);
    keep.as_it_is("security.enabled", &running.security.enabled, &mut new.security.enabled);
    match (&running.tls, &mut new.tls) {
        (Some(running), Some(new)) => {
            keep.as_it_is("tls.handshakes", &running.handshakes, &mut new.handshakes)
        }
        // The port speaks one or the other.
        (running, new) => keep.as_it_is("tls", running, new),
    }
    kept
}

struct Keep<'k>(&'k mut Vec<&'static str>);

impl Keep<'_> {
    fn as_it_is<T: PartialEq + Clone>(&mut self, name: &'static str, running: &T, new: &mut T) {
        if running != new {
            new.clone_from(running);
            self.0.push(name);
        }
    }
}

/// The sections in which they differ.
pub(super) fn changed(before: &Config, after: &Config) -> Vec<&'static str> {
    let sections = [
        ("http", before.http != after.http),
        ("tls", before.tls != after.tls),
        ("ingest", before.ingest != after.ingest),
        ("retention", before.retention != after.retention),
        ("security", before.security != after.security),
        ("crowdsec", before.crowdsec != after.crowdsec),
    ];
    sections.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Overrides, load};
    use std::time::Duration;

    #[test]
    fn what_takes_a_new_start_stays_and_is_named() {
        let running = load(None, Overrides::default()).unwrap();
        let mut new = running.clone();
        new.listen.set_port(1);
        new.store.readers += 1;
        new.http.connections += 1;
        new.http.request_timeout += Duration::from_secs(1);
        new.retention.incidents += 1;
        assert_eq!(settle(&running, &mut new), ["listen", "store", "http.connections"]);
        assert_eq!(changed(&running, &new), ["http", "retention"]);
        assert_eq!((new.listen, new.store.clone()), (running.listen, running.store.clone()));
        assert_eq!(settle(&running, &mut new), [""; 0]);
        assert_eq!(changed(&running, &running.clone()), [""; 0]);
    }
}
