"""What an upstream asks a client in the midst of a call, in the words of either era, and what the
client replies. Pure.

The eras spell the questions alike but for their envelope; what differs is `elicitationId`, which
2026-07-28 has no more, and what a client may be asked at all. Rounds, in which a modern upstream
asks, are `input_rounds`' business.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.jsonrpc import Params, encode, join_params
from mcpgateway.common.mcp.client_capabilities import Abilities, abilities
from mcpgateway.common.mcp.envelope import read_meta, read_string
from mcpgateway.common.mcp.revisions import PREFIX, V2025_11_25, Era, is_modern
from mcpgateway.common.mcp.tasks import META_RELATED

ELICITATION = "elicitation/create"
SAMPLING = "sampling/createMessage"
ROOTS = "roots/list"
ASKED = frozenset({ELICITATION, SAMPLING, ROOTS})
MAY_ASK = frozenset({"tools/call", "prompts/get", "resources/read", "tasks/result"})
"""The methods in whose midst a client may be asked something; all but the last, which only
2025-11-25 has, are those of 2026-07-28."""
ELICITATION_COMPLETE = "notifications/elicitation/complete"
URL_ELICITATION_REQUIRED = -32042  # 2025-11-25 only

INPUT_REQUIRED = "input_required"
_PROGRESS = "notifications/progress"
_TOKEN = "progressToken"  # noqa: S105 - a member name, no secret
_MAX_REPLIES = 64

_object = msgspec.json.Decoder(Params)
_array = msgspec.json.Decoder(list[msgspec.Raw])


class Question(NamedTuple):
    """What an upstream wants to know of the client: `elicitation/create`,
    `sampling/createMessage` or `roots/list`; `params` is a JSON object, in the client's era."""

    method: str
    params: bytes


class Reply(NamedTuple):
    """The client's reply as JSON: a result, or the error object."""

    result: bytes | None = None
    error: bytes | None = None


def refusal(able: Abilities, question: Question) -> bytes | None:
    """The error object for what a client did not declare, None for what it did: -32601 where it
    knows nothing of the method, -32602 where it can not do what the params ask for."""
    params = _members(question.params)
    if params is None:
        return _error(jsonrpc.INVALID_PARAMS, f"params of {question.method} must be an object")
    match question.method:
        case "elicitation/create":
            return _elicitation_refusal(able, params)
        case "sampling/createMessage":
            if able.sampling and not able.tools and ("tools" in params or "toolChoice" in params):
                return _error(jsonrpc.INVALID_PARAMS, "this client samples without tools")
            return None if able.sampling else _not_offered(question.method)
        case "roots/list" if able.roots:
            return None
    return _not_offered(question.method)


def covered(capabilities: bytes, era: Era, method: str, params: bytes) -> bool:
    """Whether a client that declared these capabilities, in its era's form, may be asked this."""
    return refusal(abilities(capabilities, era), Question(method, params)) is None


def needed_for(question: Question) -> dict[str, Any]:
    """The capabilities that a question takes, as a client of 2026-07-28 declares them; empty when
    no client can be asked it."""
    params = _members(question.params) or {}
    match question.method:
        case "elicitation/create":
            mode = read_string(params.get("mode")) or "form"
            return {"elicitation": {mode: {}}} if mode in ("form", "url") else {}
        case "sampling/createMessage":
            with_tools = "tools" in params or "toolChoice" in params
            return {"sampling": {"tools": {}} if with_tools else {}}
        case "roots/list":
            return {"roots": {}}
    return {}


def for_lack_of(needed: Mapping[str, Any], response: bytes) -> bytes | None:
    """What a client of 2026-07-28 gets for an error after a question that it was not asked: one
    that names the capabilities. None when the call ended well all the same."""
    frame = jsonrpc.decode_frame(response)
    if isinstance(frame.error, msgspec.UnsetType):
        return None
    assert not isinstance(frame.id, msgspec.UnsetType)
    said = jsonrpc.decode_error(frame.error).message
    return jsonrpc.error(
        frame.id,
        jsonrpc.MISSING_CLIENT_CAPABILITY,
        f"the client did not declare {', '.join(sorted(needed))}: {said}",
        {"requiredCapabilities": needed},
    )


def for_client(question: Question, revision: str, elicitation_id: str) -> Question:
    """The question of an upstream in the words of the client's revision, without what belongs to
    the upstream's own exchange: reserved `_meta` (but for the task that a question belongs to,
    where the revision knows of it), progress, the wish for a task.
    `elicitation_id` is given to a page that has none, where the revision wants one."""
    knows_tasks = revision == V2025_11_25
    params = _cleaned(_members(question.params) or {}, META_RELATED if knows_tasks else "")
    if question.method == ELICITATION:
        if read_string(params.get("mode")) != "url":
            if revision < V2025_11_25:
                params.pop("mode", None)
        elif is_modern(revision):
            params.pop("elicitationId", None)
        else:
            params.setdefault("elicitationId", msgspec.Raw(encode(elicitation_id)))
    return Question(question.method, join_params(params))


def for_upstream(method: str, reply: Reply, revision: str) -> Reply:
    """A client's reply in the words of the upstream's revision. A result that is no object
    becomes an error."""
    if reply.result is None:
        unsaid = _error(jsonrpc.INTERNAL_ERROR, "the client did not say what is wrong")
        return Reply(error=unsaid if reply.error is None else reply.error)
    members = _members(reply.result)
    if members is None:
        wrong = _error(jsonrpc.INTERNAL_ERROR, f"the client's reply to {method} is no object")
        return Reply(error=wrong)
    result = _cleaned(members)
    result.pop("resultType", None)
    if method == SAMPLING and revision < V2025_11_25:
        _single_content(result)
    return Reply(result=join_params(result))


def required_pages(error: jsonrpc.ErrorObject) -> dict[str, Question] | None:
    """The pages that a client must have been to before it calls again (-32042 of 2025-11-25), in
    the words of 2026-07-28; None for any other error, or one that names no page."""
    if error.code != URL_ELICITATION_REQUIRED or isinstance(error.data, msgspec.UnsetType):
        return None
    try:
        pages = _array.decode((_members(error.data) or {})["elicitations"])
    except (KeyError, msgspec.DecodeError):
        return None
    found: dict[str, Question] = {}
    for number, raw in enumerate(pages[:_MAX_REPLIES], 1):
        page = _members(raw)
        if page is None or "url" not in page:
            return None
        page = {"mode": msgspec.Raw(b'"url"'), **page}
        page.pop("elicitationId", None)
        found[f"page-{number}"] = Question(ELICITATION, join_params(page))
    return found or None


def input_required(asked: Mapping[str, Question], state: str = "") -> bytes:
    """The result of 2026-07-28 that asks a client; `state` "" for none."""
    requests = {
        key: {"method": question.method, "params": msgspec.Raw(question.params)}
        for key, question in asked.items()
    }
    result: dict[str, object] = {"resultType": INPUT_REQUIRED}
    if requests:
        result["inputRequests"] = requests
    if state:
        result["requestState"] = state
    return encode(result)


def replies(raw: msgspec.Raw | None) -> dict[str, Reply] | str:
    """What a client of 2026-07-28 sends as `inputResponses`; a text says what is wrong with it."""
    if raw is None:
        return {}
    found = _members(raw)
    if found is None:
        return "must be an object"
    if len(found) > _MAX_REPLIES:
        return f"may have {_MAX_REPLIES} members, got {len(found)}"
    wrong = next((key for key, each in found.items() if _members(each) is None), None)
    if wrong is not None:
        return f"has something else than an object under {wrong[:100]!r}"
    return {key: Reply(result=bytes(each)) for key, each in found.items()}


def all_turned_down(raw: msgspec.Raw | None) -> bool:
    """Whether `inputResponses` are there and accept nothing."""
    given = replies(raw)
    if isinstance(given, str) or not given:
        return False
    results = (_members(reply.result or b"{}") or {} for reply in given.values())
    return not any(read_string(result.get("action")) == "accept" for result in results)


def with_token(message: bytes, token: bytes | None) -> bytes:
    """A notification of progress under another token, given as JSON; any other message, and one
    for which there is no token, as it is."""
    if token is None:
        return message
    frame = jsonrpc.decode_frame(message)
    if frame.method != _PROGRESS or isinstance(frame.params, msgspec.UnsetType):
        return message
    params = {**frame.params, _TOKEN: msgspec.Raw(token)}
    return jsonrpc.notification(_PROGRESS, join_params(params))


def _elicitation_refusal(able: Abilities, params: Params) -> bytes | None:
    if not (able.form or able.url):
        return _not_offered(ELICITATION)
    mode = read_string(params.get("mode")) or "form"
    if (able.form and mode == "form") or (able.url and mode == "url"):
        return None
    return _error(jsonrpc.INVALID_PARAMS, f"this client can not be asked in mode {mode[:40]!r}")


def _single_content(result: Params) -> None:
    """Before 2025-11-25 there was one block of content, no list."""
    try:
        blocks = _array.decode(result.get("content", b"null"))
    except msgspec.DecodeError:
        return
    if len(blocks) == 1:
        result["content"] = blocks[0]


def _cleaned(members: Params, but: str = "") -> Params:
    """`but` is a reserved key of `_meta` that stays."""
    kept = {key: value for key, value in members.items() if key not in ("task", "_meta")}
    meta = read_meta(members) or {}
    own = {
        key: value
        for key, value in meta.items()
        if key == but or (key != _TOKEN and not key.startswith(PREFIX))
    }
    if own:
        kept["_meta"] = msgspec.Raw(join_params(own))
    return kept


def _members(raw: bytes | msgspec.Raw) -> Params | None:
    try:
        return _object.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _not_offered(method: str) -> bytes:
    return _error(jsonrpc.METHOD_NOT_FOUND, f"this client does not offer {method[:100]}")


def _error(code: int, message: str) -> bytes:
    return encode(jsonrpc.ErrorObject(code, message))
