use crate::config::tests::mistakes;
use crate::{Compression, Policy, Subprotocol, Switch};

#[test]
fn sockets_are_bounded_by_default() {
    let websocket = Policy::parse("").unwrap().websocket;
    assert_eq!(websocket.subprotocols, [Subprotocol::GraphqlTransportWs, Subprotocol::GraphqlWs]);
    assert_eq!((websocket.graphql, websocket.compression), (Switch::On, Compression::Off));
    let limits = websocket.limits;
    assert_eq!((limits.message_bytes, limits.open_operations), (65_536, 100));
    assert_eq!((limits.messages_per_second, limits.burst, limits.init_timeout_ms), (50, 100, 10_000));
    assert!(websocket.attempts().is_empty() && websocket.sockets().is_empty());
}

#[test]
fn sockets_are_taken_where_the_policy_says_so() {
    let websocket = |text: &str| Policy::parse(text).unwrap().websocket;
    assert!(websocket("websocket: {graphql: true}").are_taken());
    let chat = websocket("websocket: {graphql: false, routes: [{path: /chat}]}");
    assert_eq!((chat.graphql, chat.are_taken()), (Switch::Off, true));
    assert!(!websocket("websocket: {graphql: false}").are_taken());
}

#[test]
fn throttles_of_sockets_have_names_among_those_of_all() {
    let text = "
throttles: {streams: [{name: open, per: client, max: 5}]}
websocket:
  attempts: [{name: knocks, per: client, capacity: 10, window_ms: 1000}]
  sockets: [{name: held, per: class, max: 7}]
  messages: [{name: talk, per: client, capacity: 10, refill: 5, window_ms: 1000}]
";
    let policy = Policy::parse(text).unwrap();
    let names: Vec<&str> = policy.throttles.names().chain(policy.websocket.names()).collect();
    assert_eq!(names, ["open", "knocks", "held", "talk"]);
}

#[test]
fn every_mistake_is_told_with_its_path() {
    let text = "
throttles: {rules: [{name: burst, per: client, unit: requests, capacity: 1, window_ms: 1}]}
websocket:
  routes: [{path: chat}, {path: /graphql}]
  origins: ['https://app.example:*', 'app.example', 'https://app.example/x', 'http://127.0.0.1:*', '*']
  subprotocols: []
  limits: {message_bytes: 124, burst: 0, socket_bytes: 1}
  attempts: [{name: burst, per: client, capacity: 0, window_ms: 1}]
  sockets: [{name: held, per: client, max: 0, classes: [nobody]}]
  messages: [{name: held, per: class, capacity: 1, window_ms: 1}]
  tracked_sockets: 1
";
    mistakes(
        text,
        &[
            "websocket.tracked_sockets: must be at least 8, got 1",
            "websocket.attempts[0].name: `burst` is another throttle's",
            "websocket.attempts[0].capacity: must be at least 1, got 0",
            "websocket.sockets[0].classes[0]: no class is called `nobody`",
            "websocket.sockets[0].max: must be at least 1, got 0",
            "websocket.messages[0].name: `held` is another throttle's",
            "websocket.subprotocols: must name at least one; say `graphql: false` to take no GraphQL sockets",
            "websocket.routes[0].path: must start with `/`, got `chat`",
            "websocket.routes[1].path: `/graphql` is a GraphQL route; its sockets are those of `websocket.graphql`",
            "websocket.origins[0]: must name its port, since it is not of this machine, got `https://app.example:*`",
            "websocket.origins[1]: must be `scheme://host` or `scheme://host:port`, got `app.example`",
            "websocket.origins[2]: must be `scheme://host` or `scheme://host:port`, got `https://app.example/x`",
            "websocket.limits.burst: must be at least 1, got 0",
            "websocket.limits.message_bytes: must be at least 125, got 124",
            "websocket.limits.socket_bytes: must be at least 1048576, got 1",
        ],
    );
    mistakes(
        "websocket: {subprotocols: [mqtt]}\n",
        &[
            "websocket.subprotocols[0]: unknown variant `mqtt`, expected one of graphql-transport-ws, graphql-ws (line 1)",
        ],
    );
    mistakes(
        "websocket: {orgins: []}\n",
        &[
            "websocket.orgins: unknown field `orgins`, expected one of graphql, routes, same_origin, origins, missing_origin, subprotocols, compression, limits, attempts, sockets, messages, tracked_clients, tracked_sockets (line 1)",
        ],
    );
}

#[test]
fn each_limit_is_bounded_at_its_edges() {
    for (name, low, high) in [
        ("message_bytes", 125_u64, 8_388_608_u64),
        ("frames_per_message", 1, 1_000_000),
        ("open_operations", 1, 1_000),
        ("messages_per_second", 1, 1_000_000),
        ("burst", 1, 1_000_000),
        ("control_frames_per_second", 1, 1_000_000),
        ("init_timeout_ms", 100, 3_600_000),
        ("init_payload_bytes", 125, 1_048_576),
        ("idle_ms", 1_000, 86_400_000),
        ("lifetime_ms", 1_000, 2_592_000_000),
        ("socket_bytes", 1_048_576, 536_870_912),
    ] {
        let text = |value: u64| format!("websocket: {{limits: {{{name}: {value}}}}}\n");
        mistakes(&text(low), &[]);
        mistakes(&text(high), &[]);
        let (under, over) = (low - 1, high + 1);
        mistakes(&text(under), &[&format!("websocket.limits.{name}: must be at least {low}, got {under}")]);
        mistakes(&text(over), &[&format!("websocket.limits.{name}: must be at most {high}, got {over}")]);
    }
}
