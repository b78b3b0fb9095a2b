"""SQL of searches: for each noun a statement that looks at names; while that finds too little, one
that looks at descriptions, then one that looks for similar names.

The tables are those of migration 0006. What matches is found by indexes; of what matches by words
alone at most CANDIDATES are ranked, so that a word that everything has costs no more than others.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import asyncpg
import msgspec

from mcpgateway.control_plane.registry.search import (
    MATCHES,
    NOUNS,
    OF_UPSTREAMS,
    Hit,
    Match,
    Noun,
    Wanted,
    bounds,
    tsquery,
    words,
)

CANDIDATES = 500
_SIMILAR_FROM = 3  # characters: fewer have no trigram of their own

# $1 is the limit, $2 to $4 the viewer; $9 the text as a key, $10 where keys that begin with it end;
# $11 its words as a query.
_SEEN = """visible(s.visibility, s.team_id, s.owner_email, $2, $3, $4)
        AND ($5::boolean OR s.enabled AND NOT EXISTS (
            SELECT 1 FROM upstreams u WHERE u.id = s.upstream_id AND NOT u.enabled))
        AND ($6::text[] IS NULL OR EXISTS (
            SELECT 1 FROM unnest($6) g (tags) WHERE s.tags @> string_to_array(g.tags, '+')))
        AND ($7::text IS NULL OR s.team_id = $7)
        AND ($8::text[] IS NULL OR s.upstream_id = ANY ($8))"""
_PLACES = {match: place for place, match in enumerate(MATCHES)}
_WORDS = ", ".join(f"'{match}'" for match in MATCHES)


def _part(noun: Noun, match: Match, where: str, tail: str, weight: str = "0::real") -> str:
    return f"""(SELECT s.id, {_PLACES[match]}, {weight} FROM search_{noun} s
        WHERE {where} AND {_SEEN} {tail})"""


def _worded(noun: Noun, match: Match, column: str, query: str) -> str:
    found = f"to_tsquery('english', {query})"
    where, tail = f"s.{column} @@ {found}", f"LIMIT {CANDIDATES}"
    return _part(noun, match, where, tail, f"ts_rank(s.words, {found})")


def _statement(noun: Noun, *parts: str) -> str:
    union = "\n    UNION ALL ".join(parts)
    return f"""
WITH hit (id, match, weight) AS (
    {union}
)
SELECT row_to_json(v)::text FROM (
    SELECT s.noun, s.id, s.name, s.own, s.title, s.description, s.enabled, s.visibility, s.team_id,
        s.owner_email, s.tags, s.upstream_id, (ARRAY[{_WORDS}])[best.match + 1] AS match
    FROM (
        SELECT id, min(match) AS match, max(weight) AS weight FROM hit GROUP BY id
    ) best JOIN search_{noun} s ON s.noun = '{noun}' AND s.id = best.id
    ORDER BY best.match, best.weight DESC, s.key, s.id LIMIT $1
) v
"""


def _named(noun: Noun) -> str:
    return _statement(
        noun,
        _part(noun, "exact", "s.key = $9", "LIMIT $1"),
        _part(noun, "exact", "s.own = $9", "LIMIT $1"),
        _part(noun, "prefix", "s.key > $9 AND s.key < $10", "ORDER BY s.key LIMIT $1"),
        _part(noun, "prefix", "s.own > $9 AND s.own < $10", "ORDER BY s.own LIMIT $1"),
        _worded(noun, "name", "names", "$11"),
    )


def _similar(noun: Noun) -> str:
    where, tail = "$9::text <% s.key", f"LIMIT {CANDIDATES}"
    return _part(noun, "similar", where, tail, "word_similarity($9, s.key)")


NAMED = {noun: _named(noun) for noun in NOUNS}
DESCRIBED = {noun: _statement(noun, _worded(noun, "text", "words", "$9")) for noun in NOUNS}
SIMILAR = {noun: _statement(noun, _similar(noun)) for noun in NOUNS}
LISTED = {
    noun: _statement(noun, _part(noun, "listed", "true", "ORDER BY s.key, s.id LIMIT $1"))
    for noun in NOUNS
}


class Fetch(Protocol):
    async def __call__(self, sql: str, *args: object) -> Sequence[asyncpg.Record]: ...


async def search(fetch: Fetch, wanted: Wanted) -> dict[Noun, list[Hit]]:
    """One noun after the other, in the order asked for."""
    return {noun: await _of_noun(fetch, wanted, noun) for noun in wanted.nouns}


async def _of_noun(fetch: Fetch, wanted: Wanted, noun: Noun) -> list[Hit]:
    filters = _filters(wanted, noun)
    hits: dict[str, Hit] = {}
    for sql, arguments in _steps(wanted, noun):
        if len(hits) < wanted.limit:
            for row in await fetch(sql, *filters, *arguments):
                hit = msgspec.json.decode(row[0], type=Hit)
                hits.setdefault(hit.id, hit)
    return list(hits.values())[: wanted.limit]


def _steps(wanted: Wanted, noun: Noun) -> Iterator[tuple[str, Sequence[str]]]:
    """Statements and what they take after the filters, those with the best matches first."""
    if not wanted.text.strip():
        yield LISTED[noun], ()
        return
    low, high = bounds(wanted.text)
    query = tsquery(words(wanted.text))
    yield NAMED[noun], (low, high, query)
    if query and not wanted.names_only:
        yield DESCRIBED[noun], (query,)
    if len(low) >= _SIMILAR_FROM:
        yield SIMILAR[noun], (low,)


def _filters(wanted: Wanted, noun: Noun) -> list[object]:
    viewer, tags, upstreams = wanted.viewer, wanted.tags, wanted.upstream_ids
    return [
        wanted.limit,
        viewer.admin,
        viewer.owner,
        list(viewer.teams),
        wanted.include_inactive,
        None if tags is None else ["+".join(group) for group in tags],
        wanted.team_id,
        list(upstreams) if upstreams is not None and noun in OF_UPSTREAMS else None,
    ]
