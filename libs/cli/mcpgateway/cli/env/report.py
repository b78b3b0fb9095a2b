"""A translation as people, programs and the next start read it. Pure. Values of secrets are in
the new file only."""

import json
from collections.abc import Iterable

from mcpgateway.cli import dotenv
from mcpgateway.cli.env.verdicts import OUTCOMES, Outcome, Translation, Verdict, counts

_TITLES: dict[Outcome, str] = {
    "refused": "Refused: mend these first",
    "unknown": "Unknown: neither ContextForge's nor ours",
    "changed": "Kept, written differently",
    "renamed": "Renamed",
    "kept": "Kept",
    "dropped": "Dropped: without effect here",
}


def text(translation: Translation, source: str) -> str:
    """For a terminal; what needs attention comes first."""
    told = counts(translation.verdicts)
    summary = ", ".join(f"{n} {outcome}" for outcome, n in told.items() if n)
    parts = [
        f"{source}: {len(translation.verdicts)} settings" + (f", {summary}" if summary else "")
    ]
    for outcome, title in _TITLES.items():
        rows = [each for each in translation.verdicts if each.outcome == outcome]
        if rows:
            parts.append("\n".join([f"\n{title}", *_rows(rows)]))
    if translation.defaults:
        parts.append(
            "\n".join(
                [
                    "\nNot set, and another default here",
                    *(
                        f"  {n}: {theirs} there, {ours} here"
                        for n, theirs, ours in translation.defaults
                    ),
                ]
            )
        )
    return "\n".join(parts) + "\n"


def _rows(verdicts: Iterable[Verdict]) -> Iterable[str]:
    for each in verdicts:
        yield f"  {each.name}" + (f": {each.reason}" if each.reason else "")


def as_json(translation: Translation) -> str:
    """For programs. No values."""
    told = {
        "counts": counts(translation.verdicts),
        "settings": [
            {
                "name": each.name,
                "outcome": each.outcome,
                "becomes": each.target or None,
                "reason": each.reason,
            }
            for each in translation.verdicts
        ],
        "defaults": [
            {"name": name, "contextforge": theirs, "here": ours}
            for name, theirs, ours in translation.defaults
        ],
    }
    return json.dumps(told, indent=2) + "\n"


def env_file(translation: Translation, source: str) -> str:
    """The new `.env`. Names of what is not in it stand there as comments, values do not."""
    lines = [f"# Translated from {source} by `mcpgateway env translate`.\n"]
    lines.append(dotenv.dump(translation.values))
    for outcome in OUTCOMES:
        left_out = [v for v in translation.verdicts if v.value is None and v.outcome == outcome]
        if left_out:
            lines.append(f"\n# {_TITLES[outcome]}\n")
            lines += [f"# {each.name}: {each.reason}\n" for each in left_out]
    return "".join(lines)
