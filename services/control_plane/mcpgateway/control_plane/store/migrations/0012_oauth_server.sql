-- What the gateway's own authorization server keeps. Nothing here has a revision: data planes hear
-- only of access tokens that count no more, by the table of revocations.

-- A `secret_sha256` of '' is that of a public client.
CREATE TABLE oauth_clients (
    id text PRIMARY KEY,
    secret_sha256 text NOT NULL,
    metadata jsonb NOT NULL,
    registered_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX oauth_clients_unused ON oauth_clients (registered_at) WHERE used_at IS NULL;

-- A family of tokens. `client_id` may be a URL, or name a client that is part of the gateway.
CREATE TABLE oauth_grants (
    id text PRIMARY KEY,
    client_id text NOT NULL,
    email text NOT NULL REFERENCES users ON DELETE CASCADE,
    scopes text[] NOT NULL,
    resource text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX oauth_grants_email ON oauth_grants (email);
CREATE INDEX oauth_grants_expires ON oauth_grants (expires_at);

-- Codes and refresh tokens. What was spent stays until its family ends, to be known when it comes
-- again.
CREATE TABLE oauth_handles (
    sha256 text PRIMARY KEY,
    kind text NOT NULL,
    grant_id text NOT NULL REFERENCES oauth_grants ON DELETE CASCADE,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz
);
CREATE INDEX oauth_handles_grant ON oauth_handles (grant_id);

CREATE TABLE oauth_access_tokens (
    jti text PRIMARY KEY,
    grant_id text NOT NULL REFERENCES oauth_grants ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX oauth_access_tokens_grant ON oauth_access_tokens (grant_id);
CREATE INDEX oauth_access_tokens_expires ON oauth_access_tokens (expires_at);

CREATE TABLE oauth_consents (
    email text NOT NULL REFERENCES users ON DELETE CASCADE,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    given_at timestamptz NOT NULL,
    PRIMARY KEY (email, client_id, redirect_uri)
);

CREATE TABLE oauth_devices (
    sha256 text PRIMARY KEY,
    user_code text NOT NULL CONSTRAINT oauth_devices_user_code UNIQUE,
    client_id text NOT NULL,
    scopes text[] NOT NULL,
    resource text NOT NULL,
    expires_at timestamptz NOT NULL,
    interval integer NOT NULL,
    polled_at timestamptz,
    grant_id text REFERENCES oauth_grants ON DELETE CASCADE,
    denied boolean NOT NULL DEFAULT false
);
CREATE INDEX oauth_devices_expires ON oauth_devices (expires_at);
CREATE INDEX oauth_devices_grant ON oauth_devices (grant_id);

-- Assertions of clients (RFC 7523), which count once.
CREATE TABLE oauth_assertions (
    sha256 text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
