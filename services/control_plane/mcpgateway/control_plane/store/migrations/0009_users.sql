-- What only the control plane knows of who logs in. None of it has a revision: data planes do not
-- depend on it.

-- How often a login failed lately, by account (whether there is one or not) and by address.
-- `key` is "account:" or "address:" and what it is of.
CREATE TABLE login_failures (
    key text PRIMARY KEY,
    failures integer NOT NULL,
    since timestamptz NOT NULL,
    locked_until timestamptz
);
CREATE INDEX login_failures_since ON login_failures (since);

-- Logins that go on by being refreshed. `tokens` are the ids of tokens that may still count, with
-- when they expire, in Unix seconds.
CREATE TABLE login_sessions (
    id text PRIMARY KEY,
    email text NOT NULL REFERENCES users ON DELETE CASCADE,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    refreshed_at timestamptz NOT NULL,
    tokens jsonb NOT NULL,
    address text,
    user_agent text
);
CREATE INDEX login_sessions_email ON login_sessions (email);
CREATE INDEX login_sessions_expiry ON login_sessions (expires_at);

CREATE TABLE password_history (
    email text NOT NULL REFERENCES users ON DELETE CASCADE,
    replaced_at timestamptz NOT NULL,
    password_hash text NOT NULL,
    PRIMARY KEY (email, replaced_at)
);

-- Of the token in the mail only its SHA-256 is kept.
CREATE TABLE password_resets (
    sha256 text PRIMARY KEY,
    email text NOT NULL REFERENCES users ON DELETE CASCADE,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_resets_email ON password_resets (email);
CREATE INDEX password_resets_expiry ON password_resets (expires_at);

CREATE TABLE auth_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    email text NOT NULL,
    event_type text NOT NULL,
    success boolean NOT NULL,
    address text,
    user_agent text,
    reason text
);
CREATE INDEX auth_events_email ON auth_events (email, id);
CREATE INDEX auth_events_at ON auth_events (at);
