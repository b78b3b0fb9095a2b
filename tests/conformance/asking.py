"""Carries a conversation out over the official SDK's server, in the way of the client's era."""

import asyncio
from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from pydantic import BaseModel

from conformance.questions import (
    CAPABILITY,
    Answers,
    Conversation,
    Done,
    Impossible,
    Round,
    askable,
    turn,
)
from support.mcp_servers import MODERN

Context = ServerRequestContext[Any, Any]
MISSING_CAPABILITY = -32021
_KINDS: Mapping[str, tuple[type[Any], type[BaseModel]]] = {
    "elicitation/create": (types.ElicitRequest, types.ElicitResult),
    "sampling/createMessage": (types.CreateMessageRequest, types.CreateMessageResult),
    "roots/list": (types.ListRootsRequest, types.ListRootsResult),
}


async def converse(
    context: Context, conversation: Conversation, params: types.InputResponseRequestParams
) -> str | types.InputRequiredResult:
    """The text that ends it, or what a modern client has to answer first."""
    if context.protocol_version != MODERN:
        return await _push(context, conversation)
    answers = params.input_responses or {}
    next = turn(conversation, params.request_state, answers, declared(context))
    if isinstance(next, Done):
        return next.text
    if isinstance(next, Impossible):
        needed: dict[str, Any] = {each: {} for each in sorted(next.needed)}
        raise MCPError(
            MISSING_CAPABILITY,
            f"the client lacks {', '.join(needed)}",
            data={"requiredCapabilities": needed},
        )
    return types.InputRequiredResult.model_validate(
        {"inputRequests": requests(next.questions), "requestState": next.state}
    )


def requests(questions: Round) -> dict[str, Any]:
    """As `inputRequests` has them."""
    return {key: {"method": m, "params": params} for key, (m, params) in questions.items()}


def declared(context: Context) -> frozenset[str]:
    """The capabilities that decide what may be asked."""
    known = context.session.client_capabilities
    return frozenset(name for name in CAPABILITY.values() if getattr(known, name, None) is not None)


async def _push(context: Context, conversation: Conversation) -> str:
    """Asks all of a round at once. Like many legacy servers it asks without looking whether the
    client can answer."""
    answers: Answers = {}
    for place, questions in enumerate(conversation.rounds):
        asked = askable(conversation, place, declared(context)) or questions
        answers = await push_all(context, asked)
    return conversation.finish(answers)


async def push_all(context: Context, questions: Round) -> Answers:
    """Requests to the client, all at once, on the stream of the call."""
    said = await asyncio.gather(*(_request(context, *each) for each in questions.values()))
    return dict(zip(questions, said, strict=True))


async def _request(context: Context, method: str, params: Mapping[str, Any]) -> Any:
    request, result = _KINDS[method]
    return await context.session.send_request(
        request.model_validate({"method": method, "params": params}),
        result,
        metadata=ServerMessageMetadata(related_request_id=context.request_id),
    )
