-- What was consented to before does not say for which resource: those users are asked once more.
DELETE FROM oauth_consents;

ALTER TABLE oauth_consents
    ADD COLUMN resource text NOT NULL,  -- '': the gateway as a whole
    DROP CONSTRAINT oauth_consents_pkey,
    ADD PRIMARY KEY (email, client_id, redirect_uri, resource);
