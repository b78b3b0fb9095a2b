"""What each environment variable means here, by name: a list of ContextForge's settings and ours.

Classes in `known_settings.tsv` (name, class, note):
- `used`: read here with the same meaning; `own`: read here, unknown to ContextForge
- `alias`: read here under the name in the note
- `ignored`: without effect; one line at the start says so
- `unsafe`: the note is `value: reason`; that value is refused, any other is ignored
A misspelt `MCPGATEWAY_*` name stops the start; other unknown ones are named in one line, but for
those that Kubernetes makes for a Service. Names of others are not judged, but one line says so
when one looks like a setting.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "MCPGATEWAY_"
_SERVICE_LINK = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_(TCP|UDP).*)?)")
_SHOWN = 8
_MAX_EDITS = 2
_TELLING = 10  # letters from which two wrong ones still point to one name


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list."""

    name: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True)
class Review:
    """`notices` are for the log, one line each; any refusal stops the start."""

    notices: tuple[str, ...]
    refusals: tuple[str, ...]


def entries() -> dict[str, Entry]:
    """The list, by name."""
    text = Path(__file__).with_suffix(".tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: Entry(name, kind, note) for name, kind, note in rows}


def apply_aliases(environ: Mapping[str, str], known: Mapping[str, Entry]) -> dict[str, str]:
    """The environment with each alias also under its name here, where that is not set."""
    result = dict(environ)
    for name, entry in known.items():
        if entry.kind == "alias" and environ.get(name) and not environ.get(entry.note):
            result[entry.note] = environ[name]
    return result


def review(
    environ: Mapping[str, str],
    known: Mapping[str, Entry],
    meant: Collection[str] = (),
) -> Review:
    """`meant` are names that were surely written for the gateway (those of a `.env` file): they
    are checked for misspellings whatever their prefix."""
    present = {name: value for name, value in environ.items() if value != ""}
    unknown = [name for name in sorted(present) if _is_unknown(name, known, meant)]
    refusals = list(_unsafe(present, known))
    strangers = []
    for name in unknown:
        near = misspelt(name, known)
        if near is None:
            strangers.append(name)
        else:
            refusals.append(f"{name} is not a setting: did you mean {near}?")
    notices = (*_notices(present, known, strangers), *_doubtful(present, known, meant))
    return Review(notices, tuple(refusals))


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """The known name that is at most two edits away, or None."""
    close = difflib.get_close_matches(name, list(known), n=5, cutoff=0.8)
    near = [(edits(name, candidate), candidate) for candidate in close]
    best = min(near, default=(_MAX_EDITS + 1, ""))
    return best[1] if best[0] <= _MAX_EDITS else None


def edits(one: str, other: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours between two words."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, earlier[j - 2] + 1)
            row.append(best)
    return row[-1]


def _is_unknown(name: str, known: Mapping[str, Entry], meant: Collection[str]) -> bool:
    if name in known:
        return False
    if name in meant:
        return True
    return name.startswith(PREFIX) and not _SERVICE_LINK.fullmatch(name)


def _doubtful(
    present: Mapping[str, str], known: Mapping[str, Entry], meant: Collection[str]
) -> Iterable[str]:
    """Variables of others that look like a setting: to stop for one that is not ours is wrong."""
    read = [name for name, entry in known.items() if entry.kind in ("used", "own")]
    for name in sorted(present):
        foreign = name not in known and name not in meant and not name.startswith(PREFIX)
        near = misspelt(name, read) if foreign and len(name) >= _TELLING else None
        if near is not None:
            yield f"{name} is not a setting: did you mean {near}?"


def _unsafe(present: Mapping[str, str], known: Mapping[str, Entry]) -> Iterable[str]:
    for name, value in sorted(present.items()):
        entry = known.get(name)
        if entry is not None and entry.kind == "unsafe":
            refused, _, reason = entry.note.partition(": ")
            if _same(value, refused):
                yield f"{name}={value} is refused: {reason}"


def _same(value: str, refused: str) -> bool:
    words = {"1": "true", "yes": "true", "on": "true", "0": "false", "no": "false", "off": "false"}
    plain = value.strip().lower()
    return words.get(plain, plain) == refused


def _notices(
    present: Mapping[str, str], known: Mapping[str, Entry], strangers: list[str]
) -> Iterable[str]:
    aliases = [f"{n} (read as {known[n].note})" for n in _of("alias", present, known)]
    if aliases:
        yield f"settings under another name: {_list(aliases)}"
    ignored = [*_of("ignored", present, known), *_of("unsafe", present, known)]
    if ignored:
        yield f"settings without effect here: {_list(sorted(ignored))}"
    if strangers:
        yield f"unknown settings: {_list(strangers)}"


def _of(kind: str, present: Mapping[str, str], known: Mapping[str, Entry]) -> list[str]:
    return [name for name in sorted(present) if name in known and known[name].kind == kind]


def _list(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
