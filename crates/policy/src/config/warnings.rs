//! What is sound in a policy, and hardly what its operator means.

use crate::policy::Class;
use crate::{Mistake, Policy, Switch};

impl Policy {
    /// What an operator should know of a policy that is sound; none of it keeps the policy from being used.
    pub fn warnings(&self) -> Vec<Mistake> {
        self.handed_over().into_iter().collect()
    }

    /// Operations on sockets are not handed over: Envoy asks about requests, and a socket is one.
    fn handed_over(&self) -> Option<Mistake> {
        let is_judged = self.routes.iter().any(|route| route.judged == Switch::On);
        if [self.throttles.hand_over_cost, self.websocket.graphql] != [Switch::On; 2] || !is_judged {
            return None;
        }
        let is_bound = |class: &Class| {
            let id = self.clients.named(&class.name);
            self.throttles.rules.iter().any(|rule| id.is_some_and(|id| rule.applies_to(id)))
        };
        let unbound = self.clients.classes().iter().filter(|class| !is_bound(class));
        let names: Vec<_> = unbound.map(|class| class.name.as_ref()).collect();
        (!names.is_empty()).then(|| Mistake {
            path: "throttles.hand_over_cost".to_owned(),
            problem: format!(
                "operations on WebSockets are not handed over, and no rule of `throttles` bounds those of {}; \
                 add one, or take no GraphQL sockets: `websocket: {{graphql: false}}`",
                names.join(", ")
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, classes: Option<&str>) {
        let found = Policy::parse(text).unwrap().warnings();
        let told: Vec<_> = found.iter().map(ToString::to_string).collect();
        match classes {
            None => assert_eq!(told, Vec::<String>::new()),
            Some(classes) => {
                let [told] = told.as_slice() else { panic!("{told:?}") };
                assert!(told.starts_with("throttles.hand_over_cost: ") && told.contains(classes), "{told}");
            }
        }
    }

    #[test]
    fn what_sockets_spend_is_bounded_by_somebody() {
        let rule = |classes: &str| {
            format!(
                "clients: {{classes: [{{name: staff, when: [{{identity: [header]}}]}}]}}\n\
                 throttles: {{hand_over_cost: true, rules: [{{name: a, per: client, unit: cost, capacity: 1, window_ms: 1{classes}}}]}}"
            )
        };
        check("", None);
        check("throttles: {hand_over_cost: true}", Some("bounds those of anonymous;"));
        check("throttles: {hand_over_cost: true}\nwebsocket: {graphql: false}", None);
        check(
            "throttles: {hand_over_cost: true}\nroutes: [{path: /graphql, enabled: false}, {path: /a}]",
            Some("anonymous"),
        );
        check(&rule(""), None);
        check(&rule(", classes: [staff]"), Some("bounds those of anonymous;"));
        check(&rule(", classes: [anonymous]"), Some("bounds those of staff;"));
    }
}
