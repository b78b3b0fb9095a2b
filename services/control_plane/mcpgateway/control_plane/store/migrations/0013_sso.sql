-- Single sign-on: what only the control plane knows of it. None of it has a revision.

-- `spec` is an identity.sso.model.Provider; `secret` is its client secret, sealed.
CREATE TABLE sso_providers (
    id text PRIMARY KEY,
    spec jsonb NOT NULL,
    secret bytea NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- Which account of a provider is which user.
CREATE TABLE sso_links (
    provider_id text NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    email text NOT NULL REFERENCES users ON DELETE CASCADE,
    made_admin boolean NOT NULL,
    linked_at timestamptz NOT NULL,
    last_login timestamptz NOT NULL,
    PRIMARY KEY (provider_id, issuer, subject)
);
-- One account of a provider for a user.
CREATE UNIQUE INDEX sso_links_email ON sso_links (email, provider_id, issuer);

CREATE TABLE sso_approvals (
    id text PRIMARY KEY,
    email text NOT NULL,
    full_name text NOT NULL,
    provider_id text NOT NULL,
    subject text NOT NULL,
    status text NOT NULL,
    requested_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by text,
    reason text
);
CREATE INDEX sso_approvals_account ON sso_approvals (provider_id, subject, requested_at);
CREATE INDEX sso_approvals_status ON sso_approvals (status, requested_at);
