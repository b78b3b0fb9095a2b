"""The hash chain over all revisions: what makes a change of the past visible. Pure.

A revision's record is one JSON object as UTF-8, without spaces, members in this order:

    {"previous":P,"revision":N,"registry":R,"at":T,"who":W,"entries":K,"digest":D}

P is the hash of the revision before, "" for the first; T is UTC with six digits of a second and
"Z"; W is as it was stored; D is the SHA-256 of the JSON array of the revision's K changes, each
{"noun","id","op","body"} with its body as it was stored, null for a delete, sorted by noun and id.
The hash of the revision is the SHA-256 of the record. Both are written as 64 hex digits.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

import msgspec

from mcpgateway.control_plane.registry.history.model import Entry, Revision

_OPENING = b'{"previous":"'


class Broken(NamedTuple):
    """The first revision that does not fit, and why."""

    revision: int
    problem: str


def changes_json(entries: Iterable[Entry]) -> bytes:
    rows = [
        {"noun": each.noun, "id": each.id, "op": each.op, "body": each.body}
        for each in sorted(entries, key=lambda each: (each.noun, each.id))
    ]
    return msgspec.json.encode(rows)


def digest(changes: bytes) -> str:
    return sha256(changes).hexdigest()


def tail(n: int, registry: str, at: datetime, who: bytes, entries: int, digest: str) -> bytes:
    """The record after the hash of the revision before, which whoever writes it knows last."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    text = f'","revision":{n},"registry":"{registry}","at":"{moment}","who":'.encode()
    return text + who + f',"entries":{entries},"digest":"{digest}"}}'.encode()


def record(revision: Revision) -> bytes:
    each = revision
    rest = tail(each.n, each.registry, each.at, bytes(each.who), each.entries, each.digest)
    return _OPENING + each.previous.encode() + rest


def line(revision: Revision, entries: Sequence[Entry]) -> bytes:
    """The revision as it is exported: all that is needed to check it, byte for byte."""
    return b'{"hash":"%s","record":%s,"changes":%s}' % (
        revision.hash.encode(),
        record(revision),
        changes_json(entries),
    )


class Walk:
    """Goes along a chain, oldest first."""

    def __init__(self) -> None:
        self.revisions = 0
        self.head = ""
        self._registry = ""

    def step(self, revision: Revision, entries: Sequence[Entry]) -> Broken | None:
        """What is wrong with the next link, if anything is."""
        problem = self._problem(revision, entries)
        if problem is not None:
            return Broken(revision.n, problem)
        self.revisions, self.head = revision.n, revision.hash
        self._registry = revision.registry
        return None

    def end(self, newest: int) -> Broken | None:
        """`newest`: the revision that the registry says it has."""
        if newest == self.revisions:
            return None
        first = min(newest, self.revisions) + 1
        return Broken(first, f"the registry is at revision {newest}, the chain at {self.revisions}")

    def _problem(self, revision: Revision, entries: Sequence[Entry]) -> str | None:
        if revision.n != self.revisions + 1:
            return f"it follows revision {self.revisions}: what was between is missing"
        if self._registry not in ("", revision.registry):
            return "it is of another registry than the one before"
        if revision.previous != self.head:
            return "it does not name the hash of the revision before"
        if sha256(record(revision)).hexdigest() != revision.hash:
            return "who, when, or what it says of its changes is not what was hashed"
        if len(entries) != revision.entries or digest(changes_json(entries)) != revision.digest:
            return "its changes are not those that were hashed"
        return None
