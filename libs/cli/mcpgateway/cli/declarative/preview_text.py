"""What an OpenAPI document would come to, as a terminal shows it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_HEADS = ("TOOL", "METHOD", "PATH", "TAGS", "BYTES")
_WIDTHS = (64, 7, 60, 30, 7)  # characters of a column, at most
_LINE = 300  # characters


def preview(answer: Mapping[str, Any], *, all: bool = False) -> str:
    """`all`: also each operation that was not chosen, which else are counted."""
    lines = [_title(answer), ""]
    rows = [_row(each) for each in answer["tools"]]
    if rows:
        lines += [*_table([_HEADS, *rows]), ""]
    lines.append(f"{len(rows)} tools")
    lines += _left_out(answer["leftOut"], all)
    lines += _section("Problems", (plain(each) for each in answer["problems"]))
    lines += _section("Credentials", (_wanted(each) for each in answer["security"]))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def plain(value: object, width: int = _LINE) -> str:
    """Of a stranger's document, what may be written to a terminal: one line, no control codes."""
    text = "".join(each if each.isprintable() else " " for each in str(value))
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _title(answer: Mapping[str, Any]) -> str:
    named = " ".join(filter(None, (plain(answer["title"]), plain(answer["version"]))))
    place = plain(answer["url"]) or "a place that it does not name: say --api-url"
    return f"{named or 'An API'} (OpenAPI {plain(answer['openapi'])}) at {place}"


def _row(tool: Mapping[str, Any]) -> tuple[str, ...]:
    cells = (
        tool["name"] + (" (deprecated)" if tool["deprecated"] else ""),
        tool["method"],
        tool["path"],
        ", ".join(tool["tags"]),
        tool["definitionBytes"],
    )
    return tuple(plain(cell, width) for cell, width in zip(cells, _WIDTHS, strict=True))


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        *texts, size = zip(row, widths, strict=True)
        yield "  ".join([*(cell.ljust(width) for cell, width in texts), size[0].rjust(size[1])])


def _left_out(found: Sequence[Mapping[str, Any]], all: bool) -> Iterator[str]:
    told = [each for each in found if each["chosen"] or all]
    yield from _section("Left out", (_reason(each) for each in told))
    if len(found) > len(told):
        yield f"not chosen: {len(found) - len(told)} (-v lists them)"


def _reason(each: Mapping[str, Any]) -> str:
    reason = each["reason"] or "is not chosen"
    return plain(f"{each['method']} {each['path']}: {reason}")


def _wanted(each: Mapping[str, Any]) -> str:
    needed = "required" if each["required"] else "optional"
    members = ", ".join(
        f"{name}: {value or '...'}" for name, value in (each["gateway"] or {}).items()
    )
    return plain(f"{each['name']} ({each['type']}, {needed}): {members or each['description']}")


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from ("", f"{title}:", *(f"  {line}" for line in found))
