//! The fake cluster's HTTP API.

use super::{
    answers::{not_found_page, unauthorized, unsupported},
    changes, discovery,
    kinds::{METRICS, REVIEWS},
    lists, logs, metrics, rights,
    target::{Asked, Target},
    watches,
    world::{Shared, World},
};
use crate::support::fake_server::{FakeServer, Faults};
use axum::response::Response;
use hyper::{Request, body::Incoming};
use std::sync::Arc;

impl FakeServer for Shared {
    fn faults(&self) -> &Faults {
        &self.faults
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response {
        let asked = Asked::read(request).await;
        let request = format!("{} {}", asked.method, asked.uri);
        self.world().requests.push(request.clone());
        self.faults.while_hanging().await;
        let truth = async { truth(&self, &asked) };
        self.faults.apply(&request, truth).await
    }
}

/// The correct response.
fn truth(shared: &Arc<Shared>, asked: &Asked) -> Response {
    if !is_authenticated(&shared.world(), asked) {
        return unauthorized();
    }
    let path = asked.path();
    if let Some(answer) = discovery::answer(&shared.world(), &path) {
        return answer;
    }
    let Some(target) = Target::of(&path) else {
        return not_found_page();
    };
    // Every user may ask what is permitted.
    if target.kind.group == REVIEWS {
        return rights::review(&shared.world(), target.kind, asked);
    }
    let refusal = shared.world().refusal(&target, asked);
    refusal.unwrap_or_else(|| permitted(shared, &target, asked))
}

fn is_authenticated(world: &World, asked: &Asked) -> bool {
    let Some(token) = &world.token else {
        return true;
    };
    let authorization = asked.authorization.as_deref();
    asked.has_certificate || authorization == Some(format!("Bearer {token}").as_str())
}

fn permitted(shared: &Arc<Shared>, target: &Target, asked: &Asked) -> Response {
    let (group, name) = (target.kind.group, target.name.as_str());
    match (asked.method.as_str(), name, target.subresource.as_str()) {
        ("GET", _, "") if group == METRICS => metrics::metrics(&shared.world(), target, asked),
        ("GET", "", "") if asked.is("watch") => watches::watch(shared, target, asked),
        ("GET", "", "") => lists::list(&shared.world(), target, &asked.query),
        ("GET", _, "") => lists::get(&shared.world(), target),
        ("GET", _, "log") => logs::logs(shared, target, asked),
        ("GET", _, "proxy/stats/summary") => metrics::summary(&shared.world(), target),
        ("PATCH" | "PUT" | "DELETE", _, "") | ("GET" | "PATCH" | "PUT", _, "scale")
            if !name.is_empty() =>
        {
            shared.change(|world| changes::change(world, target, asked))
        }
        _ => {
            let message = "the server does not allow this method on the requested resource";
            unsupported(405, "MethodNotAllowed", message)
        }
    }
}
