//! The binary form of principals, accounts, tokens and the audit.

use super::{
    Reader, Wire, Writer,
    values::{wire_choice, wire_struct},
};
use crate::{
    model::{AuditOutcome, AuthMode, Me, PrincipalKind},
    protocol::{
        Alarm, Audit, AuditEntry, CreatedToken, RecentFigures, Secret, SocketFigures,
        StorageStatus, StorageWord, SystemStatus, Token, TokenKind, Tokens, User, Users,
    },
};

wire_choice!(PrincipalKind { 0 = Anyone, 1 = User, 2 = Token, 3 = Kiosk });
wire_choice!(AuthMode { 0 = None, 1 = Password, 2 = Proxy, 3 = Oidc });
wire_choice!(TokenKind { 0 = Api, 1 = Kiosk });
wire_choice!(AuditOutcome { 0 = Begun, 1 = Done, 2 = Refused, 3 = Failed });
wire_choice!(StorageWord { 0 = Ready, 1 = Failing });

impl Wire for Secret {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        Self(Wire::read(from))
    }
}

wire_struct!(Me {
    username,
    kind,
    rights,
    grants,
    expires_at,
    modes
});
wire_struct!(User {
    username,
    source,
    disabled,
    grants,
    created,
    seen,
    sessions
});
wire_struct!(Users { users });
wire_struct!(Token {
    id,
    name,
    start,
    kind,
    grants,
    created_by,
    created,
    expires_at,
    used,
    used_from
});
wire_struct!(Tokens { tokens });
wire_struct!(CreatedToken { token, created });
wire_struct!(AuditEntry {
    id,
    at,
    who,
    from,
    did,
    on,
    outcome,
    detail
});
wire_struct!(Audit { entries, next });
wire_struct!(SocketFigures {
    open,
    opened,
    closed,
    sent_messages,
    failed_messages,
    sent_bytes,
    reconnects,
    resyncs,
    log_gaps,
    mean_duration_ms,
    mean_delivery_us
});
wire_struct!(RecentFigures {
    window_ms,
    sent_messages,
    failed_messages,
    reconnects
});
wire_struct!(StorageStatus { state, reason });
wire_struct!(Alarm { name, text });
wire_struct!(SystemStatus {
    version,
    uptime_ms,
    cpu_percent,
    memory,
    clients,
    max_clients,
    sockets,
    recent,
    sources,
    storage,
    alarms
});
