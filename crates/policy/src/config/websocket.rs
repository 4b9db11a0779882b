//! `websocket`: who may open a WebSocket, how fast, and what it may carry.

mod limits;
mod throttles;

use super::routes::RouteSection;
use super::{Found, switch};
use crate::policy::{
    Compression, Origin, Origins, Port, Route, RoutePath, StreamLimit, Subprotocol, Throttle, Throttles,
    WebSockets,
};
use limits::SocketLimitsSection;
use serde::Deserialize;
use throttles::{RateSection, SocketsSection};

/// Origins that a policy may list.
const ORIGINS: usize = 256;

#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub(super) struct WebsocketSection {
    /// Take GraphQL sockets on the paths of `routes`, and judge their operations; otherwise upgrades there are refused.
    graphql: bool,
    /// Paths of sockets that carry no GraphQL: their handshakes and frames are checked, their messages counted. Other requests there pass untouched.
    routes: Vec<RouteSection>,
    /// Let the server's own pages open sockets: those whose host and port are the ones that the request was sent to.
    same_origin: bool,
    /// Origins whose pages may open sockets, as `scheme://host:port`, the scheme's own port being left out; `http://localhost:*` is any port of this
    /// machine, and `*` any origin, as long as no cookies come. Others are refused with 403.
    origins: Vec<String>,
    /// What becomes of handshakes without `Origin`, which browsers never send: `allow` or `refuse`.
    missing_origin: MissingOriginChoice,
    /// Subprotocols taken on GraphQL routes; a handshake that offers another, or none, is refused with 400.
    subprotocols: Vec<SubprotocolChoice>,
    /// What is done with offers to compress: `off` takes them out of the handshake, `inflate` leaves `permessage-deflate` without context takeover.
    compression: CompressionChoice,
    /// What one socket may carry.
    limits: SocketLimitsSection,
    /// How often clients may try to open sockets; beyond one 429.
    attempts: Vec<RateSection>,
    /// How many sockets may be open at once, over all workers; one more is refused with 429.
    sockets: Vec<SocketsSection>,
    /// How many messages clients may send over all of their sockets; beyond one the socket is closed with 1008.
    messages: Vec<RateSection>,
    /// Clients whose attempts and messages are kept apart; beyond, clients without a place share one bucket for each class.
    tracked_clients: u32,
    /// Clients whose open sockets are kept apart; beyond, clients without a place share one count for each class.
    tracked_sockets: u32,
}

impl Default for WebsocketSection {
    fn default() -> Self {
        Self {
            graphql: true,
            routes: Vec::new(),
            same_origin: true,
            origins: Vec::new(),
            missing_origin: MissingOriginChoice::Allow,
            subprotocols: SubprotocolChoice::ALL.to_vec(),
            compression: CompressionChoice::Off,
            limits: SocketLimitsSection::default(),
            attempts: Vec::new(),
            sockets: Vec::new(),
            messages: Vec::new(),
            tracked_clients: 65_536,
            tracked_sockets: 8_192,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum MissingOriginChoice {
    Allow,
    Refuse,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
enum SubprotocolChoice {
    #[serde(rename = "graphql-transport-ws")]
    GraphqlTransportWs,
    #[serde(rename = "graphql-ws")]
    GraphqlWs,
}

impl SubprotocolChoice {
    const ALL: [Self; 2] = [Self::GraphqlTransportWs, Self::GraphqlWs];

    fn read(self) -> Subprotocol {
        match self {
            Self::GraphqlTransportWs => Subprotocol::GraphqlTransportWs,
            Self::GraphqlWs => Subprotocol::GraphqlWs,
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum CompressionChoice {
    Off,
    Inflate,
}

impl Found {
    /// `taken` are the names of the throttles for requests, and `graphql` the routes of these.
    pub(super) fn websocket(
        &mut self,
        section: WebsocketSection,
        graphql: &[Route],
        classes: &[&str],
        taken: &Throttles,
    ) -> WebSockets {
        let tables = (
            self.within("websocket.tracked_clients", section.tracked_clients, 8, 1_000_000),
            self.within("websocket.tracked_sockets", section.tracked_sockets, 8, 1_000_000),
        );
        let mut names: Vec<String> = taken.names().map(str::to_owned).collect();
        let attempts = self.rates("websocket.attempts", section.attempts, classes, &mut names);
        let sockets = self.sockets(section.sockets, classes, &mut names);
        let messages = self.rates("websocket.messages", section.messages, classes, &mut names);
        if section.subprotocols.is_empty() {
            self.say(
                "websocket.subprotocols",
                "must name at least one; say `graphql: false` to take no GraphQL sockets",
            );
        }
        WebSockets {
            graphql: switch(section.graphql),
            routes: self.socket_routes(section.routes, graphql),
            origins: self.origins(section.same_origin, &section.origins, section.missing_origin),
            subprotocols: section.subprotocols.into_iter().map(SubprotocolChoice::read).collect(),
            compression: match section.compression {
                CompressionChoice::Off => Compression::Off,
                CompressionChoice::Inflate => Compression::Inflate,
            },
            limits: self.socket_limits(&section.limits),
            handshakes: throttles(attempts, sockets, tables),
            messages: throttles(messages, Vec::new(), tables),
        }
    }

    fn socket_routes(&mut self, sections: Vec<RouteSection>, graphql: &[Route]) -> Vec<RoutePath> {
        let routes = self.paths("websocket.routes", sections);
        for (index, route) in routes.iter().enumerate() {
            if graphql.iter().any(|known| known.path == *route) {
                let problem = format!(
                    "`{}` is a GraphQL route; its sockets are those of `websocket.graphql`",
                    route.as_str()
                );
                self.say(format!("websocket.routes[{index}].path"), problem);
            }
        }
        routes
    }

    fn origins(&mut self, same: bool, texts: &[String], missing: MissingOriginChoice) -> Origins {
        self.at_most("websocket.origins", texts.len(), ORIGINS);
        let mut listed = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate().filter(|(_, text)| *text != "*") {
            match Origin::parse(text) {
                Some(origin) if origin.port == Port::Any && !origin.is_local() => self.say(
                    format!("websocket.origins[{index}]"),
                    format!("must name its port, since it is not of this machine, got `{text}`"),
                ),
                Some(origin) => listed.push(origin),
                None => self.say(
                    format!("websocket.origins[{index}]"),
                    format!("must be `scheme://host` or `scheme://host:port`, got `{}`", text.escape_debug()),
                ),
            }
        }
        Origins {
            same: switch(same),
            listed,
            any: switch(texts.iter().any(|text| text == "*")),
            missing: switch(missing == MissingOriginChoice::Allow),
        }
    }
}

fn throttles(rules: Vec<Throttle>, streams: Vec<StreamLimit>, (clients, streaming): (u32, u32)) -> Throttles {
    let off = switch(false);
    Throttles { rules, streams, clients, operations: 8, streaming, legacy_headers: off, hand_over_cost: off }
}

#[cfg(test)]
mod tests;
