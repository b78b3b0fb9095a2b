-- Revisions as a hash chain (registry/history/chain.py says what is hashed), and the credentials
-- of then.

CREATE TABLE revisions (
    n bigint PRIMARY KEY,
    registry uuid NOT NULL,
    at timestamptz NOT NULL,
    who json NOT NULL,
    entries integer NOT NULL,
    digest text NOT NULL,
    previous text NOT NULL,
    hash text NOT NULL
);
CREATE INDEX revisions_at ON revisions (at);

CREATE FUNCTION pg_temp.hex(content text) RETURNS text LANGUAGE sql AS $$
    SELECT encode(sha256(convert_to(content, 'UTF8')), 'hex')
$$;

DO $$
DECLARE
    last text := '';
    each record;
    hashed text;
BEGIN
    FOR each IN
        SELECT h.revision, min(h.at) AS at, min(h.who::text) AS who, count(*) AS entries,
            pg_temp.hex('[' || string_agg(
                format(
                    '{"noun":%s,"id":%s,"op":%s,"body":%s}',
                    to_json(h.noun), to_json(h.id), to_json(h.op), coalesce(h.body::text, 'null')
                ),
                ',' ORDER BY h.noun COLLATE "C", h.id COLLATE "C"
            ) || ']') AS digest,
            (SELECT registry FROM registry_revision) AS registry
        FROM history h GROUP BY h.revision ORDER BY h.revision
    LOOP
        hashed := pg_temp.hex(format(
            '{"previous":"%s","revision":%s,"registry":"%s","at":"%s","who":%s,"entries":%s,"digest":"%s"}',
            last, each.revision, each.registry,
            to_char(each.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            each.who, each.entries, each.digest
        ));
        INSERT INTO revisions VALUES (
            each.revision, each.registry, each.at, each.who::json, each.entries, each.digest,
            last, hashed
        );
        last := hashed;
    END LOOP;
END $$;

DROP FUNCTION pg_temp.hex(text);

-- Said once for each revision now.
ALTER TABLE history DROP COLUMN who, DROP COLUMN at;

-- `sealed` is null from the revision on that took the credential away. Those of revisions before
-- this table are not known, but for the newest.
CREATE TABLE credential_history (
    id text NOT NULL,
    revision bigint NOT NULL,
    upstream_id text,
    tool_id text,
    agent_id text,
    sealed bytea,
    PRIMARY KEY (id, revision)
);
INSERT INTO credential_history (id, revision, upstream_id, tool_id, agent_id, sealed)
SELECT id, revision, upstream_id, tool_id, agent_id, sealed FROM credentials;
