"""A picture of the results as SVG, without a library: bars of share, with the target as a line.

Pure. Colours are chosen to be read on white and on black.
"""

from collections.abc import Iterable
from html import escape
from typing import NamedTuple

from bench.contract import Line
from bench.figures import spread
from bench.results import Results

WIDTH, LABEL, BAR, GAP, TOP = 860, 330, 22, 10, 64
OURS, THEIRS, MISSED, LINE, TEXT = "#2f7ed8", "#8a8f98", "#d8742f", "#c0392b", "#7a7f87"
_FONT = 'font-family="system-ui, sans-serif" font-size="13"'
TITLE = "Calls per second on one core, as a share of nginx (proxy_pass) in the same run"


class Bar(NamedTuple):
    """`least` and `most` over the rounds, drawn as a whisker."""

    label: str
    least: float
    share: float
    most: float
    colour: str
    target: float | None = None


def bars(results: Results) -> list[Bar]:
    """Of what is compared with nginx, over all rows; empty when nothing was measured."""
    found = [
        _bar(name, line)
        for name in ("calls", "large", "lists")
        for line in results.lines(name).values()
        if line.unit == "of nginx"
    ]
    return [Bar("nginx", 1.0, 1.0, 1.0, THEIRS), *found] if found else []


def _bar(row: str, line: Line) -> Bar:
    least, middle, most = spread(line.values)
    target = None if line.target is None else line.target.value
    colour = MISSED if target is not None and middle < target else OURS
    label = line.what if row == "calls" else f"{row}: {line.what}"
    return Bar(label, least, middle, most, colour, target)


def picture(results: Results) -> str:
    """The SVG document."""
    drawn = bars(results)
    height = TOP + len(drawn) * (BAR + GAP) + 24
    scale = (WIDTH - LABEL - 90) / max([1.0, *(bar.most for bar in drawn)])
    body = "\n".join(part for n, bar in enumerate(drawn) for part in _drawn(n, bar, scale))
    key = "bar: median of the rounds; thin line: least to most; red mark: target"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-label="{escape(TITLE)}">\n'
        f'<g {_FONT} fill="{TEXT}">\n'
        f'<text x="8" y="22" font-size="15" font-weight="600">{escape(TITLE)}</text>\n'
        f'<text x="8" y="44">{escape(key)}</text>\n{body}\n</g>\n</svg>\n'
    )


def _drawn(number: int, bar: Bar, scale: float) -> Iterable[str]:
    top = TOP + number * (BAR + GAP)
    middle = top + BAR / 2
    left, right = LABEL + bar.least * scale, LABEL + bar.most * scale
    yield f'<text x="{LABEL - 8}" y="{middle + 4:.0f}" text-anchor="end">{escape(bar.label)}</text>'
    yield (
        f'<rect x="{LABEL}" y="{top}" width="{bar.share * scale:.1f}" height="{BAR}" rx="2" '
        f'fill="{bar.colour}"/>'
    )
    yield f'<path d="M{left:.1f} {middle:.1f}H{right:.1f}" stroke="{TEXT}" stroke-width="2"/>'
    yield f'<text x="{WIDTH - 50}" y="{middle + 4:.0f}" text-anchor="end">{bar.share:.2f}</text>'
    if bar.target is not None:
        at = LABEL + bar.target * scale
        yield (
            f'<path d="M{at:.1f} {top - 3}V{top + BAR + 3}" stroke="{LINE}" stroke-width="2.5"/>'
        )
