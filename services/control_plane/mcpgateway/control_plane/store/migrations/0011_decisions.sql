-- What was decided about calls: counted by the minute, without arguments, names of secrets or
-- tokens themselves. It is no part of the registry: nothing here has a revision.

CREATE TABLE decisions (
    minute timestamptz NOT NULL,
    principal text NOT NULL,
    token text NOT NULL,
    action text NOT NULL,
    kind text NOT NULL,
    id text NOT NULL,
    name text NOT NULL,
    server text NOT NULL,
    source text NOT NULL,
    rule text NOT NULL,
    verdict text NOT NULL,
    count bigint NOT NULL,
    row_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
CREATE INDEX decisions_minute ON decisions (minute, row_id);
CREATE INDEX decisions_principal ON decisions (principal, minute);
CREATE INDEX decisions_object ON decisions (id, minute);
