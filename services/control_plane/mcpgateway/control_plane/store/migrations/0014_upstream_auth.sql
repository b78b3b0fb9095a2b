-- As whom the gateway calls upstreams. Tokens change by themselves and are in no revision.

ALTER TABLE upstreams ADD COLUMN identity_propagation jsonb;

-- What is set for the whole registry; what data planes get of it is part of the records it concerns.
CREATE TABLE registry_config (
    name text PRIMARY KEY,
    value jsonb NOT NULL
);

-- One for each principal and upstream; the principal "" is everybody. `put` says whether data planes
-- can find it as it is here; a row with a `gone` is left until they can not find it any more.
CREATE TABLE upstream_tokens (
    upstream_id text NOT NULL,
    principal text NOT NULL,
    kind text NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamptz,
    renew_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    problem text NOT NULL DEFAULT '',
    stamp bigint NOT NULL DEFAULT 1,
    put boolean NOT NULL DEFAULT false,
    gone boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (upstream_id, principal)
);
CREATE INDEX upstream_tokens_renewal ON upstream_tokens (renew_at) WHERE NOT gone;
CREATE INDEX upstream_tokens_put ON upstream_tokens (upstream_id) WHERE NOT put;
CREATE INDEX upstream_tokens_principal ON upstream_tokens (principal);

-- Consents that were begun, by the SHA-256 of their state; each is used once.
CREATE TABLE upstream_consents (
    state text PRIMARY KEY,
    upstream_id text NOT NULL REFERENCES upstreams ON DELETE CASCADE,
    principal text NOT NULL,
    browser text NOT NULL,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX upstream_consents_expiry ON upstream_consents (expires_at);

-- What the gateway was registered as at authorization servers (RFC 7591).
CREATE TABLE upstream_clients (
    id text PRIMARY KEY,
    upstream_id text NOT NULL UNIQUE REFERENCES upstreams ON DELETE CASCADE,
    issuer text NOT NULL,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    scopes text[] NOT NULL,
    auth_method text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz
);

-- Tokens were got for an upstream at its place and by its configuration: with another, or without
-- the upstream, they are gone. Triggers, so that no write can forget it.
CREATE FUNCTION forget_upstream_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE upstream_tokens SET
        sealed = '', renew_at = NULL, stamp = stamp + 1, put = false, gone = true,
        updated_at = now()
    WHERE upstream_id = OLD.id AND NOT gone;
    RETURN NULL;
END $$;
CREATE TRIGGER upstreams_moved AFTER UPDATE ON upstreams FOR EACH ROW
    WHEN (OLD.auth IS DISTINCT FROM NEW.auth OR OLD.url IS DISTINCT FROM NEW.url)
    EXECUTE FUNCTION forget_upstream_tokens();
CREATE TRIGGER upstreams_gone AFTER DELETE ON upstreams FOR EACH ROW
    EXECUTE FUNCTION forget_upstream_tokens();
