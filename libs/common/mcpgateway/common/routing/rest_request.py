"""The REST operation that a tool of the gateway's own is: what an operator says of it, and what a
replica needs to send it. Pure values; `request` of a tool is this as JSON. What it must be to be
called, `common.rest.rules` says."""

from typing import Literal

import msgspec

from mcpgateway.common.routing.model import Tool

Method = Literal["GET", "POST", "PUT", "DELETE", "PATCH"]
Body = Literal["", "none", "json", "form", "multipart", "text", "binary"]
PageStyle = Literal["link", "url", "cursor", "page", "offset"]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
COMPACT = ",compact"
STYLES = ("form", "spaceDelimited", "pipeDelimited", "deepObject")
_REPEATABLE = frozenset(("GET", "PUT", "DELETE"))  # RFC 9110, 9.2.2


class Pagination(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a list goes on over several answers, which become one: the last one, with the items of
    all. GET only.

    `style`: where the next page is. `link`: the header `Link` with `rel="next"` (RFC 8288); `url`:
    a URL in the answer, at `next`; `cursor`: a value at `next`, which goes into the query as
    `parameter`; `page`: `parameter` counts pages; `offset`: it counts items. `items`, `next` and
    `more` (false there: the last page) are JSON pointers (RFC 6901) in an answer, where `-1` is
    the last item of an array; `items` "": the answer is the array. Pages are asked for until one
    is the last, has no items, or there are `max_pages`.
    """

    style: PageStyle
    items: str = ""
    next: str = ""
    more: str = ""
    parameter: str = ""
    max_pages: int = 10


class RestRequest(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`url` is absolute, http or https; `{name}` in its path or query takes the argument of that
    name (RFC 6570, level 1; an array is its items with commas), `{+name}` in its path one that may
    have slashes. Of a tool of an OPENAPI upstream it has the origin of that upstream's `url`, and
    credentials, passed headers, TLS, address policy and timeouts are the upstream's.

    An argument that `query_mapping` names goes into the query under the given name, one of
    `header_mapping` into that header, of `cookie_mapping` into that cookie; `{name}` ones into the
    URL; the rest into the body, or the query where there is none. `body_mapping`: arguments that
    are other members of the body than they are called.

    `body` says what the rest becomes: members of a JSON object, fields of a form or of a
    multipart form, nothing ("none"); "": by the Content-Type of `headers`, JSON where it has none,
    "none" with GET and DELETE. `body_argument` names one argument that is the whole body, and the
    rest goes into the query: any JSON, an object for a form, a text for "text", base64 for "binary"
    (both need it). A Content-Type of `headers` is sent in place of the usual one of `body`.
    `files`: arguments that are files of a multipart form, and their media types ("": octets):
    base64, or an object `{"blob": base64, "name"?, "mimeType"?}`, or an array of those.

    `query_style` (OpenAPI's `style`) of arguments in the query or a form: exploded, not so with
    ",compact" after it; without one an array is a parameter several times, an object is JSON.
    `accept`: the header; "": JSON, then text, then anything. `retries`: how often it is sent again
    when the service asks for that: by 429, and by 502, 503 or 504 where that is harmless.

    `base_url` and `path_template` are kept as an operator gave them; `url` was made of them.
    `allowlist`: hosts that may be called, none named: the URL's own. `passthrough_headers`: header
    lines of the client that are sent on, unless `expose_passthrough` is false. The last two are the
    cluster's address policy, which a replica keeps when it connects.
    """

    url: str
    method: Method = "POST"
    headers: dict[str, str] = {}
    query_mapping: dict[str, str] = {}
    header_mapping: dict[str, str] = {}
    cookie_mapping: dict[str, str] = {}
    body_mapping: dict[str, str] = {}
    body: Body = ""
    body_argument: str = ""
    files: dict[str, str] = {}
    query_style: dict[str, str] = {}
    accept: str = ""
    pagination: Pagination | None = None
    retries: int = 2
    base_url: str = ""
    path_template: str = ""
    allowlist: tuple[str, ...] = ()
    expose_passthrough: bool = True
    passthrough_headers: tuple[str, ...] = ()
    loopback_allowed: bool = False
    private_allowed: bool = True


_decoder = msgspec.json.Decoder(RestRequest)


def decode(request: bytes) -> RestRequest:
    """Raises msgspec.DecodeError (ValidationError among them)."""
    return _decoder.decode(request)


def content_type(request: RestRequest) -> str:
    """That of its headers, "" for none."""
    return next(
        (value for name, value in request.headers.items() if name.lower() == "content-type"), ""
    )


def body_of(request: RestRequest) -> Body:
    """What its body is, never ""."""
    if request.body:
        return request.body
    if request.method in ("GET", "DELETE"):
        return "none"
    kind = content_type(request).partition(";")[0].strip().lower()
    if not kind or kind == JSON or kind.endswith("+json"):
        return "json"
    if kind.startswith("text/"):
        return "text"
    return "form" if kind == FORM else "multipart" if kind == MULTIPART else "binary"


def repeatable(request: RestRequest) -> bool:
    """Whether sending it twice is the same as once."""
    return request.method in _REPEATABLE


def harmless(tool: Tool) -> bool:
    """Whether a call of a tool may be sent twice: by its own word, or by its HTTP method."""
    if tool.read_only or tool.idempotent:
        return True
    if not tool.request:
        return False
    try:
        return repeatable(decode(tool.request))
    except msgspec.DecodeError:
        return False
