//! `routes`: where requests are judged, and by which profile.

use super::{Found, switch};
use crate::policy::{ProfileId, Reach, Route, RoutePath};
use serde::Deserialize;

/// A path at which sockets are opened.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct RouteSection {
    /// The path in normal form; requests are matched after percent-decoding, dot segments and doubled slashes are undone.
    path: String,
}

/// One path under the policy.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct GraphqlRouteSection {
    /// The path in normal form; requests are matched after percent-decoding, dot segments and doubled slashes are undone.
    path: String,
    /// `exact`, or `prefix` for everything beneath the path too; an exact one speaks before a prefix, a longer prefix before a shorter one.
    #[serde(default, rename = "match")]
    reach: ReachChoice,
    /// The profile by which requests are judged, unless the Envoy route that they take names one.
    #[serde(default)]
    profile: Option<String>,
    /// Judge requests there; `false` lets those pass that spell the path exactly so.
    #[serde(default = "enabled")]
    enabled: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(serde::Serialize, schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum ReachChoice {
    /// The path alone.
    #[default]
    Exact,
    /// The path and everything beneath it.
    Prefix,
}

fn enabled() -> bool {
    true
}

impl GraphqlRouteSection {
    /// Where most servers have it.
    pub(super) fn usual() -> Self {
        let path = "/graphql".to_owned();
        Self { path, reach: ReachChoice::default(), profile: None, enabled: enabled() }
    }
}

impl Found {
    /// The paths of a list of routes.
    pub(super) fn paths(&mut self, list: &str, sections: Vec<RouteSection>) -> Vec<RoutePath> {
        for (index, RouteSection { path }) in sections.iter().enumerate() {
            self.path(format!("{list}[{index}].path"), path);
        }
        sections.into_iter().map(|section| RoutePath(section.path)).collect()
    }

    fn path(&mut self, place: String, path: &str) {
        if let Some(problem) = unfit(path) {
            self.say(place, format!("{problem}, got `{}`", path.escape_debug()));
        }
    }

    /// The routes; `profiles` are the names of the profiles, in their order.
    pub(super) fn routes(&mut self, sections: Vec<GraphqlRouteSection>, profiles: &[&str]) -> Vec<Route> {
        if sections.is_empty() {
            self.say("routes", "must name at least one path");
        }
        let mut routes: Vec<Route> = Vec::with_capacity(sections.len());
        for (index, GraphqlRouteSection { path, reach, profile, enabled }) in sections.into_iter().enumerate()
        {
            self.path(format!("routes[{index}].path"), &path);
            let profile = profile.and_then(|name| {
                let place = profiles.iter().position(|known| *known == name);
                if place.is_none() {
                    let problem = format!("no profile is called `{}`", name.escape_debug());
                    self.say(format!("routes[{index}].profile"), problem);
                }
                place.and_then(|place| u8::try_from(place).ok()).map(ProfileId)
            });
            let reach = match reach {
                ReachChoice::Exact => Reach::Exact,
                ReachChoice::Prefix => Reach::Prefix,
            };
            if routes.iter().any(|known| known.path.as_str() == path && known.reach == reach) {
                let got = path.escape_debug();
                self.say(format!("routes[{index}].path"), format!("`{got}` is there twice"));
            }
            routes.push(Route { path: RoutePath(path), reach, profile, judged: switch(enabled) });
        }
        routes
    }
}

/// What keeps a path from ever being matched: requests are matched in normal form.
fn unfit(path: &str) -> Option<&'static str> {
    let segments = || path.split('/').skip(1);
    if !path.starts_with('/') {
        Some("must start with `/`")
    } else if path.contains(['?', '#', ';', '%', '\\']) || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some("must be a plain path of visible ASCII without `?`, `#`, `;`, `%` and `\\`")
    } else if path != "/" && segments().any(|segment| matches!(segment, "" | "." | "..")) {
        Some("must have no empty segment, no `.` and no `..`, and not end in `/`")
    } else {
        None
    }
}
