-- Accounts, sessions, tokens and the audit log. Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE users (
    name TEXT PRIMARY KEY,
    password TEXT, -- A PHC string; NULL for users who sign in through a proxy or an identity provider.
    source TEXT NOT NULL DEFAULT 'password',
    disabled INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    seen INTEGER
) STRICT;

CREATE TABLE grants (
    user TEXT NOT NULL REFERENCES users(name) ON DELETE CASCADE,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    PRIMARY KEY (user, role, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE, -- SHA-256 of the token.
    start TEXT NOT NULL, -- Its first characters, for display.
    kind TEXT NOT NULL, -- 'api' or 'kiosk'
    created_by TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    used INTEGER,
    used_from TEXT
) STRICT;

CREATE TABLE token_grants (
    token TEXT NOT NULL REFERENCES tokens(id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    PRIMARY KEY (token, role, scope)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    hash BLOB PRIMARY KEY, -- SHA-256 of the cookie.
    user TEXT REFERENCES users(name) ON DELETE CASCADE,
    token TEXT REFERENCES tokens(id) ON DELETE CASCADE, -- The token of a kiosk.
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    peer TEXT
) STRICT, WITHOUT ROWID;
-- Deleting a user or a token looks for its sessions.
CREATE INDEX sessions_user ON sessions(user);
CREATE INDEX sessions_token ON sessions(token);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    peer TEXT,
    did TEXT NOT NULL,
    target TEXT NOT NULL DEFAULT '',
    outcome TEXT NOT NULL, -- 'begun', 'done', 'refused' or 'failed'
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX audit_at ON audit(at);
