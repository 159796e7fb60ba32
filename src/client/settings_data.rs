//! The data of a page of the settings in the first HTML.

use crate::protocol::{
    ApiError, Audit, SystemStatus, Tokens, Users,
    codec::{self, Reader, Wire, Writer},
};

/// The data of a page of the settings. [`Section::Profile`](crate::model::Section::Profile) needs none.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingsData {
    /// The users.
    Users(Users),
    /// The tokens.
    Tokens(Tokens),
    /// The part of the audit that the query of the page selects.
    Audit(Audit),
    /// The state of the server.
    System(Box<SystemStatus>),
    /// Why there is no data: what the page shows in its place.
    Refused(ApiError),
}

/// Encoded [`SettingsData`]. Every page decodes the first HTML, but only the part of the settings has the code
/// that decodes this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFrame(Vec<u8>);

impl SettingsFrame {
    /// Encodes `data`.
    pub fn new(data: &SettingsData) -> Self {
        Self(codec::encode(data))
    }

    /// Decodes the data; `None` if it is invalid.
    pub fn data(&self) -> Option<SettingsData> {
        codec::decode(&self.0).ok()
    }
}

impl Wire for SettingsFrame {
    fn write(&self, to: &mut Writer) {
        self.0.write(to);
    }

    fn read(from: &mut Reader<'_>) -> Self {
        Self(Wire::read(from))
    }
}

impl Wire for SettingsData {
    fn write(&self, to: &mut Writer) {
        match self {
            Self::Refused(error) => {
                to.byte(0);
                error.write(to);
            }
            Self::Users(users) => {
                to.byte(1);
                users.write(to);
            }
            Self::Tokens(tokens) => {
                to.byte(2);
                tokens.write(to);
            }
            Self::Audit(audit) => {
                to.byte(3);
                audit.write(to);
            }
            Self::System(status) => {
                to.byte(4);
                status.write(to);
            }
        }
    }

    fn read(from: &mut Reader<'_>) -> Self {
        match from.byte() {
            1 => Self::Users(Wire::read(from)),
            2 => Self::Tokens(Wire::read(from)),
            3 => Self::Audit(Wire::read(from)),
            4 => Self::System(Box::new(Wire::read(from))),
            tag => {
                if tag != 0 {
                    from.fail();
                }
                Self::Refused(Wire::read(from))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            AuditOutcome, AuthMode, Grant, Role, ScopePattern, SourceKind, SourceState,
            SourceStatus, Timestamp,
        },
        protocol::{
            Alarm, AuditEntry, ErrorCode, RecentFigures, SocketFigures, StorageStatus, StorageWord,
            Token, TokenKind, User,
        },
    };

    fn examples() -> [SettingsData; 5] {
        let grants = vec![
            Grant::new(Role::Admin, ScopePattern::Everything),
            Grant::new(Role::Viewer, ScopePattern::Name("web-*".into())),
        ];
        let at = Timestamp::from_millis;
        [
            SettingsData::Users(Users {
                users: vec![User {
                    username: "ana".into(),
                    source: AuthMode::Oidc,
                    disabled: true,
                    grants: grants.clone(),
                    created: at(5_000),
                    seen: Some(at(7_000)),
                    sessions: 2,
                }],
            }),
            SettingsData::Tokens(Tokens {
                tokens: vec![Token {
                    id: "1".into(),
                    name: "ci".into(),
                    start: "dwt_7Kq2".into(),
                    kind: TokenKind::Kiosk,
                    grants,
                    created_by: "ana".into(),
                    created: at(9_000),
                    expires_at: Some(at(1)),
                    used: None,
                    used_from: Some("10.0.3.40".into()),
                }],
            }),
            SettingsData::Audit(Audit {
                entries: vec![AuditEntry {
                    id: 7,
                    at: at(3),
                    who: "ana".into(),
                    from: None,
                    did: "restart".into(),
                    on: "web · local".into(),
                    outcome: AuditOutcome::Refused,
                    detail: "outside of the grants".into(),
                }],
                next: Some(7),
            }),
            SettingsData::System(Box::new(system())),
            SettingsData::Refused(ApiError::new(ErrorCode::Forbidden, "for admins")),
        ]
    }

    fn system() -> SystemStatus {
        SystemStatus {
            version: "0.1.0".into(),
            uptime_ms: 61_000,
            cpu_percent: Some(1.25),
            memory: Some(40 << 20),
            clients: 3,
            max_clients: 1_000,
            sockets: SocketFigures {
                open: 2,
                opened: 9,
                closed: 7,
                sent_messages: 1_000,
                failed_messages: 3,
                sent_bytes: 120_000,
                reconnects: 4,
                resyncs: 1,
                log_gaps: 5,
                mean_duration_ms: Some(4_200),
                mean_delivery_us: None,
            },
            recent: RecentFigures {
                window_ms: 300_000,
                sent_messages: 90,
                failed_messages: 1,
                reconnects: 2,
            },
            sources: vec![SourceStatus {
                host: "nas".parse().unwrap(),
                source: SourceKind::Docker,
                state: SourceState::Down,
                since: Timestamp::from_millis(5),
                last_seen: None,
                message: Some("refused".into()),
                endpoint: None,
                version: None,
                machine: None,
            }],
            storage: StorageStatus {
                state: StorageWord::Failing,
                reason: Some("disk full".into()),
            },
            alarms: vec![Alarm {
                name: "clients".into(),
                text: "too many".into(),
            }],
        }
    }

    #[test]
    fn encoded_data_is_decoded_unchanged_and_invalid_bytes_are_none() {
        for data in examples() {
            let frame = SettingsFrame::new(&data);
            assert_eq!(frame.data().as_ref(), Some(&data));
            let again: SettingsFrame = codec::decode(&codec::encode(&frame)).unwrap();
            assert_eq!(again, frame);
            let mut cut = frame;
            cut.0.pop();
            assert_eq!(cut.data(), None);
        }
    }
}
