-- Tools whose upstream has another definition than the one that was approved are listed by state.
CREATE INDEX tools_drift ON tools ((drift ->> 'state')) WHERE (drift ->> 'state') IS NOT NULL;
