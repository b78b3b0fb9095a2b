-- What the gateway puts over the requests of an API's tools.
ALTER TABLE tools ADD COLUMN request_overrides jsonb NOT NULL DEFAULT '{}';
