-- What searches read: a row for each thing of the registry, kept true by triggers in the
-- transaction that changes the thing. One partition, and so one index, for each noun: a word that
-- half of all tools have costs a search of the servers nothing.

DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN OTHERS THEN
    RAISE EXCEPTION 'search needs the extension pg_trgm, and it can not be created: %', SQLERRM
        USING HINT = 'Install the contrib extensions of PostgreSQL, or let an administrator run '
            'CREATE EXTENSION pg_trgm in this database';
END $$;

CREATE TABLE search (
    noun text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    key text COLLATE "C" NOT NULL,  -- the name in small letters
    own text COLLATE "C" NOT NULL,  -- another name that is as good: an upstream's own, a slug, a URI
    title text,
    description text,
    names tsvector NOT NULL,  -- words of name, other name and title
    words tsvector NOT NULL,  -- all words
    enabled boolean NOT NULL,
    visibility text NOT NULL,
    team_id text,
    owner_email text,
    tags text[] NOT NULL,
    upstream_id text,
    PRIMARY KEY (noun, id)
) PARTITION BY LIST (noun);

CREATE TABLE search_gateways PARTITION OF search FOR VALUES IN ('gateways');
CREATE TABLE search_servers PARTITION OF search FOR VALUES IN ('servers');
CREATE TABLE search_tools PARTITION OF search FOR VALUES IN ('tools');
CREATE TABLE search_prompts PARTITION OF search FOR VALUES IN ('prompts');
CREATE TABLE search_resources PARTITION OF search FOR VALUES IN ('resources');
CREATE TABLE search_roots PARTITION OF search FOR VALUES IN ('roots');
CREATE TABLE search_agents PARTITION OF search FOR VALUES IN ('agents');

CREATE INDEX search_key ON search (key);
CREATE INDEX search_own ON search (own);
-- Every search reads what is pending in an index: a little makes writes five times as fast, more
-- would make searches slow.
CREATE INDEX search_words ON search USING gin (names, words) WITH (gin_pending_list_limit = 256);
CREATE INDEX search_similar ON search USING gin (key gin_trgm_ops) WITH (gin_pending_list_limit = 256);

-- `createIssue_v2` -> `create Issue v2`.
CREATE FUNCTION search_split(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(
        regexp_replace(left(name, 4096), '([[:lower:]\d])([[:upper:]])', '\1 \2', 'g'),
        '[^[:alnum:]]+', ' ', 'g'
    )
$$;

-- Of an MCP definition with what an operator put over it. JSON that PostgreSQL can not take (it
-- knows no NUL) is not searched, and is no reason to refuse a write.
CREATE FUNCTION search_said(
    definition text, overrides text, OUT name text, OUT title text, OUT description text
) LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    said json;
    over json;
BEGIN
    said := definition::json;
    name := said ->> 'name';
    title := said ->> 'title';
    description := said ->> 'description';
    IF overrides <> '{}' THEN
        over := overrides::json;
        name := coalesce(over ->> 'name', name);
        title := CASE WHEN over -> 'title' IS NULL THEN title ELSE over ->> 'title' END;
        description := CASE
            WHEN over -> 'description' IS NULL THEN description ELSE over ->> 'description'
        END;
    END IF;
EXCEPTION WHEN data_exception OR statement_too_complex THEN
    name := NULL;
    title := NULL;
    description := NULL;
END $$;

-- What is searched of each noun, column by column as in `search`.
CREATE VIEW searchable_gateways AS
    SELECT id, name, slug AS own, server_name AS title, description, enabled, visibility, team_id,
        owner_email, tags, NULL AS upstream_id
    FROM upstreams;
CREATE VIEW searchable_servers AS
    SELECT id, name, '' AS own, NULL AS title, description, enabled, visibility, team_id,
        owner_email, tags, NULL AS upstream_id
    FROM servers;
CREATE VIEW searchable_tools AS
    SELECT t.id, t.name, t.original_name AS own, said.title, said.description, t.enabled,
        t.visibility, t.team_id, t.owner_email, t.tags, t.upstream_id
    FROM tools t, search_said(t.definition, t.overrides) said;
CREATE VIEW searchable_prompts AS
    SELECT p.id, p.name, p.original_name AS own, said.title, said.description, p.enabled,
        p.visibility, p.team_id, p.owner_email, p.tags, p.upstream_id
    FROM prompts p, search_said(p.definition, p.overrides) said;
CREATE VIEW searchable_resources AS
    SELECT r.id, coalesce(nullif(said.name, ''), r.uri) AS name, r.uri AS own, said.title,
        said.description, r.enabled, r.visibility, r.team_id, r.owner_email, r.tags, r.upstream_id
    FROM resources r, search_said(r.definition, r.overrides) said;
CREATE VIEW searchable_roots AS
    SELECT id, name, uri AS own, NULL AS title, NULL AS description, enabled, visibility, team_id,
        owner_email, tags, NULL AS upstream_id
    FROM roots;
CREATE VIEW searchable_agents AS
    SELECT id, name, slug AS own, NULL AS title, description, enabled, visibility, team_id,
        owner_email, tags, NULL AS upstream_id
    FROM agents;

CREATE FUNCTION search_words(
    name text, own text, title text, tags text[], description text,
    OUT names tsvector, OUT words tsvector
) LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    names := setweight(to_tsvector('english', search_split(name) || ' ' || search_split(own)), 'A')
        || setweight(to_tsvector('english', coalesce(left(title, 1000), '')), 'B');
    words := names
        || setweight(to_tsvector('english', search_split(array_to_string(tags, ' '))), 'C')
        || setweight(to_tsvector('english', coalesce(left(description, 8000), '')), 'D');
END $$;

-- Functions of its own for each noun, so that their statements are planned once a connection: for
-- whatever number of rows, so nothing here joins the tables of a trigger. An update looks at the
-- columns that the view reads: most updates change none of them.
DO $make$
DECLARE
    f record;
BEGIN
    FOR f IN SELECT * FROM (VALUES
        ('upstreams', 'gateways', 'name, slug, server_name, description'),
        ('servers', 'servers', 'name, description'),
        ('tools', 'tools', 'name, original_name, definition, overrides, upstream_id'),
        ('prompts', 'prompts', 'name, original_name, definition, overrides, upstream_id'),
        ('resources', 'resources', 'uri, definition, overrides, upstream_id'),
        ('roots', 'roots', 'name, uri'),
        ('agents', 'agents', 'name, slug, description')
    ) AS followed (of_table, noun, columns) LOOP
        EXECUTE format(
            $function$
            CREATE FUNCTION search_index_%1$s(ids text[]) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO search_%1$s SELECT '%1$s', s.id, s.name, lower(s.name), lower(s.own),
                    s.title, left(s.description, 500), w.names, w.words, s.enabled, s.visibility,
                    s.team_id, s.owner_email, s.tags, s.upstream_id
                FROM searchable_%1$s s,
                    search_words(s.name, s.own, s.title, s.tags, s.description) w
                WHERE s.id = ANY (ids)
                ON CONFLICT (noun, id) DO UPDATE SET (name, key, own, title, description, names,
                    words, enabled, visibility, team_id, owner_email, tags, upstream_id) =
                    (excluded.name, excluded.key, excluded.own, excluded.title,
                    excluded.description, excluded.names, excluded.words, excluded.enabled,
                    excluded.visibility, excluded.team_id, excluded.owner_email, excluded.tags,
                    excluded.upstream_id);
            END $$;

            CREATE FUNCTION search_added_%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM search_index_%1$s(ARRAY(SELECT id FROM now));
                RETURN NULL;
            END $$;

            CREATE FUNCTION search_changed_%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM search_index_%1$s(ARRAY(
                    SELECT id FROM (
                        SELECT id, %2$s FROM now EXCEPT SELECT id, %2$s FROM before
                    ) changed
                ));
                RETURN NULL;
            END $$;

            CREATE FUNCTION search_removed_%1$s() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                DELETE FROM search_%1$s
                WHERE noun = '%1$s' AND id = ANY (ARRAY(SELECT id FROM before));
                RETURN NULL;
            END $$;

            CREATE TRIGGER search_added AFTER INSERT ON %3$s REFERENCING NEW TABLE AS now
                FOR EACH STATEMENT EXECUTE FUNCTION search_added_%1$s();
            CREATE TRIGGER search_changed AFTER UPDATE ON %3$s
                REFERENCING OLD TABLE AS before NEW TABLE AS now
                FOR EACH STATEMENT EXECUTE FUNCTION search_changed_%1$s();
            CREATE TRIGGER search_removed AFTER DELETE ON %3$s REFERENCING OLD TABLE AS before
                FOR EACH STATEMENT EXECUTE FUNCTION search_removed_%1$s();
            SELECT search_index_%1$s(ARRAY(SELECT id FROM %3$s));
            $function$,
            f.noun, 'enabled, visibility, team_id, owner_email, tags, ' || f.columns, f.of_table
        );
    END LOOP;
END $make$;
