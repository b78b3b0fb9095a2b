"""The verdicts that are written down in `bridge.toml`, and the page made of them."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

TABLE = Path(__file__).with_name("bridge.toml")
PAGE = Path(__file__).parents[2] / "docs" / "bridge-matrix.md"
_PREFACE = Path(__file__).with_name("preface.md")


class Cell(NamedTuple):
    feature: str
    client: str
    upstream: str


class Word(NamedTuple):
    """`found` is a probe's verdict, `shown` stands in the page's cells, `means` below them."""

    found: str
    shown: str
    means: str


class Table:
    """Raises ValueError for a table that is not whole."""

    def __init__(self, text: str) -> None:
        read = tomllib.loads(text)
        self.clients: tuple[str, ...] = tuple(read["clients"])
        self.upstreams: tuple[str, ...] = tuple(read["upstreams"])
        self.words: Mapping[str, Word] = {
            name: Word(*given) for name, given in read["verdicts"].items()
        }
        self.features: Mapping[str, str] = {
            name: feature["about"] for name, feature in read["features"].items()
        }
        self._cells = dict(self._read(read["features"]))

    def __iter__(self) -> Iterator[Cell]:
        return iter(self._cells)

    def word(self, cell: Cell) -> Word:
        return self.words[self._cells[cell]]

    def _read(self, features: Mapping[str, Any]) -> Iterator[tuple[Cell, str]]:
        for feature, given in features.items():
            rows = [line.split() for line in given["cells"].split("\n") if line]
            if len(rows) != len(self.clients) or {len(r) for r in rows} != {len(self.upstreams)}:
                raise ValueError(f"{feature}: a word for each client and upstream is needed")
            for client, row in zip(self.clients, rows, strict=True):
                for upstream, name in zip(self.upstreams, row, strict=True):
                    if name not in self.words:
                        raise ValueError(f"{feature}: {name!r} is none of the verdicts")
                    yield Cell(feature, client, upstream), name


def read() -> Table:
    return Table(TABLE.read_text())


def render(table: Table) -> str:
    """The page."""
    parts = [_PREFACE.read_text().rstrip(), _legend(table)]
    parts += [_section(table, feature) for feature in table.features]
    return "\n\n".join(parts) + "\n"


def _legend(table: Table) -> str:
    return "\n".join(f"- {word.shown}: {word.means}" for word in table.words.values())


def _section(table: Table, feature: str) -> str:
    head = f"| {feature} | " + " | ".join(table.upstreams) + " |"
    rule = "|---" * (len(table.upstreams) + 1) + "|"
    rows = [
        f"| **{client}** | "
        + " | ".join(table.word(Cell(feature, client, up)).shown for up in table.upstreams)
        + " |"
        for client in table.clients
    ]
    return "\n".join([f"**{feature}**: {table.features[feature]}", "", head, rule, *rows])
