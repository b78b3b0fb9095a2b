"""Why checks may differ through the gateway: each difference that is meant, and the reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from conformance.checks import Check


@dataclass(frozen=True, slots=True)
class Reason:
    """`legs`, `scenario` and `check` are shell patterns."""

    legs: str
    scenario: str
    check: str
    why: str


def reason_for(leg: str, check: Check, reasons: Iterable[Reason]) -> str:
    """The first that fits; empty when this difference is not meant."""
    for each in reasons:
        if (
            fnmatchcase(leg, each.legs)
            and fnmatchcase(check.scenario, each.scenario)
            and fnmatchcase(check.id, each.check)
        ):
            return each.why
    return ""


REASONS: tuple[Reason, ...] = (
    Reason(
        "server 2025-* -> *",
        "server-sse-multiple-streams",
        "server-sse-streams-functional",
        "The suite looks at this only where a server streams its answer; the gateway answers "
        "`tools/list` from its table, in one JSON body.",
    ),
)
