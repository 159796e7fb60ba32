//! What the page's principal may do. The server decides; the page only offers what the server would accept.

use super::Live;
use crate::{
    client::signals::RowSignals,
    model::{Me, PrincipalKind, Right, Subject, WorkloadId},
};
use leptos::prelude::*;

impl Live {
    /// The principal for which the page is shown; `None` when the server knows none. When it or its grants
    /// change, the page is reloaded.
    pub fn me(self) -> Option<Me> {
        self.initial.with_value(|initial| initial.me.clone())
    }

    /// Whether the page is shown for the principal and the grants with this digest.
    pub fn is_for(self, principal: &str) -> bool {
        self.initial
            .with_value(|initial| initial.principal == principal)
    }

    /// Whether the principal may act on nothing at all.
    pub fn is_read_only(self) -> bool {
        self.if_limited(|me| !me.has(Right::Act)).unwrap_or(false)
    }

    /// Whether the principal has the right to act on the workload, whatever its state is. Tracks the workload.
    pub fn may_act(self, id: WorkloadId) -> bool {
        self.may(Right::Act, id)
    }

    /// Whether the principal has `right` on the workload. Tracks the workload.
    pub fn may(self, right: Right, id: WorkloadId) -> bool {
        let allows = |me: &Me| {
            self.row(id).is_some_and(|row| {
                let workload = row.workload.read();
                me.allows(right, &Subject::of_workload(id.scope, &workload))
            })
        };
        self.if_limited(allows).unwrap_or(true)
    }

    /// What `ask` says of the principal; `None` if sign-in is switched off, so that everything is allowed.
    fn if_limited(self, ask: impl FnOnce(&Me) -> bool) -> Option<bool> {
        self.initial.with_value(|initial| {
            let me = initial.me.as_ref();
            me.filter(|me| me.kind != PrincipalKind::Anyone).map(ask)
        })
    }

    /// Whether actions are possible: the principal has the right, and the shown state of the container is
    /// known to be current. Tracks nothing.
    pub fn can_act(self, id: WorkloadId) -> bool {
        let is_live = |row: RowSignals| row.as_of.get_untracked().is_live();
        self.row(id).is_some_and(is_live) && untrack(|| self.may_act(id))
    }

    /// Whether actions are possible on any of these containers. Tracks them.
    pub fn can_act_on<'a>(self, ids: impl IntoIterator<Item = &'a WorkloadId>) -> bool {
        let is_live = |row: RowSignals| row.as_of.get().is_live();
        let mut ids = ids.into_iter();
        ids.any(|id| self.row(*id).is_some_and(is_live) && self.may_act(*id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::{Initial, InitialState, provide_live},
        model::{
            AuthMode, Grant, Grants, HostId, Role, ScopePattern, Timestamp, Update,
            fixtures::container,
        },
        protocol::{Sequenced, ServerMessage},
    };
    use std::sync::Arc;

    fn me(kind: PrincipalKind, grants: &[Grant]) -> Me {
        Me {
            username: "ben".into(),
            kind,
            rights: Grants::new(grants.to_vec())
                .unwrap()
                .rights()
                .into_iter()
                .collect(),
            grants: grants.to_vec(),
            expires_at: None,
            modes: vec![AuthMode::Password],
        }
    }

    /// Runs `check` on a page of `me` with the containers `web-1` and `web-2`.
    fn on_page(me: Option<Me>, check: impl FnOnce(Live, [WorkloadId; 2])) {
        let host = HostId::local();
        let containers = [container(1), container(2)];
        let ids = [1, 2].map(|n| WorkloadId::container(host, container(n).id));
        let mut initial = Initial {
            me,
            ..Initial::default()
        };
        let update = Update::Containers {
            timestamp: Timestamp::default(),
            host,
            data: containers.into_iter().map(Arc::new).collect(),
        };
        let message = ServerMessage::Update(Sequenced { update, seq: 1 });
        initial.snapshot.messages.push(message);
        Owner::new().with(|| {
            provide_context(InitialState(Arc::new(initial)));
            check(provide_live(), ids);
        });
    }

    #[test]
    fn actions_are_offered_only_where_a_grant_gives_the_right() {
        let grants = [
            Grant::new(Role::Viewer, ScopePattern::Everything),
            Grant::new(Role::Operator, ScopePattern::Name("web-1".into())),
        ];
        on_page(
            Some(me(PrincipalKind::User, &grants)),
            |live, [own, other]| {
                assert!(live.may_act(own) && !live.may_act(other));
                assert!(!live.can_act(other) && !live.can_act_on([&other]));
                assert!(!live.is_read_only());
            },
        );
        on_page(
            Some(me(PrincipalKind::User, &grants[..1])),
            |live, [own, _]| {
                assert!(!live.may_act(own) && live.may(Right::See, own));
                assert!(live.is_read_only());
            },
        );
    }

    #[test]
    fn without_a_sign_in_everything_is_offered() {
        let anyone = me(PrincipalKind::Anyone, &[]);
        for me in [None, Some(anyone)] {
            on_page(me, |live, [own, other]| {
                assert!(live.may_act(own) && live.may(Right::Reveal, other));
                assert!(!live.is_read_only());
            });
        }
    }
}
