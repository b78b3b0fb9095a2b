-- Upstreams that are no MCP servers, tools that are made of others, servers that are searched.
ALTER TABLE upstreams
    ADD COLUMN transport_options jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN document text NOT NULL DEFAULT '';
ALTER TABLE tools ADD COLUMN recipe jsonb;
ALTER TABLE servers ADD COLUMN discovery text NOT NULL DEFAULT 'full';

ALTER TABLE tools
    DROP CONSTRAINT tools_own,
    ADD CONSTRAINT tools_own CHECK (
        CASE WHEN recipe IS NULL THEN num_nonnulls(upstream_id, request) > 0
        ELSE num_nonnulls(upstream_id, request) = 0 END
    );

-- Several selections of one API may stand side by side; two of one MCP server would be a mistake.
ALTER TABLE upstreams DROP CONSTRAINT upstreams_url;
CREATE UNIQUE INDEX upstreams_url ON upstreams (url) WHERE transport IN ('STREAMABLEHTTP', 'SSE');

-- Which tools are made of a tool: its change is theirs.
CREATE INDEX tools_recipe ON tools USING gin (jsonb_path_query_array(recipe, '$.**.tool'))
WHERE recipe IS NOT NULL;

-- By content, never changed: every version of an upstream finds what it was made of.
CREATE TABLE documents (
    sha256 text PRIMARY KEY,
    body bytea NOT NULL, -- zlib-compressed
    kept_at timestamptz NOT NULL DEFAULT now()
);
