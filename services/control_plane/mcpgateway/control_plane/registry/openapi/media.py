"""Which media type of a body is sent, of those that a document offers. Pure."""

import re
from collections.abc import Iterable

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_MERGE = "application/merge-patch+json"
_OF_TEXTS = re.compile(
    r"text/|application/(.*\+)?(xml|yaml|x-yaml|graphql|sql|javascript|x-ndjson)$"
)


def bare(kind: str) -> str:
    """Without parameters."""
    return kind.partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    kind = bare(kind)
    return kind in (JSON, "*/*", "application/*") or kind.endswith("+json")


def is_text(kind: str) -> bool:
    return _OF_TEXTS.match(bare(kind)) is not None


def chosen(kinds: Iterable[str]) -> str | None:
    """As it is written there: what a model writes best comes first."""
    found = list(kinds)
    return min(found, key=lambda kind: (_rank(bare(kind)), found.index(kind))) if found else None


def _rank(kind: str) -> int:
    for rank, known in enumerate((JSON, _MERGE)):
        if kind == known:
            return rank
    if is_json(kind):
        return 2 if kind.endswith("+json") and "patch" not in kind else 3
    if kind in (FORM, MULTIPART):
        return 4 if kind == FORM else 5
    return 6 if is_text(kind) else 7
