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


_WITHOUT_TASKS = {
    "tasks-capability-negotiation": ("tasks-per-request-meta-opt-in",),
    "tasks-dispatch-and-envelope": ("tasks-server-directed-creation-no-hint",),
    "tasks-lifecycle": (
        "sep-2663-result-type-task-on-create",
        "sep-2663-tasks-get-status-completed",
        "sep-2663-tasks-get-status-failed",
        "sep-2663-tasks-get-status-working",
        "sep-2663-tool-error-uses-completed-status",
        "tasks-cancel-terminal-idempotent-ack",
    ),
    "tasks-mrtr-composition": ("sep-2663-mrtr-synchronous-before-task-creation",),
    "tasks-mrtr-input": (
        "sep-2663-tasks-get-status-input-required",
        "tasks-mrtr-partial-fulfillment",
        "tasks-mrtr-tasks-update-resumes",
    ),
    "tasks-required-task-error": (
        "sep-2663-server-returns-missing-capability-data-shape",
        "sep-2663-server-returns-missing-capability-when-required",
    ),
    "tasks-wire-fields": (
        "tasks-no-early-ttl-expiry",
        "tasks-no-related-task-meta-on-inlined-result",
        "tasks-wire-field-renames",
    ),
}

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
    *(
        Reason(
            "server 2026-07-28 -> legacy",
            scenario,
            check,
            "In 2025-11-25 the examined server makes no tasks: its tools answer when they are "
            "done. The gateway makes a task of a call only when the answer is long in coming.",
        )
        for scenario, checks in _WITHOUT_TASKS.items()
        for check in checks
    ),
    Reason(
        "server 2026-07-28 -> legacy",
        "input-required-result-ignore-extra-params",
        "sep-2322-ignore-unexpected-params",
        "The suite's first call answers a question that a legacy server has not put yet, so it is "
        "put.",
    ),
    *(
        Reason(
            "client 2026-07-28 -> suite",
            "request-metadata",
            f"sep-2575-client-declares-{capability}-capability",
            "The suite looks at this where a request declares it. Here it sees none but the "
            "gateway's own, for what a server offers, in whose midst nobody could be asked.",
        )
        for capability in ("elicitation", "roots", "sampling")
    ),
    Reason(
        "client * -> suite",
        "auth/basic-cimd",
        "cimd-client-id-used",
        "The suite looks for the URL of its own document. The gateway serves a document of its own "
        "and is the client of that URL where it is reached by https; the examined one is reached "
        "by http, so it registers itself.",
    ),
)
