-- Things without an upstream, what operators put over an upstream's words, and the nouns roots and
-- agents. `json` columns hold documents as they were given; text columns JSON kept byte for byte.

ALTER TABLE upstreams ADD COLUMN definition_policy text NOT NULL DEFAULT 'accept';

ALTER TABLE tools
    ALTER COLUMN upstream_id DROP NOT NULL,
    ADD COLUMN overrides text NOT NULL DEFAULT '{}',
    ADD COLUMN custom_name text,
    ADD COLUMN request json,
    ADD COLUMN auth json,
    ADD COLUMN jsonpath_filter text NOT NULL DEFAULT '',
    ADD COLUMN timeout_ms integer,
    ADD COLUMN max_concurrency integer,
    ADD COLUMN validation text NOT NULL DEFAULT 'none',
    ADD COLUMN deprecated boolean NOT NULL DEFAULT false,
    ADD COLUMN extension_metadata json,
    ADD COLUMN plugin_chain_pre text[] NOT NULL DEFAULT '{}',
    ADD COLUMN plugin_chain_post text[] NOT NULL DEFAULT '{}',
    ADD COLUMN pending text,
    ADD COLUMN drift json,
    ADD CONSTRAINT tools_own CHECK ((upstream_id IS NULL) <> (request IS NULL));

ALTER TABLE prompts
    ALTER COLUMN upstream_id DROP NOT NULL,
    ADD COLUMN overrides text NOT NULL DEFAULT '{}',
    ADD COLUMN custom_name text,
    ADD COLUMN messages text,
    ADD CONSTRAINT prompts_own CHECK ((upstream_id IS NULL) <> (messages IS NULL));

ALTER TABLE resources
    ALTER COLUMN upstream_id DROP NOT NULL,
    ADD COLUMN overrides text NOT NULL DEFAULT '{}',
    ADD COLUMN content text,
    ADD COLUMN ttl_ms integer NOT NULL DEFAULT 0,
    ADD COLUMN extension_metadata json,
    ADD CONSTRAINT resources_own CHECK ((upstream_id IS NULL) <> (content IS NULL));
CREATE UNIQUE INDEX resources_own_uri ON resources (template, uri) WHERE upstream_id IS NULL;

CREATE TABLE roots (
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
    uri text NOT NULL CONSTRAINT roots_uri UNIQUE,
    name text NOT NULL
);

CREATE TABLE agents (
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
    name text NOT NULL CONSTRAINT agents_name UNIQUE,
    slug text NOT NULL CONSTRAINT agents_slug UNIQUE,
    description text,
    endpoint_url text NOT NULL,
    agent_type text NOT NULL,
    protocol_version text NOT NULL,
    agent_version text NOT NULL,
    capabilities json NOT NULL,
    config json NOT NULL,
    passthrough_headers text[] NOT NULL,
    auth json
);

CREATE TABLE server_agents (
    server_id text NOT NULL REFERENCES servers ON DELETE CASCADE,
    item_id text NOT NULL REFERENCES agents,
    position integer NOT NULL,
    PRIMARY KEY (server_id, item_id)
);
CREATE INDEX server_agents_item ON server_agents (item_id);

-- A credential belongs to an upstream, a tool or an agent.
ALTER TABLE credentials
    ALTER COLUMN upstream_id DROP NOT NULL,
    ADD COLUMN tool_id text REFERENCES tools,
    ADD COLUMN agent_id text REFERENCES agents,
    ADD CONSTRAINT credentials_holder CHECK (num_nonnulls(upstream_id, tool_id, agent_id) = 1);
CREATE INDEX credentials_tool ON credentials (tool_id);
CREATE INDEX credentials_agent ON credentials (agent_id);
