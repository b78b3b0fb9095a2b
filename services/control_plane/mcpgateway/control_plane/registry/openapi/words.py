"""Descriptions as models want them: short, plain, on few lines. Pure."""

import html
import re

MAX_TOOL = 1024  # characters of a tool's description
MAX_INSTRUCTIONS = 2048
MAX_PART = 300  # of a parameter's, or a member's
MAX_TITLE = 100

_COMMENT = re.compile(r"<!--.*?-->", re.S)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>")
_IMAGE = re.compile(r"!\[([^\[\]]{0,200})\]\([^()\s]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]]{1,500})\]\([^()\s]{0,2000}(?:\s+\"[^\"]{0,200}\")?\)")
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*\n\s*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LOOKED_AT = 16  # as many times the limit is read of a text


def plain(text: object, limit: int) -> str:
    """Without markup, links and second blank lines; cut after a sentence where it is too long. ""
    for what is no text."""
    if not isinstance(text, str):
        return ""
    said = text[: limit * _LOOKED_AT]
    if "<" in said:
        said = _TAG.sub(" ", _COMMENT.sub("", said))
    if "](" in said:
        said = _LINK.sub(r"\1", _IMAGE.sub(r"\1", said))
    said = _SPACE.sub(" ", _CONTROL.sub("", html.unescape(said))).strip()
    return cut("\n".join(part.strip() for part in _LINES.split(said)), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, where it can be whole sentences."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    end = max(kept.rfind(". "), kept.rfind(".\n"))
    if end > limit // 2:
        return kept[: end + 1]
    space = kept.rfind(" ")
    return (kept[:space] if space > limit // 2 else kept).rstrip(" ,;:") + "…"


def line(text: object, limit: int) -> str:
    """On one line."""
    return cut(" ".join(plain(text, limit * 2).split()), limit)
