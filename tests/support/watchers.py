"""A `Watcher` for tests that keeps what it hears."""

from dataclasses import dataclass, field


@dataclass
class RecordingWatcher:
    """`stood` holds (asked, honoured, gap) of each time; `refusals` whether each was lasting."""

    stood: list[tuple[set[str], set[str], bool]] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
    refusals: list[bool] = field(default_factory=list)

    def standing(self, asked: frozenset[str], honoured: frozenset[str], *, gap: bool) -> None:
        self.stood.append((set(asked), set(honoured), gap))

    def updated(self, uri: str) -> None:
        self.updates.append(uri)

    def refused(self, *, lasting: bool) -> None:
        self.refusals.append(lasting)
