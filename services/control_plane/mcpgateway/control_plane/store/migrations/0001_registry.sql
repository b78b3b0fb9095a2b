-- The registry. Times are UTC; ids are 32 hex digits; columns are the fields of registry/model.py.

CREATE TABLE registry_revision (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    n bigint NOT NULL DEFAULT 0,
    registry uuid NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO registry_revision DEFAULT VALUES;

-- One row for each resource that a revision changed. `body` is the state after it, null for a
-- delete, and never holds a secret.
CREATE TABLE history (
    revision bigint NOT NULL,
    noun text NOT NULL,
    id text NOT NULL,
    op text NOT NULL CHECK (op IN ('create', 'update', 'delete')),
    body json,
    who json NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (revision, noun, id)
);
CREATE INDEX history_of_one ON history (noun, id, revision);

CREATE TABLE upstreams (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    enabled boolean NOT NULL,
    visibility text NOT NULL,
    team_id text,
    owner_email text,
    tags text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created jsonb NOT NULL,
    modified jsonb,
    name text NOT NULL,
    slug text NOT NULL CONSTRAINT upstreams_slug UNIQUE,
    url text NOT NULL CONSTRAINT upstreams_url UNIQUE,
    description text,
    auth jsonb,
    passthrough_headers text[] NOT NULL,
    timeout_ms integer NOT NULL,
    refresh_interval_seconds integer,
    transport text NOT NULL,
    era text NOT NULL,
    protocol_version text NOT NULL,
    capabilities text NOT NULL,
    instructions text NOT NULL,
    server_name text NOT NULL,
    server_version text NOT NULL,
    adds_result_type boolean NOT NULL
);

-- What changes without a route depending on it: no revision, no history.
CREATE TABLE upstream_health (
    upstream_id text PRIMARY KEY REFERENCES upstreams ON DELETE CASCADE,
    reachable boolean NOT NULL,
    last_seen timestamptz,
    last_refresh timestamptz,
    last_error text,
    problems text[] NOT NULL
);

-- No cascade below: children are deleted by name, so that each gets its history row.
CREATE TABLE credentials (
    id text PRIMARY KEY REFERENCES upstreams,
    revision bigint NOT NULL,
    sealed bytea NOT NULL
);

CREATE TABLE tools (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    enabled boolean NOT NULL,
    visibility text NOT NULL,
    team_id text,
    owner_email text,
    tags text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created jsonb NOT NULL,
    modified jsonb,
    upstream_id text NOT NULL REFERENCES upstreams,
    name text NOT NULL CONSTRAINT tools_name UNIQUE,
    original_name text NOT NULL,
    definition text NOT NULL,
    read_only boolean NOT NULL,
    idempotent boolean NOT NULL,
    CONSTRAINT tools_original_name UNIQUE (upstream_id, original_name)
);

CREATE TABLE prompts (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    enabled boolean NOT NULL,
    visibility text NOT NULL,
    team_id text,
    owner_email text,
    tags text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created jsonb NOT NULL,
    modified jsonb,
    upstream_id text NOT NULL REFERENCES upstreams,
    name text NOT NULL CONSTRAINT prompts_name UNIQUE,
    original_name text NOT NULL,
    definition text NOT NULL,
    CONSTRAINT prompts_original_name UNIQUE (upstream_id, original_name)
);

CREATE TABLE resources (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    enabled boolean NOT NULL,
    visibility text NOT NULL,
    team_id text,
    owner_email text,
    tags text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created jsonb NOT NULL,
    modified jsonb,
    upstream_id text NOT NULL REFERENCES upstreams,
    uri text NOT NULL,
    template boolean NOT NULL,
    definition text NOT NULL,
    CONSTRAINT resources_uri UNIQUE (upstream_id, template, uri)
);

CREATE TABLE servers (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    enabled boolean NOT NULL,
    visibility text NOT NULL,
    team_id text,
    owner_email text,
    tags text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    created jsonb NOT NULL,
    modified jsonb,
    name text NOT NULL CONSTRAINT servers_name UNIQUE,
    description text,
    icon text,
    naming text NOT NULL,
    anonymous_access boolean NOT NULL,
    oauth_enabled boolean NOT NULL,
    oauth_config jsonb
);

CREATE TABLE server_tools (
    server_id text NOT NULL REFERENCES servers ON DELETE CASCADE,
    item_id text NOT NULL REFERENCES tools,
    position integer NOT NULL,
    PRIMARY KEY (server_id, item_id)
);
CREATE INDEX server_tools_item ON server_tools (item_id);

CREATE TABLE server_prompts (
    server_id text NOT NULL REFERENCES servers ON DELETE CASCADE,
    item_id text NOT NULL REFERENCES prompts,
    position integer NOT NULL,
    PRIMARY KEY (server_id, item_id)
);
CREATE INDEX server_prompts_item ON server_prompts (item_id);

CREATE TABLE server_resources (
    server_id text NOT NULL REFERENCES servers ON DELETE CASCADE,
    item_id text NOT NULL REFERENCES resources,
    position integer NOT NULL,
    PRIMARY KEY (server_id, item_id)
);
CREATE INDEX server_resources_item ON server_resources (item_id);

CREATE TABLE users (
    email text PRIMARY KEY,
    revision bigint NOT NULL,
    full_name text,
    password_hash text NOT NULL,
    admin boolean NOT NULL,
    active boolean NOT NULL,
    teams text[] NOT NULL,
    roles text[] NOT NULL,
    not_before double precision NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE TABLE user_logins (
    email text PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    last_login timestamptz NOT NULL
);

CREATE TABLE signing_keys (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    algorithm text NOT NULL,
    material bytea NOT NULL,
    sealed boolean NOT NULL,
    issuer text NOT NULL,
    audience text NOT NULL,
    require_jti boolean NOT NULL,
    require_exp boolean NOT NULL,
    environment text NOT NULL,
    subject text NOT NULL
);

-- Who may see a thing: the rule of common/policy/visibility.py, for lists.
CREATE FUNCTION visible(visibility text, team text, owner text, admin boolean, viewer text, teams text[])
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT admin OR coalesce(
        CASE visibility
            WHEN 'public' THEN true
            WHEN 'team' THEN team <> '' AND team = ANY (teams)
            WHEN 'private' THEN owner <> '' AND owner = viewer
        END,
        false
    )
$$;
