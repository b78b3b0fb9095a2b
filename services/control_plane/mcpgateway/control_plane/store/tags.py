"""SQL of tags: $1 to $3 say who looks, as in `reader.arguments`."""

_TABLES = ("tools", "resources", "prompts", "servers", "upstreams", "agents", "roots")


def _counted(table: str) -> str:
    return f"""
SELECT tag, '{table}' AS noun, count(*) AS count FROM {table} t, unnest(t.tags) AS tag
WHERE visible(t.visibility, t.team_id, t.owner_email, $1, $2, $3) GROUP BY tag
"""


COUNTS = f"{' UNION ALL '.join(map(_counted, _TABLES))} ORDER BY tag, noun"
