"""What a data plane does for a call, one thing after the other, and the settings that switch it.

The one place to add a feature: its setting, and what switches it off. A setting that this build
does not know leaves the feature out, with a note.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Knows = Callable[[str], bool]


@dataclass(frozen=True)
class Feature:
    """`off` are the settings of a data plane without it."""

    name: str
    off: dict[str, str]


# In the order in which they are switched on.
FEATURES = (
    Feature("bearer token", {"AUTH_REQUIRED": "false"}),
    Feature("metrics", {"ENABLE_METRICS": "false"}),
    Feature("rate limits", {"RATE_LIMITING_ENABLED": "false"}),
)
NOTHING = "no credentials"


@dataclass(frozen=True)
class Step:
    """A data plane with everything up to this feature. `credentials`: requests carry a token."""

    name: str
    settings: dict[str, str]
    credentials: bool


def steps(knows: Knows, features: tuple[Feature, ...] = FEATURES) -> Iterator[Step]:
    """First with nothing, then one more each; the last one is how it is by default."""
    known = [feature for feature in features if all(map(knows, feature.off))]
    for count in range(len(known) + 1):
        off = {name: value for feature in known[count:] for name, value in feature.off.items()}
        on = [feature.name for feature in known[:count]]
        yield Step(f"+ {on[-1]}" if on else NOTHING, off, bool(on))


def unknown(knows: Knows, features: tuple[Feature, ...] = FEATURES) -> list[str]:
    """What is left out, and why."""
    return [
        f"{feature.name}: this build has no setting {name}"
        for feature in features
        for name in feature.off
        if not knows(name)
    ]
