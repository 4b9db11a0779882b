//! What is rendered means what it should, whatever the values are.

use super::*;
use serde_json::{Value, json};

const NASTY: &str = "a'\"\\ {{policy}} {{wasm}}: #[x]{y}\n- z\t\u{85}\u{2028}é\u{1f600} %FOO% |\n";

const WASM: &str = "envoy.filters.http.wasm";

fn gate(policy: &str) -> Gate {
    Gate {
        wasm: "/etc/portcullis/filter.wasm".to_owned(),
        policy: Inlined::AsWritten(policy.to_owned()),
        access_log: "/dev/stdout".to_owned(),
        analyzer: Some(Reports {
            cluster: "portcullis_analyzer".to_owned(),
            place: "analyzer.monitoring:9470".parse().ok(),
            tls: None,
            token_env: Some("PORTCULLIS_EDGE_TOKEN".to_owned()),
        }),
        body_bytes: 262_144,
        sockets: Switch::Off,
    }
}

/// A gate all of whose texts try to get out.
fn nasty() -> Gate {
    let reports = Reports {
        cluster: NASTY.to_owned(),
        place: "analyzer:1".parse().ok(),
        tls: None,
        token_env: Some(NASTY.to_owned()),
    };
    Gate {
        wasm: format!("/x/{NASTY}"),
        policy: Inlined::AsWritten(NASTY.to_owned()),
        access_log: NASTY.to_owned(),
        analyzer: Some(reports),
        body_bytes: 8 * 1024 * 1024,
        sockets: Switch::Off,
    }
}

fn name(text: &str) -> KubeName {
    text.parse().unwrap()
}

fn place(text: &str) -> Place {
    text.parse().unwrap()
}

fn bootstrap() -> Deployment {
    with_limits_of(None)
}

/// A bootstrap with a service for limits that are shared.
fn with_limits_of(service: Option<&str>) -> Deployment {
    Deployment::Envoy(Bootstrap {
        listen: place("[::]:8080"),
        upstream: place("10.0.0.7:4000"),
        admin: place("127.0.0.1:9901"),
        trusted_hops: 2,
        ratelimit: service.map(place),
    })
}

fn istio(side: Side) -> Deployment {
    let labels = vec!["app=graphql".parse().unwrap(), "security.example/tier=1".parse().unwrap()];
    Deployment::Istio(Istio { name: name("gate"), namespace: name("shop"), labels, side })
}

fn gateway(image: Option<&str>) -> Deployment {
    Deployment::Gateway(Gateway {
        name: name("gate"),
        namespace: name("shop"),
        gateway: name("eg"),
        listeners: vec![name("https")],
        image: image.map(str::to_owned),
    })
}

fn all() -> [Deployment; 6] {
    [
        bootstrap(),
        with_limits_of(Some("limits.internal:8081")),
        istio(Side::Sidecar),
        istio(Side::Gateway),
        gateway(None),
        gateway(Some("registry.example/filter:1")),
    ]
}

/// The documents of a file.
fn read(text: &str) -> Vec<Value> {
    text.split("\n---\n")
        .map(|document| {
            serde_saphyr::from_str(document).unwrap_or_else(|error| panic!("{error}\n{document}"))
        })
        .collect()
}

/// Every object with that value under `name`, at any depth.
fn named<'v>(value: &'v Value, wanted: &str) -> Vec<&'v Value> {
    let inner = match value {
        Value::Object(fields) => fields.values().flat_map(|value| named(value, wanted)).collect(),
        Value::Array(items) => items.iter().flat_map(|value| named(value, wanted)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let itself = (value["name"] == wanted && value.get("typed_config").is_some()).then_some(value);
    itself.into_iter().chain(inner).collect()
}

/// The filter in what was rendered.
fn filter(text: &str) -> Value {
    let documents = read(text);
    let found: Vec<_> = documents.iter().flat_map(|document| named(document, WASM)).collect();
    assert_eq!(found.len(), 1, "{text}");
    found[0].clone()
}

#[test]
fn every_deployment_has_the_same_filter() {
    let policy = "# ours\ngraphql:\n  limits: {depth: 7}\n";
    let filters = all().map(|deployment| filter(&deployment.render(&gate(policy))));
    let config = &filters[0]["typed_config"]["config"];
    assert_eq!(config["allow_on_headers_stop_iteration"], true);
    assert_eq!(config["failure_policy"], "FAIL_RELOAD");
    assert_eq!(config["configuration"]["value"], policy);
    assert_eq!(
        config["vm_config"]["environment_variables"]["host_env_keys"],
        json!(["PORTCULLIS_EDGE_TOKEN"])
    );
    assert_eq!(config["vm_config"]["code"]["local"]["filename"], "/etc/portcullis/filter.wasm");
    assert!(filters.iter().all(|filter| *filter == filters[0]));
}

#[test]
fn no_value_gets_out_of_its_place() {
    for deployment in all() {
        let (plain, text) = (deployment.render(&gate("x")), deployment.render(&nasty()));
        let (before, after) = (read(&plain), read(&text));
        assert_eq!(before.len(), after.len());
        for (before, after) in before.iter().zip(&after) {
            same_shape(before, after, "");
        }
        let config = filter(&text)["typed_config"]["config"].clone();
        assert_eq!(config["configuration"]["value"], NASTY);
        assert_eq!(config["vm_config"]["environment_variables"]["host_env_keys"], json!([NASTY]));
        assert_eq!(config["vm_config"]["code"]["local"]["filename"], format!("/x/{NASTY}"));
    }
}

/// Both have the same names and lengths all the way down; texts and numbers may differ.
fn same_shape(left: &Value, right: &Value, path: &str) {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "{path}");
            left.iter().for_each(|(name, value)| same_shape(value, &right[name], &format!("{path}.{name}")));
        }
        (Value::Array(left), Value::Array(right)) => {
            assert_eq!(left.len(), right.len(), "{path}");
            left.iter().zip(right).for_each(|(left, right)| same_shape(left, right, &format!("{path}[]")));
        }
        (left, right) => assert_eq!(std::mem::discriminant(left), std::mem::discriminant(right), "{path}"),
    }
}

#[test]
fn no_slot_stays_open_and_no_blank_is_left_behind() {
    let bare = Gate { analyzer: None, ..gate("a: 1\n") };
    for deployment in all() {
        for gate in [&gate("a: 1\n"), &bare] {
            let text = deployment.render(gate);
            assert!(!text.contains("{{"), "{text}");
            assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
            assert!(!text.contains("\n\n\n") && text.ends_with('\n') && !text.ends_with("\n\n"), "{text}");
            assert_eq!(text, deployment.render(gate));
        }
    }
}

#[test]
fn a_bootstrap_has_what_was_asked_for() {
    let config = &read(&bootstrap().render(&gate("")))[0];
    let resources = &config["static_resources"];
    let listener = &resources["listeners"][0];
    assert_eq!(listener["address"]["socket_address"], json!({"address": "::", "port_value": 8080}));
    assert_eq!(listener["per_connection_buffer_limit_bytes"], 1_048_576);
    let manager = &listener["filter_chains"][0]["filters"][0]["typed_config"];
    assert_eq!((&manager["use_remote_address"], &manager["xff_num_trusted_hops"]), (&true.into(), &2.into()));
    let filters: Vec<_> =
        manager["http_filters"].as_array().unwrap().iter().map(|filter| &filter["name"]).collect();
    assert_eq!(filters, [WASM, "envoy.filters.http.router"]);
    let clusters: Vec<_> = resources["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cluster| (&cluster["name"], &cluster["type"]))
        .collect();
    let name = |text: &str| Value::from(text);
    assert_eq!(
        clusters,
        [(&name("upstream"), &name("STATIC")), (&name("portcullis_analyzer"), &name("STRICT_DNS"))]
    );
    let large = &read(&bootstrap().render(&nasty()))[0]["static_resources"]["listeners"][0];
    assert_eq!(large["per_connection_buffer_limit_bytes"], 16 * 1024 * 1024);
    let without = Gate { analyzer: None, ..gate("") };
    let config = &read(&bootstrap().render(&without))[0];
    assert_eq!(config["static_resources"]["clusters"].as_array().unwrap().len(), 1);
}

#[test]
fn shared_limits_are_asked_for_behind_the_gate() {
    let text = with_limits_of(Some("limits.internal:8081")).render(&gate(""));
    let config = &read(&text)[0];
    let resources = &config["static_resources"];
    let manager = &resources["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    let filters = manager["http_filters"].as_array().unwrap();
    let names: Vec<_> = filters.iter().map(|filter| &filter["name"]).collect();
    assert_eq!(names, [WASM, "envoy.filters.http.ratelimit", "envoy.filters.http.router"]);
    let filter = &filters[1]["typed_config"];
    assert_eq!((&filter["failure_mode_deny"], &filter["domain"]), (&false.into(), &"portcullis".into()));
    let clusters = resources["clusters"].as_array().unwrap();
    let asked = &filter["rate_limit_service"]["grpc_service"]["envoy_grpc"]["cluster_name"];
    assert_eq!((clusters.len(), &clusters[2]["name"]), (3, asked));
    // Both ask only about what the gate has let through, the second by client too.
    let limits = manager["route_config"]["virtual_hosts"][0]["rate_limits"].as_array().unwrap();
    let states = limits.iter().map(|limit| {
        let actions = limit["actions"].as_array().unwrap().iter();
        let text = |action: &Value| action["extension"]["typed_config"]["text"].as_str().unwrap().to_owned();
        actions.map(text).collect::<Vec<_>>()
    });
    let [gate, client] = ["gate", "client"].map(|name| format!("filter_state['wasm.portcullis_{name}']"));
    assert_eq!(states.collect::<Vec<_>>(), [vec![gate.clone()], vec![gate, client]]);
}

#[test]
fn an_envoy_filter_patches_what_the_bootstrap_has() {
    let whole = &read(&bootstrap().render(&gate("")))[0];
    for (side, context, outwards) in
        [(Side::Sidecar, "SIDECAR_INBOUND", "SIDECAR_OUTBOUND"), (Side::Gateway, "GATEWAY", "GATEWAY")]
    {
        let manifest = &read(&istio(side).render(&gate("")))[0];
        assert_eq!(manifest["metadata"], json!({"name": "gate", "namespace": "shop"}));
        let labels = json!({"app": "graphql", "security.example/tier": "1"});
        assert_eq!(manifest["spec"]["workloadSelector"]["labels"], labels);
        let patches = manifest["spec"]["configPatches"].as_array().unwrap();
        let kinds: Vec<_> = patches
            .iter()
            .map(|patch| (patch["applyTo"].as_str().unwrap(), patch["patch"]["operation"].as_str().unwrap()))
            .collect();
        assert_eq!(
            kinds,
            [
                ("HTTP_FILTER", "INSERT_BEFORE"),
                ("NETWORK_FILTER", "MERGE"),
                ("LISTENER", "MERGE"),
                ("CLUSTER", "ADD"),
                ("BOOTSTRAP", "MERGE")
            ]
        );
        let contexts: Vec<_> =
            patches.iter().filter_map(|patch| patch["match"]["context"].as_str()).collect();
        assert_eq!(contexts, [context, context, context, outwards]);
        let value = |index: usize| &patches[index]["patch"]["value"];
        let manager = &whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0];
        assert_eq!(value(1)["typed_config"]["access_log"], manager["typed_config"]["access_log"]);
        assert_eq!(
            (&value(1)["name"], &value(1)["typed_config"]["@type"]),
            (&manager["name"], &manager["typed_config"]["@type"])
        );
        assert_eq!(value(2), &json!({"per_connection_buffer_limit_bytes": 1_048_576}));
        assert_eq!(value(3), &whole["static_resources"]["clusters"][1]);
        assert_eq!(value(4)["stats_config"], whole["stats_config"]);
    }
}

#[test]
fn a_patch_policy_and_its_proxy_say_what_the_bootstrap_has() {
    let whole = &read(&bootstrap().render(&gate("")))[0];
    let documents = read(&gateway(Some("registry.example/filter:1")).render(&gate("")));
    let [policy, proxy] = &documents[..] else { panic!("{documents:?}") };
    assert_eq!(
        policy["spec"]["targetRef"],
        json!({"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": "eg"})
    );
    let patches = policy["spec"]["jsonPatches"].as_array().unwrap();
    assert_eq!(patches.len(), 3);
    assert_eq!(
        (&patches[0]["name"], &patches[0]["operation"]["op"]),
        (&"shop/eg/https".into(), &"add".into())
    );
    let buffer = json!({"op": "add", "path": "/per_connection_buffer_limit_bytes", "value": 1_048_576});
    assert_eq!((&patches[1]["name"], &patches[1]["operation"]), (&patches[0]["name"], &buffer));
    assert_eq!(patches[2]["operation"]["value"], whole["static_resources"]["clusters"][1]);
    assert_eq!(patches[2]["name"], patches[2]["operation"]["value"]["name"]);
    assert_eq!((&proxy["kind"], &proxy["metadata"]), (&"EnvoyProxy".into(), &policy["metadata"]));
    let spec = &proxy["spec"];
    let bootstrap: Value = serde_saphyr::from_str(spec["bootstrap"]["value"].as_str().unwrap()).unwrap();
    assert_eq!(bootstrap, json!({"stats_config": whole["stats_config"]}));
    let manager =
        &whole["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"];
    assert_eq!(
        spec["telemetry"]["accessLog"]["settings"][0]["format"]["json"],
        manager["access_log"][0]["typed_config"]["log_format"]["json_format"]
    );
    let pods = &spec["provider"]["kubernetes"]["envoyDeployment"];
    assert_eq!(pods["pod"]["volumes"][0]["image"]["reference"], "registry.example/filter:1");
    let container = &pods["container"];
    assert_eq!(container["volumeMounts"][0]["mountPath"], "/etc/portcullis");
    assert_eq!(container["env"][0]["name"], "PORTCULLIS_EDGE_TOKEN");
    let bare = Gate { analyzer: None, ..gate("") };
    let documents = read(&gateway(None).render(&bare));
    assert_eq!(documents[0]["spec"]["jsonPatches"].as_array().unwrap().len(), 2);
    assert!(documents[1]["spec"].get("provider").is_none());
}

#[test]
fn every_listener_that_was_named_gets_the_filter() {
    let names = ["http", "https", "https-quic"];
    let listeners = names.map(name).to_vec();
    let gateway =
        Gateway { name: name("a"), namespace: name("b"), gateway: name("c"), listeners, image: None };
    let policy = &read(&Deployment::Gateway(gateway).render(&gate("")))[0];
    let patches = policy["spec"]["jsonPatches"].as_array().unwrap();
    let patched: Vec<_> = patches
        .iter()
        .filter(|patch| !named(patch, WASM).is_empty())
        .map(|patch| patch["name"].as_str().unwrap())
        .collect();
    assert_eq!(patched, names.map(|name| format!("b/c/{name}")));
    assert_eq!(patches.len(), 7);
}

#[test]
fn a_cluster_of_somebody_else_is_not_rendered() {
    let mut gate = gate("");
    let reports = gate.analyzer.as_mut().unwrap();
    (reports.cluster, reports.place) =
        ("outbound|9470||portcullis.monitoring.svc.cluster.local".to_owned(), None);
    for deployment in [istio(Side::Gateway), gateway(None)] {
        let text = deployment.render(&gate);
        assert!(!text.contains("load_assignment") && text.contains("host_env_keys"), "{text}");
    }
}

#[test]
fn upgrades_are_taken_where_the_policy_takes_sockets() {
    let manager = |sockets| {
        let text = bootstrap().render(&Gate { sockets, ..gate("") });
        let documents = read(&text);
        let manager = "/static_resources/listeners/0/filter_chains/0/filters/0/typed_config";
        documents[0].pointer(manager).unwrap().clone()
    };
    let on = manager(Switch::On);
    assert_eq!(on["upgrade_configs"], json!([{"upgrade_type": "websocket"}]));
    assert_eq!(on["http2_protocol_options"], json!({"allow_connect": true}));
    let off = manager(Switch::Off);
    assert_eq!((off.get("upgrade_configs"), &off["http2_protocol_options"]), (None, &json!({})));
}

#[test]
fn reports_go_over_tls_to_the_analyzer_and_nobody_else() {
    let shown = Shown { certificate: "/tls/edge.pem".to_owned(), key: NASTY.to_owned() };
    let mut gate = gate("");
    let reports = gate.analyzer.as_mut().unwrap();
    reports.tls = Some(UpstreamTls { ca: "/tls/ca.pem".to_owned(), shown: Some(shown) });
    let all = |gate: &Gate| [bootstrap(), istio(Side::Sidecar), gateway(None)].map(|it| it.render(gate));
    let cluster = |text: &str| {
        let clusters = read(text).iter().flat_map(sockets).collect::<Vec<_>>();
        assert_eq!(clusters.len(), 1, "{text}");
        clusters[0]["typed_config"].clone()
    };
    for text in all(&gate) {
        let context = cluster(&text);
        assert_eq!(context["sni"], "analyzer.monitoring");
        let common = &context["common_tls_context"];
        assert_eq!(common["tls_certificates"][0]["private_key"]["filename"], NASTY);
        assert_eq!(common["tls_certificates"][0]["certificate_chain"]["filename"], "/tls/edge.pem");
        let validation = &common["validation_context"];
        assert_eq!(validation["trusted_ca"]["filename"], "/tls/ca.pem");
        let names = json!([{"san_type": "DNS", "matcher": {"exact": "analyzer.monitoring"}}]);
        assert_eq!(validation["match_typed_subject_alt_names"], names);
        assert!(!text.contains("plain text") && !text.contains("{{travel"), "{text}");
    }
    let reports = gate.analyzer.as_mut().unwrap();
    reports.place = "[::1]:9470".parse().ok();
    reports.tls = Some(UpstreamTls { ca: "/tls/ca.pem".to_owned(), shown: None });
    for text in all(&gate) {
        let context = cluster(&text);
        assert!(
            context.get("sni").is_none() && context["common_tls_context"].get("tls_certificates").is_none()
        );
        let names = json!([{"san_type": "IP_ADDRESS", "matcher": {"exact": "::1"}}]);
        assert_eq!(
            context["common_tls_context"]["validation_context"]["match_typed_subject_alt_names"],
            names
        );
    }
}

/// Every transport socket in a document.
fn sockets(value: &Value) -> Vec<Value> {
    let inner: Vec<_> = match value {
        Value::Object(fields) => fields.values().flat_map(sockets).collect(),
        Value::Array(items) => items.iter().flat_map(sockets).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    value.get("transport_socket").cloned().into_iter().chain(inner).collect()
}
