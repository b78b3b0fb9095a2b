"""What a caller hears when an upstream is called with his own authorization and he has given none:
where to go for it. Pure.

A client that can show pages is asked to show one: by a round of 2026-07-28, by error -32042 of
2025-11-25. Any other reads of it in the result of its tool, or in the error. Who then calls again
is served. The page asks who is there: the link carries no authority.
"""

from typing import NamedTuple
from urllib.parse import quote

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.client_capabilities import abilities
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.questions import (
    ELICITATION,
    INPUT_REQUIRED,
    MAY_ASK,
    URL_ELICITATION_REQUIRED,
)
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, V2025_11_25, Era
from mcpgateway.common.routing.upstream_tokens import key_of
from mcpgateway.data_plane.pipeline.call import Call, Result
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import ConsentMissing

KEY = "mcpgateway.consent"  # of the question, in a round
RESPONSES = "inputResponses"

_object = msgspec.json.Decoder(jsonrpc.Params)


class Page(NamedTuple):
    """`id` is the same for one caller and upstream."""

    url: str
    id: str
    message: str


def page_of(missing: ConsentMissing, base: str) -> Page:
    """`base` is the gateway's address, without a trailing `/`."""
    upstream = missing.upstream
    key = key_of(missing.principal, upstream.id)
    room = "vault" if upstream.tokens == "vault" else "oauth"
    url = f"{base}/{room}/authorize/{upstream.id}?for={quote(key.partition('.')[0])}"
    wants = "a token of yours" if upstream.tokens == "vault" else "your consent"
    if missing.scopes:
        url += f"&scope={quote(' '.join(missing.scopes))}"
        wants += f" to more ({' '.join(missing.scopes)})"
    return Page(url, key, f"{upstream.name} needs {wants}: open the page, then call again.")


class Asker(NamedTuple):
    """What of a call says how its client is asked. `declined`: its user would not go there."""

    era: Era
    revision: str
    method: str
    capabilities: bytes
    declined: bool


def asker_of(call: Call) -> Asker:
    return Asker(call.era, call.revision, call.method, _capabilities(call), declined(call.params))


def answer(call: Asker, page: Page) -> Result | Problem:
    """What the call is answered with."""
    if call.era == "modern" and call.method in MAY_ASK:
        if call.declined:
            return Problem(jsonrpc.DENIED, f"consent was declined. {page.message} {page.url}", 403)
        if abilities(call.capabilities, "modern").url:
            return Result(_question(page))
    elif call.revision == V2025_11_25 and abilities(call.capabilities, "legacy").url:
        asked = {
            "mode": "url",
            "elicitationId": page.id,
            "url": page.url,
            "message": page.message,
        }
        return Problem(URL_ELICITATION_REQUIRED, page.message, data={"elicitations": [asked]})
    if call.method != "tools/call":
        return Problem(jsonrpc.DENIED, f"{page.message} {page.url}", 403)
    text = {"type": "text", "text": f"{page.message} {page.url}"}
    told = {"content": [text], "isError": True}
    return Result(
        jsonrpc.encode({"resultType": "complete", **told} if call.era == "modern" else told)
    )


def declined(params: jsonrpc.Params) -> bool:
    """Whether the client replied to the question, and not that the user agreed to go there."""
    reply = _responses(params).get(KEY)
    if reply is None:
        return False
    try:
        return read_string(_object.decode(reply).get("action")) != "accept"
    except (msgspec.DecodeError, RecursionError):
        return True


def without_reply(params: jsonrpc.Params) -> jsonrpc.Params:
    """What is the upstream's: the reply to our question is not."""
    if RESPONSES not in params:
        return params
    responses = _responses(params)
    if KEY not in responses:
        return params
    del responses[KEY]
    others = {name: raw for name, raw in params.items() if name != RESPONSES}
    if not responses:
        return others
    return {**others, RESPONSES: msgspec.Raw(jsonrpc.join_params(responses))}


def _question(page: Page) -> bytes:
    params = {"mode": "url", "url": page.url, "message": page.message}
    asked = {KEY: {"method": ELICITATION, "params": params}}
    return jsonrpc.encode({"resultType": INPUT_REQUIRED, "inputRequests": asked})


def _capabilities(call: Call) -> bytes:
    if call.era == "modern":
        return bytes((call.meta or {}).get(META_CLIENT_CAPABILITIES, b"{}"))
    return b"{}" if call.session is None else call.session.capabilities


def _responses(params: jsonrpc.Params) -> jsonrpc.Params:
    try:
        return _object.decode(params.get(RESPONSES, b"{}"))
    except (msgspec.DecodeError, RecursionError):
        return {}
