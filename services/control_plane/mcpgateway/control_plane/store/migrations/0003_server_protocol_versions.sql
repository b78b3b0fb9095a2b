-- The MCP revisions that a server offers; none named, all.
ALTER TABLE servers ADD COLUMN protocol_versions text[] NOT NULL DEFAULT '{}';
