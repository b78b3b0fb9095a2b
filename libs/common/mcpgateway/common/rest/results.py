"""What the answer of a REST service says to who called a tool. Pure.

Bodies become what MCP has for them: JSON and texts are text (JSON objects structured content,
too), images and sounds are themselves, all else is a resource in base64. A status of 400 and above
is an error that tells the model what to change, and what the service said: no more than 2,000
characters of it, of an HTML page its words.
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
from mcpgateway.common.rest import html_text

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
_anything = msgspec.json.Decoder()


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
    link: str = ""
    challenge: str = ""  # WWW-Authenticate

    @property
    def media_type(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()


def result(asked: Asked, answer: Answer, note: str = "") -> bytes:
    """The result of the call, as JSON. `note` is said beside what the service said."""
    if not 200 <= answer.status < 300:
        return tool_result.failed(asked.era, _refusal(asked, answer))
    if not answer.body:
        said = f"{_status(answer.status)}, without a body"
        # Clients refuse a result without what the tool promises, and this work is done.
        promised = b"{}" if asked.structured else None
        return tool_result.result(asked.era, [tool_result.text(said)], promised)
    if _is_json(answer.media_type) or (asked.structured and _may_be_json(answer)):
        return _json(asked, answer, note)
    if asked.structured:
        return tool_result.failed(asked.era, _no_json(asked, answer))
    return tool_result.result(asked.era, [_content(asked, answer)])


def _may_be_json(answer: Answer) -> bool:
    """Some services name no type, or text."""
    return answer.media_type in ("", "text/plain") and answer.body.lstrip()[:1] in b"{["


def _no_json(asked: Asked, answer: Answer) -> str:
    kind = answer.content_type[:100] or "no content type"
    said = f"{asked.label} answered {_status(answer.status)} with {kind}, not JSON, which the tool"
    quoted = _quoted(answer)
    return f"{said} promises" + (f". It says: {quoted}" if quoted else "")


def _json(asked: Asked, answer: Answer, note: str) -> bytes:
    try:
        body = answer.body.removeprefix(codecs.BOM_UTF8)
        text = body.decode()
        whole = jsonrpc.decode_outermost(_anything, body)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        said = f"{asked.label} answered with {answer.content_type} that is none ({error})"
        return tool_result.failed(asked.era, f"{said}. It begins with: {_quoted(answer)}")
    structured = isinstance(whole, dict) or asked.structured
    content = [tool_result.text(text), *([tool_result.text(note)] if note else [])]
    return tool_result.result(asked.era, content, body.strip() if structured else None)


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
    if kind and not (
        kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+xml", "+yaml"))
    ):
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


_CHANGE = {
    400: "; change the arguments as it says",
    401: "; it does not accept the credentials that are registered for this tool",
    403: "; the credentials that are registered for this tool do not allow it",
    404: "; look at the arguments that say which one is meant",
    407: "; it does not accept the credentials that are registered for this tool",
    409: "; what is there does not agree with it: look at that first",
    410: "; it was there and is no more",
    412: "; what is there was changed meanwhile: look at it again",
    413: "; send less at once",
    414: "; send less at once",
    422: "; change the arguments as it says",
    431: "; send less at once",
}


def _advice(asked: Asked, answer: Answer) -> str:
    """What the model may do about it; of some only an operator can do anything."""
    status = answer.status
    if status in (429, 503):
        wait = answer.retry_after[:40]
        return f"; it asks to come back later ({wait})" if wait else "; it asks to come back later"
    if 300 <= status < 400:
        return f" to {answer.location[:300]!r}; redirects are not followed"
    if status >= 500 and asked.once:
        return "; it may have been carried out all the same"
    return _CHANGE.get(status, "")


def _quoted(answer: Answer) -> str:
    """The service's own words, nothing of what is none."""
    text = _text(answer)
    if text is None and _is_json(answer.media_type):
        text = answer.body.decode("utf-8", "replace")
    if text and html_text.is_html(answer.media_type, text):
        text = html_text.words(text)
    said = " ".join((text or "").split())
    return said if len(said) <= MAX_QUOTED else said[: MAX_QUOTED - 1] + "…"


def _is_json(kind: str) -> bool:
    return kind in ("application/json", "text/json") or kind.endswith("+json")


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
