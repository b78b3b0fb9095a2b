"""What was found, as text for a terminal and as docs/conformance.md. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.checks import Check, Difference, Outcome, Outcomes, compare, total
from conformance.legs import Leg, Role, Set, Upstream
from conformance.reasons import REASONS, Reason, reason_for


@dataclass(frozen=True, slots=True)
class Explained:
    """`why` is empty for a difference that is not meant, which is a fault when it is worse."""

    leg: Leg
    difference: Difference
    why: str

    @property
    def fault(self) -> bool:
        return not self.why and self.difference.verdict == "worse"


@dataclass(frozen=True, slots=True)
class Found:
    """Outcomes of all runs: of sets directly, of legs through the gateway."""

    direct: Mapping[Set, Outcomes]
    through: Mapping[Leg, Outcomes]

    @property
    def fixture_faults(self) -> list[tuple[Set, Check]]:
        """What fails directly: then the comparison would show nothing."""
        return [
            (each, check)
            for each, outcomes in self.direct.items()
            for check, outcome in outcomes.items()
            if outcome.bad
        ]

    def explained(self, reasons: Sequence[Reason] = REASONS) -> list[Explained]:
        return [
            Explained(leg, each, reason_for(leg.name, each.check, reasons))
            for leg, outcomes in self.through.items()
            for each in compare(self.direct[leg.set], outcomes)
        ]


@dataclass(frozen=True, slots=True)
class About:
    """When it was run, and with which versions (name -> version)."""

    date: str
    versions: Mapping[str, str]


def summary(found: Found) -> str:
    """One line for each run, one for each fault."""
    lines = [f"{each.name}, directly: {total(of)}" for each, of in found.direct.items()]
    lines += [f"{leg.name}: {total(of)}" for leg, of in found.through.items()]
    for scenarios, check in found.fixture_faults:
        lines.append(f"FAULT {scenarios.name}, directly: {check.scenario}, {check.id}")
    for each in found.explained():
        if each.fault:
            check, through = each.difference.check, each.difference.through
            lines.append(
                f"FAULT {each.leg.name}: {check.scenario}, {check.id}: "
                f"{each.difference.direct} -> {through}. {through.message[:200]}"
            )
    return "\n".join(lines)


def document(preface: str, found: Found, about: About) -> str:
    """The page, with every check whose outcome differs. `preface` has `{versions}`, `{date}`."""
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    parts = [
        preface.format(versions=versions, date=about.date),
        *_table(found, "server", ("modern", "legacy")),
        "",
        *_table(found, "client", ("suite",)),
        "",
        *_table(found, "authorization", ()),
        "",
        *_differences(found.explained()),
    ]
    return "\n".join(parts) + "\n"


_HEADS: Mapping[Upstream, str] = {
    "modern": "through, upstream of 2026-07-28",
    "legacy": "through, upstream of 2025-11-25",
    "suite": "through",
}


def _table(found: Found, role: Role, columns: Sequence[Upstream]) -> Iterator[str]:
    yield (
        "| "
        + " | ".join((f"{role} scenarios of", "directly", *(_HEADS[c] for c in columns)))
        + " |"
    )
    yield "|" + "---|" * (len(columns) + 2)
    for each, direct in found.direct.items():
        if each.role != role:
            continue
        cells = [_cell(direct)]
        for column in columns:
            outcomes = [
                o for leg, o in found.through.items() if (leg.set, leg.upstream) == (each, column)
            ]
            cells.append(_cell(outcomes[0]) if outcomes else "not run")
        yield f"| {each.revision} | " + " | ".join(cells) + " |"


def _cell(outcomes: Outcomes) -> str:
    whole = total(outcomes).statuses
    return " / ".join(
        str(whole.get(status, 0)) for status in ("SUCCESS", "FAILURE", "WARNING", "SKIPPED")
    )


# Scenario, check, outcomes directly and through the gateway, why, and whether it is a fault.
_Row = tuple[str, str, str, str, str, bool]


def _differences(explained: Sequence[Explained]) -> Iterator[str]:
    if not explained:
        yield "No check differs."
        return
    faults = sum(each.fault for each in explained)
    yield f"## Checks that differ ({faults} of them without a reason)"
    yield ""
    yield "| scenario | check | run | directly | through | why |"
    yield "|---|---|---|---|---|---|"
    for (scenario, check, direct, through, why, fault), legs in _grouped(explained).items():
        shown = why or ("**not meant**" if fault else "Not worse.")
        yield f"| {scenario} | {check} | {', '.join(legs)} | {direct} | {through} | {shown} |"


def _grouped(explained: Iterable[Explained]) -> dict[_Row, list[str]]:
    """The runs in which a check differs in the same way."""
    grouped: dict[_Row, list[str]] = {}
    for each in explained:
        difference = each.difference
        key = (
            difference.check.scenario,
            difference.check.id,
            _shown(difference.direct),
            _shown(difference.through),
            each.why,
            each.fault,
        )
        grouped.setdefault(key, []).append(each.leg.name)
    return dict(sorted(grouped.items()))


def _shown(outcome: Outcome) -> str:
    """One check alone needs no number."""
    return str(outcome).removeprefix("1 ") if sum(outcome.statuses.values()) == 1 else str(outcome)
