"""What an HTML page says in words, for error pages of services. Pure, and linear in the page."""

import html

MAX_READ = 64 * 1024  # characters of a page

_UNSAID = ("script", "style", "svg", "head")


def is_html(media_type: str, text: str) -> bool:
    begin = text[:200].lstrip().lower()
    return media_type in ("text/html", "application/xhtml+xml") or begin.startswith(
        ("<!doctype html", "<html")
    )


def words(page: str) -> str:
    """Its text without tags, its title first."""
    page = page[:MAX_READ]
    lower = page.lower()
    said = [_title(page, lower)]
    at = 0
    while (start := lower.find("<", at)) >= 0:
        said.append(page[at:start])
        name = next((each for each in _UNSAID if _opens(lower, start, each)), "")
        closing = f"</{name}" if name else ">"
        end = lower.find(closing, start)
        if end < 0:
            return _plain(said)
        at = lower.find(">", end) + 1 or len(page)
    said.append(page[at:])
    return _plain(said)


def _title(page: str, lower: str) -> str:
    start = lower.find("<title")
    begin = lower.find(">", start) + 1
    end = lower.find("</title", begin)
    return page[begin:end] if start >= 0 and begin and end >= 0 else ""


def _opens(lower: str, start: int, name: str) -> bool:
    after = start + 1 + len(name)
    return lower.startswith(name, start + 1) and not lower[after : after + 1].isalnum()


def _plain(said: list[str]) -> str:
    return " ".join(html.unescape(" ".join(said)).split())
