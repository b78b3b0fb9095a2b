-- TLS to upstreams: certificates are public and stand with the upstream; the private key is a
-- second credential of it.
ALTER TABLE upstreams ADD COLUMN ca_certificate text, ADD COLUMN client_cert text;

ALTER TABLE credentials ADD COLUMN upstream_id text REFERENCES upstreams;
UPDATE credentials SET upstream_id = id;
ALTER TABLE credentials ALTER COLUMN upstream_id SET NOT NULL;
ALTER TABLE credentials DROP CONSTRAINT credentials_id_fkey;
CREATE INDEX credentials_upstream ON credentials (upstream_id);
