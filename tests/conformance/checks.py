"""What the official suite found, and how two of its runs differ. Pure but for reading its files."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from typing_extensions import override

_RUN = re.compile(r"^(?:server-)?(.*?)-\d{4}-\d\d-\d\dT[\d-]+Z?$")
BAD = ("FAILURE", "WARNING")
_LOOKED = (*BAD, "SUCCESS")  # what a check that takes place has
Verdict = Literal["worse", "other", "better"]


class Check(NamedTuple):
    """One thing that the suite looks at in one of its scenarios."""

    scenario: str
    id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often a check had each status, and the first message of one that failed."""

    statuses: Mapping[str, int]
    message: str = ""

    @property
    def bad(self) -> int:
        return sum(self.statuses.get(status, 0) for status in BAD)

    @property
    def looked(self) -> bool:
        """Whether it took place: what was skipped did not."""
        return any(status in self.statuses for status in _LOOKED)

    @override
    def __str__(self) -> str:
        parts = [f"{n} {status.lower()}" for status, n in sorted(self.statuses.items())]
        return ", ".join(parts) or "absent"


Outcomes = Mapping[Check, Outcome]
ABSENT = Outcome({})


@dataclass(frozen=True, slots=True)
class Difference:
    check: Check
    direct: Outcome
    through: Outcome

    @property
    def verdict(self) -> Verdict:
        """Worse: more failures and warnings, or a check that no longer takes place."""
        gone = self.direct.looked and not self.through.looked
        if self.through.bad > self.direct.bad or gone:
            return "worse"
        return "better" if self.through.bad < self.direct.bad else "other"


def collect(found: Iterable[tuple[str, Iterable[Mapping[str, Any]]]]) -> Outcomes:
    """`found`: per scenario its checks as the suite writes them. What only informs is left out."""
    statuses: dict[Check, Counter[str]] = {}
    messages: dict[Check, str] = {}
    for scenario, checks in found:
        for each in checks:
            status = each["status"]
            if status == "INFO":
                continue
            check = Check(scenario, each["id"])
            statuses.setdefault(check, Counter())[status] += 1
            if status in BAD:
                messages.setdefault(check, str(each.get("errorMessage") or ""))
    return {check: Outcome(dict(n), messages.get(check, "")) for check, n in statuses.items()}


def load(results: Path) -> Outcomes:
    """All `checks.json` below the folder that the suite wrote to."""
    return collect(
        (scenario_of(path.parent.relative_to(results)), json.loads(path.read_text()))
        for path in sorted(results.rglob("checks.json"))
    )


def scenario_of(folder: Path) -> str:
    """The suite names folders after scenario and time; a scenario's name may hold a slash."""
    named = _RUN.match(folder.as_posix())
    return named[1] if named else folder.as_posix()


def compare(direct: Outcomes, through: Outcomes) -> list[Difference]:
    """Every check whose statuses are not the same, in order."""
    found = (
        Difference(check, direct.get(check, ABSENT), through.get(check, ABSENT))
        for check in sorted(direct.keys() | through.keys())
    )
    return [each for each in found if each.direct.statuses != each.through.statuses]


def total(outcomes: Outcomes) -> Outcome:
    """All statuses together."""
    counted: Counter[str] = Counter()
    for each in outcomes.values():
        counted.update(each.statuses)
    return Outcome(dict(counted))
