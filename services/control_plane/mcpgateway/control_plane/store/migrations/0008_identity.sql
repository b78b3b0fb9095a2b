-- Who may call, and what they may do. What data planes decide by carries a revision; what only the
-- control plane knows (failed logins, invitations, usage) is in tables of later files.

ALTER TABLE users
    DROP COLUMN teams,
    DROP COLUMN roles,
    ALTER COLUMN password_hash DROP NOT NULL,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN service boolean NOT NULL DEFAULT false,
    ADD COLUMN auth_provider text NOT NULL DEFAULT 'local',
    ADD COLUMN email_verified boolean NOT NULL DEFAULT true,
    ADD COLUMN attributes jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN password_change_required boolean NOT NULL DEFAULT false,
    ADD COLUMN password_changed_at timestamptz;

ALTER TABLE signing_keys
    ADD COLUMN subject_claims text[] NOT NULL DEFAULT '{}',
    ADD COLUMN kid text NOT NULL DEFAULT '';

CREATE TABLE teams (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    name text NOT NULL,
    slug text NOT NULL CONSTRAINT teams_slug UNIQUE,
    description text,
    personal boolean NOT NULL,
    visibility text NOT NULL,
    max_members integer,
    active boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- `id` is team_id:email.
CREATE TABLE team_members (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    team_id text NOT NULL REFERENCES teams,
    email text NOT NULL REFERENCES users,
    role text NOT NULL,
    joined_at timestamptz NOT NULL,
    invited_by text,
    source text NOT NULL
);
CREATE INDEX team_members_team ON team_members (team_id);
CREATE INDEX team_members_email ON team_members (email);

CREATE TABLE roles (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    name text NOT NULL CONSTRAINT roles_name UNIQUE,
    description text,
    scope text NOT NULL,
    permissions text[] NOT NULL,
    inherits_from text REFERENCES roles,
    system boolean NOT NULL,
    active boolean NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- `scope_id` is a team's id for the scope "team", else empty.
CREATE TABLE role_grants (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    email text NOT NULL REFERENCES users,
    role_id text NOT NULL REFERENCES roles,
    scope text NOT NULL,
    scope_id text NOT NULL,
    granted_by text NOT NULL,
    granted_at timestamptz NOT NULL,
    expires_at timestamptz,
    source text NOT NULL,
    CONSTRAINT role_grants_once UNIQUE (email, role_id, scope, scope_id)
);
CREATE INDEX role_grants_role ON role_grants (role_id);

CREATE TABLE api_tokens (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    email text NOT NULL REFERENCES users,
    team_id text REFERENCES teams,
    name text NOT NULL,
    description text,
    sha256 text NOT NULL,
    server_id text,
    permissions text[] NOT NULL,
    ip_restrictions text[] NOT NULL,
    time_restrictions jsonb NOT NULL,
    usage_limits jsonb NOT NULL,
    tags text[] NOT NULL,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    revocation_reason text,
    CONSTRAINT api_tokens_name UNIQUE (email, name)
);
CREATE INDEX api_tokens_team ON api_tokens (team_id);

-- JWTs that count no more, by their jti, until they would have expired.
CREATE TABLE revocations (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    email text NOT NULL,
    reason text NOT NULL,
    revoked_at timestamptz NOT NULL,
    expires_at timestamptz
);
CREATE INDEX revocations_expiry ON revocations (expires_at);

-- `spec` is a common.policy.access.rules.Spec.
CREATE TABLE access_rules (
    id text PRIMARY KEY,
    revision bigint NOT NULL,
    version integer NOT NULL,
    name text NOT NULL CONSTRAINT access_rules_name UNIQUE,
    description text,
    effect text NOT NULL,
    enabled boolean NOT NULL,
    spec jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
