-- What only the control plane knows of teams and API tokens: it has no revision.

-- Of a token only the SHA-256 is kept; it is shown once.
CREATE TABLE team_invitations (
    id text PRIMARY KEY,
    team_id text NOT NULL REFERENCES teams ON DELETE CASCADE,
    email text NOT NULL,
    role text NOT NULL,
    invited_by text NOT NULL,
    invited_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    sha256 text NOT NULL CONSTRAINT team_invitations_sha256 UNIQUE,
    CONSTRAINT team_invitations_once UNIQUE (team_id, email)
);
CREATE INDEX team_invitations_email ON team_invitations (email);

CREATE TABLE team_join_requests (
    id text PRIMARY KEY,
    team_id text NOT NULL REFERENCES teams ON DELETE CASCADE,
    email text NOT NULL REFERENCES users ON DELETE CASCADE,
    message text,
    status text NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT team_join_requests_once UNIQUE (team_id, email)
);

CREATE INDEX api_tokens_email ON api_tokens (email, created_at);

-- What data planes said of calls with a token, by the hour that they were told in.
CREATE TABLE token_usage (
    token_id text NOT NULL REFERENCES api_tokens ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    method text NOT NULL,
    allowed bigint NOT NULL,
    refused bigint NOT NULL,
    PRIMARY KEY (token_id, hour, method)
);
CREATE INDEX token_usage_hour ON token_usage (hour);

CREATE TABLE token_last_use (
    token_id text PRIMARY KEY REFERENCES api_tokens ON DELETE CASCADE,
    at timestamptz NOT NULL,
    source text NOT NULL
);
