"""What the answer of a REST service says to who called a tool. Pure.

Bodies become what MCP has for them: JSON and texts are text (JSON objects structured content,
too), images and sounds are themselves, all else is a resource in base64. A status of 400 and above
is an error that tells the model what the service said, no more than 2,000 characters of it.
"""

import base64
import codecs
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.tool_result import Content

MAX_QUOTED = 2000  # characters of an error's body

_AUDIO_SINCE = "2025-03-26"
_TEXTS = frozenset(
    (
        "application/graphql",
        "application/javascript",
        "application/sql",
        "application/toml",
        "application/x-ndjson",
        "application/x-www-form-urlencoded",
        "application/x-yaml",
        "application/xml",
        "application/yaml",
    )
)
_anything = msgspec.json.Decoder(msgspec.Raw)


class Asked(NamedTuple):
    """The request, as far as its answer depends on it. `label` is method and URL without query,
    `structured` whether the tool promises structured content, `once`: sending it twice is not the
    same as once."""

    label: str
    url: str
    era: Era
    revision: str
    structured: bool
    once: bool


class Answer(NamedTuple):
    """`content_type` and what follows are header values, "" where there was none."""

    status: int
    content_type: str
    body: bytes
    location: str = ""
    retry_after: str = ""

    @property
    def media_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()


def result(asked: Asked, answer: Answer) -> bytes:
    """The result of the call, as JSON."""
    if not 200 <= answer.status < 300:
        return tool_result.failed(asked.era, _refusal(asked, answer))
    if not answer.body:
        said = f"{_status(answer.status)}, without a body"
        return tool_result.result(asked.era, [tool_result.text(said)])
    if _is_json(answer.media_type):
        return _json(asked, answer)
    return tool_result.result(asked.era, [_content(asked, answer)])


def _json(asked: Asked, answer: Answer) -> bytes:
    try:
        text = answer.body.decode("utf-8-sig")
        raw = jsonrpc.decode_outermost(_anything, text.encode())
        whole = msgspec.json.decode(raw)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        said = f"{asked.label} answered with {answer.content_type} that is none ({error})"
        return tool_result.failed(asked.era, f"{said}. It begins with: {_quoted(answer)}")
    structured = isinstance(whole, dict) or asked.structured
    return tool_result.result(
        asked.era, [tool_result.text(text)], text.encode() if structured else None
    )


def _content(asked: Asked, answer: Answer) -> Content:
    kind = answer.media_type
    group = kind.partition("/")[0]
    if group == "image" or (group == "audio" and asked.revision >= _AUDIO_SINCE):
        data = base64.b64encode(answer.body).decode()
        return {"type": group, "data": data, "mimeType": kind}
    text = _text(answer)
    if text is not None:
        return tool_result.text(text)
    blob = base64.b64encode(answer.body).decode()
    resource = {
        "uri": asked.url,
        "mimeType": kind or "application/octet-stream",
        "blob": blob,
    }
    return {"type": "resource", "resource": resource}


def _text(answer: Answer) -> str | None:
    """None for what is no text, by its type or (where it names none) by its bytes."""
    kind = answer.media_type
    if kind and not (kind.startswith("text/") or kind in _TEXTS or kind.endswith("+xml")):
        return None
    charset = _charset(answer.content_type)
    try:
        return answer.body.decode(charset)
    except UnicodeDecodeError:
        return answer.body.decode(charset, "replace") if kind else None


def _charset(content_type: str) -> str:
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return _codec(value.strip().strip('"'))
    return "utf-8"


def _codec(name: str) -> str:
    """UTF-8 for what is no character set that Python knows."""
    try:
        found = codecs.lookup(name[:40])
        "".encode(found.name)
    except (LookupError, UnicodeError, ValueError):
        return "utf-8"
    # Python's own transformations (zip, rot13, ...) are codecs, too, and no character sets.
    return found.name if found.name.startswith(_CHARSETS) else "utf-8"


_CHARSETS = ("utf", "iso8859", "ascii", "cp", "koi8", "mac", "gb", "big5", "euc", "shift")


def _refusal(asked: Asked, answer: Answer) -> str:
    said = f"{asked.label} answered {_status(answer.status)}{_advice(asked, answer)}"
    quoted = _quoted(answer)
    return f"{said}. It says: {quoted}" if quoted else said


def _advice(asked: Asked, answer: Answer) -> str:
    status = answer.status
    if status in (401, 407):
        return "; it does not accept the credentials that are registered for this tool"
    if status in (429, 503):
        wait = answer.retry_after[:40]
        return f"; it asks to come back later ({wait})" if wait else "; it asks to come back later"
    if 300 <= status < 400:
        return f" to {answer.location[:300]!r}; redirects are not followed"
    if status >= 500 and asked.once:
        return "; it may have been carried out all the same"
    return ""


def _quoted(answer: Answer) -> str:
    """The service's own words, nothing of what is none."""
    text = _text(answer)
    if text is None and _is_json(answer.media_type):
        text = answer.body.decode("utf-8", "replace")
    said = " ".join((text or "").split())
    return said if len(said) <= MAX_QUOTED else said[: MAX_QUOTED - 1] + "…"


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def failure(asked: Asked, said: str, *, may_be_done: bool) -> bytes:
    """The request was not answered. `may_be_done`: it was on its way."""
    if may_be_done and asked.once:
        said += "; it may have been carried out all the same: look before you ask again"
    return tool_result.failed(asked.era, f"{asked.label}: {said}")
