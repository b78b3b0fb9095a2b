"""What becomes of each variable of a ContextForge `.env` file. Pure: decides, writes nothing.

A value is judged by what the services themselves accept. Values of secrets are never part of a
reason; nothing here asks whether an address answers or a file exists.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from mcpgateway.common.runtime.known_settings import Entry, misspelt
from mcpgateway.common.runtime.settings import Spec

Outcome = Literal["kept", "changed", "renamed", "dropped", "refused", "unknown"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
ATTENTION: frozenset[Outcome] = frozenset(("refused", "unknown"))
MIN_SECRET = 32  # characters
_PLACEHOLDER = "__REPLACE_ME__"

# Settings of both, whose defaults differ: who left them out gets something else here.
OTHER_DEFAULTS: Mapping[str, tuple[str, str]] = {
    "LOG_LEVEL": ("ERROR", "INFO"),
    "LOG_FORMAT": ("json", "text"),
    "ENABLE_METRICS": ("false", "true, for loopback and administrators"),
    "MCPGATEWAY_UI_ENABLED": ("false", "true"),
    "MCPGATEWAY_ADMIN_API_ENABLED": ("false", "true"),
    "GATEWAY_VALIDATION_TIMEOUT": ("5", "15"),
    "HTTPX_READ_TIMEOUT": ("120", "300"),
    "MCPGATEWAY_ELICITATION_TIMEOUT": ("60", "300"),
    "SSRF_ALLOW_PRIVATE_NETWORKS": ("false", "true"),
    "SSRF_ALLOW_LOCALHOST": ("false", "true while HOST is loopback, else false"),
    "SECURE_COOKIES": ("true", "by the scheme of the request"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`target` and `value` are what the new file says: "" and None when it says nothing of the
    variable. `secret`: the value is not to be shown."""

    name: str
    outcome: Outcome
    reason: str = ""
    target: str = ""
    value: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Translation:
    """`defaults` are settings that the file leaves out and whose default is another one here:
    name, theirs, ours."""

    verdicts: tuple[Verdict, ...]
    defaults: tuple[tuple[str, str, str], ...]

    @property
    def values(self) -> dict[str, str]:
        """What the new file sets."""
        return {each.target: each.value for each in self.verdicts if each.value is not None}

    @property
    def needs_attention(self) -> bool:
        return any(each.outcome in ATTENTION for each in self.verdicts)


def translate(
    old: Mapping[str, str], known: Mapping[str, Entry], specs: Mapping[str, list[Spec]]
) -> Translation:
    """`specs` are those of each service, by role."""
    judge = _Judge(old, known, _by_name(specs))
    verdicts = tuple(judge.verdict(name, value) for name, value in old.items())
    set_here = {each.target for each in verdicts if each.value is not None}
    defaults = tuple((name, *pair) for name, pair in OTHER_DEFAULTS.items() if name not in set_here)
    return Translation(verdicts, defaults)


def _by_name(specs: Mapping[str, list[Spec]]) -> dict[str, tuple[Spec, ...]]:
    """What services may read differently is judged by each of them."""
    found: dict[str, tuple[Spec, ...]] = {}
    for own in specs.values():
        for spec in own:
            found[spec.name] = (*found.get(spec.name, ()), spec)
    return found


class _Judge:
    def __init__(
        self,
        old: Mapping[str, str],
        known: Mapping[str, Entry],
        specs: Mapping[str, tuple[Spec, ...]],
    ) -> None:
        self._old = old
        self._known = known
        self._specs = specs

    def verdict(self, name: str, value: str) -> Verdict:
        entry = self._known.get(name)
        if entry is None:
            return self._stranger(name)
        match entry.kind:
            case "used" | "own":
                return self._kept(name, name, value)
            case "alias":
                return self._renamed(entry, value)
            case "unsafe":
                return self._unsafe(entry, value)
        return Verdict(name, "dropped", entry.note)

    def _stranger(self, name: str) -> Verdict:
        near = misspelt(name, self._known)
        meant = f": did you mean {near}?" if near else " of ContextForge or of this gateway"
        return Verdict(name, "unknown", f"no setting{meant}")

    def _renamed(self, entry: Entry, value: str) -> Verdict:
        if self._old.get(entry.note):
            return Verdict(entry.name, "dropped", f"{entry.note} is set as well, and wins")
        kept = self._kept(entry.name, entry.note, value)
        if kept.outcome == "refused":
            return kept
        return Verdict(entry.name, "renamed", f"is {entry.note} here", entry.note, kept.value)

    def _unsafe(self, entry: Entry, value: str) -> Verdict:
        refused, _, reason = entry.note.partition(": ")
        truth = {"1": "true", "yes": "true", "on": "true", "0": "false", "no": "false"}
        plain = value.strip().lower()
        if truth.get(plain, plain) == refused:
            return Verdict(entry.name, "refused", f"{refused} would stop the start: {reason}")
        return Verdict(entry.name, "dropped", "this is always so here")

    def _kept(self, name: str, target: str, value: str) -> Verdict:
        secret = any(spec.secret for spec in self._specs.get(target, ()))
        if value == "":
            return Verdict(name, "dropped", "is empty, which means the default")
        special = _SPECIAL.get(target)
        told = special(value) if special else None
        if told is not None and told[0] != "kept":
            return Verdict(name, told[0], told[1])
        listed = _plain_list(value)
        given = value if listed is None else listed
        problem = self._problem(target, given)
        if problem:
            return Verdict(name, "refused", problem)
        if listed is not None and listed != value:
            reason = "a JSON list is written with commas here"
            return Verdict(name, "changed", reason, target, listed, secret)
        return Verdict(name, "kept", told[1] if told else "", target, value, secret)

    def _problem(self, target: str, value: str) -> str:
        for spec in self._specs.get(target, ()):
            try:
                spec.parse(value)
            except ValueError as error:
                hidden = spec.secret and value in str(error)
                return "has a value that is not accepted" if hidden else str(error)
        return ""


def _plain_list(value: str) -> str | None:
    """`["a", "b"]` with commas, as lists are written here; None for what is no list of texts."""
    if not value.strip().startswith("["):
        return None
    try:
        items = json.loads(value)
    except ValueError:
        return None
    plain = isinstance(items, list) and all(isinstance(i, str) and "," not in i for i in items)
    return ",".join(items) if plain else None


def _database(value: str) -> tuple[Outcome, str] | None:
    dialect = value.partition("://")[0].partition("+")[0].strip().lower()
    if dialect == "sqlite":
        return "dropped", (
            "`up` keeps a PostgreSQL of its own; what is in the SQLite file does not come along: "
            "take it over with an export of ContextForge and `mcpgateway import`"
        )
    if dialect in ("mysql", "mariadb", "mongodb"):
        return "dropped", "the registry needs PostgreSQL; `up` keeps one of its own"
    return "kept", (
        "name an empty database: the registry makes its own tables, and leaves ContextForge's "
        "unread"
    )


def _secret(value: str) -> tuple[Outcome, str] | None:
    if value.startswith(_PLACEHOLDER):
        return "dropped", "is a placeholder; `up` makes a secret on its first start"
    if len(value) < MIN_SECRET:
        return "refused", (
            f"has {len(value)} characters, at least {MIN_SECRET} are needed; leave it out and "
            "`up` makes one (tokens signed with the old one end then)"
        )
    return None


def _encryption(value: str) -> tuple[Outcome, str] | None:
    return _secret(value) or (
        "kept",
        "needed to import ContextForge's credentials: `mcpgateway import --rekey-secret`",
    )


def _password(value: str) -> tuple[Outcome, str] | None:
    if value == "changeme":
        return "refused", "is ContextForge's default, which is refused on any public address"
    return None


def _log_level(value: str) -> tuple[Outcome, str] | None:
    if value.strip().upper() in ("ERROR", "CRITICAL"):
        return "kept", (
            "at this level it is not told which upstreams fail, nor which settings have no "
            "effect: INFO is the default here"
        )
    return None


_SPECIAL: Mapping[str, Callable[[str], tuple[Outcome, str] | None]] = {
    "DATABASE_URL": _database,
    "JWT_SECRET_KEY": _secret,
    "AUTH_ENCRYPTION_SECRET": _encryption,
    "PLATFORM_ADMIN_PASSWORD": _password,
    "BASIC_AUTH_PASSWORD": _password,
    "LOG_LEVEL": _log_level,
}


def counts(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """How many of each outcome, in the order of `OUTCOMES`."""
    found = [each.outcome for each in verdicts]
    return {outcome: found.count(outcome) for outcome in OUTCOMES}
