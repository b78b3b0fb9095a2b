"""SQL of what changed: $1 to $3 say who looks, $4 the noun, $5 the revision after which."""

# What was deleted is shown, and to whom, as it was before.
AFTER = """
SELECT row_to_json(e)::text FROM (
    SELECT h.revision, h.id, h.op, r.at,
        CASE WHEN h.op <> 'delete' THEN h.body ELSE (
            SELECT b.body FROM history b
            WHERE b.noun = h.noun AND b.id = h.id AND b.revision < h.revision AND b.op <> 'delete'
            ORDER BY b.revision DESC LIMIT 1
        ) END AS body
    FROM history h JOIN revisions r ON r.n = h.revision WHERE h.noun = $4 AND h.revision > $5
) e
WHERE e.body IS NOT NULL AND visible(
    e.body ->> 'visibility', e.body ->> 'team_id', e.body ->> 'owner_email', $1, $2, $3
)
ORDER BY e.revision, e.id LIMIT 1000
"""
