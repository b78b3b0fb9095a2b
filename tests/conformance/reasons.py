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
    *(
        Reason(
            "server 2025-11-25 -> *",
            "server-sse-polling",
            check,
            "The suite looks at this only where a server closes the stream of a call. Behind the "
            "gateway the upstream does, the gateway comes back to it, and its client waits for one "
            "JSON body.",
        )
        for check in (
            "server-sse-disconnect-resume",
            "server-sse-priming-event",
            "server-sse-retry-field",
        )
    ),
    *(
        Reason(
            "server 2026-07-28 -> legacy",
            "input-required-result-basic-elicitation",
            check,
            "A legacy server's question has no key, so the gateway makes one; the suite looks for "
            "the key that this server gives in 2026-07-28.",
        )
        for check in ("sep-2322-elicitation-incomplete", "sep-2322-elicitation-complete")
    ),
    Reason(
        "server 2026-07-28 -> legacy",
        "input-required-result-ignore-extra-params",
        "sep-2322-ignore-unexpected-params",
        "The suite's first call answers a question that a legacy server has not put yet, so it is "
        "put.",
    ),
)
