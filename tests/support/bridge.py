"""One message across the bridge between a client and an upstream, in each of the four quadrants:
a method for each kind of message, which says what the other side gets. Nothing is sent."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import input_rounds, questions, translate
from mcpgateway.common.mcp.client_capabilities import abilities
from mcpgateway.common.mcp.input_rounds import Aborted
from mcpgateway.common.mcp.questions import Question, Reply
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, LATEST_MODERN, Era
from mcpgateway.data_plane.pipeline.asking.legacy import reply_of
from mcpgateway.data_plane.upstreams.delivery import Delivery
from mcpgateway.data_plane.upstreams.envelopes import envelope_of
from mcpgateway.data_plane.upstreams.request import Client, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_call import sent_params
from support.sinks import RecordingSink, upstream

WIRE_ID = 41  # of requests in a session that several share, where it is the progress token too
CAPABILITIES: dict[str, Any] = {
    "elicitation": {"form": {}, "url": {}},
    "sampling": {"tools": {}},
    "roots": {},
}


class Quadrant(NamedTuple):
    """A client and an upstream by their eras. The cases of a golden file may name older legacy
    revisions (`client`, `upstream`) and other capabilities (`declares`)."""

    client: Era
    upstream: Era

    def request(self, given: Mapping[str, Any]) -> Any:
        """The params that the upstream gets."""
        request = self._request(given)
        if self.upstream == "legacy":
            return _json(jsonrpc.join_params(sent_params(self.client, request.params, WIRE_ID)))
        if self.client == "modern":
            return _json(jsonrpc.join_params(request.params))
        envelope = envelope_of(request)
        return _json(jsonrpc.join_params(translate.params_to_modern(request.params, envelope)))

    def answer(self, given: Mapping[str, Any]) -> Any:
        """What the client gets for a result or an error: the HTTP status and the message."""
        heard = self._delivered(given, jsonrpc.encode({"jsonrpc": "2.0", "id": 7, **given["says"]}))
        if heard.error is not None:
            return {"fails": heard.error.code, "because": str(heard.error)}
        return {"status": heard.status, **_without_envelope(heard.answered)}

    def notification(self, given: Mapping[str, Any]) -> Any:
        """What the client is told, null for nothing."""
        heard = self._delivered(given, jsonrpc.encode({"jsonrpc": "2.0", **given["says"]}))
        return _without_envelope(heard.messages[0]) if heard.messages else None

    def question(self, given: Mapping[str, Any]) -> Any:
        """What the client is asked, or else what the upstream is told. Modern peers ask in a
        result, legacy ones by a request."""
        if self.client == self.upstream == "modern":
            asked = {"resultType": "input_required", "inputRequests": {"a": given["asks"]}}
            return self.answer({"method": "tools/call", "says": {"result": asked}})["result"]
        client = self._client(given)
        found = self._asked(given["asks"])
        refused = questions.refusal(
            abilities(client.capabilities, client.era, client.revision), found
        )
        if refused is not None:
            return {"refused": _json(refused)}
        put = questions.for_client(found, client.revision, "made-up")
        if self.client == "modern":
            return _json(questions.input_required({"q1": put}, "a sealed state"))
        return {"method": put.method, "params": _json(put.params)}

    def reply(self, given: Mapping[str, Any]) -> Any:
        """What the upstream gets for what the client replies to a question."""
        if self.client == self.upstream == "modern":
            params = {"name": "t", "inputResponses": {"a": given["replies"]}}
            return self.request({"params": params})["inputResponses"]["a"]
        asked = Question(given["to"], b"{}")
        reply = self._replied(given["replies"])
        if self.upstream == "modern":
            found = input_rounds.responses({"a": asked}, {"a": reply})
            if isinstance(found, Aborted):
                return {"call fails": _json(found.error)}
            return {"inputResponses": {key: _json(each) for key, each in found.items()}}
        sent = questions.for_upstream(asked.method, reply, given.get("upstream", LATEST_LEGACY))
        if sent.result is not None:
            return {"result": _json(sent.result)}
        return {"error": _json(sent.error or b"")}

    def _asked(self, asks: Mapping[str, Any]) -> Question:
        if self.upstream == "legacy":
            return Question(asks["method"], jsonrpc.encode(asks.get("params", {})))
        result = {"resultType": "input_required", "inputRequests": {"a": asks}}
        return input_rounds.read(jsonrpc.encode(result)).questions["a"]

    def _replied(self, said: Mapping[str, Any]) -> Reply:
        """A modern client replies with bare results, a legacy one with responses."""
        if self.client == "modern":
            found = questions.replies(msgspec.Raw(jsonrpc.encode({"a": said})))
            assert not isinstance(found, str)
            return found["a"]
        return reply_of(jsonrpc.decode_frame(jsonrpc.encode({"jsonrpc": "2.0", "id": 1, **said})))

    def _delivered(self, given: Mapping[str, Any], message: bytes) -> RecordingSink:
        """`RecordingSink.answered` is the result itself where the call goes on in rounds."""
        heard = RecordingSink()

        def more_input(result: msgspec.Raw) -> None:
            heard.answer(jsonrpc.encode({"goes on in rounds": result}))

        delivery = Delivery(
            self._request(given), heard, lambda upstream: None, more_input=more_input
        )
        delivery.message(message)
        return heard

    def _request(self, given: Mapping[str, Any]) -> UpstreamRequest:
        params = {
            key: msgspec.Raw(jsonrpc.encode(value))
            for key, value in given.get("params", {}).items()
        }
        method = given.get("method", "tools/call")
        return UpstreamRequest(upstream(self.upstream), self._client(given), 7, method, params)

    def _client(self, given: Mapping[str, Any]) -> Client:
        latest = LATEST_MODERN if self.client == "modern" else LATEST_LEGACY
        return Client(
            self.client,
            given.get("client", latest),
            "ann@example.com",
            session="" if self.client == "modern" else "s1",
            info=b'{"name":"c","version":"1"}',
            capabilities=jsonrpc.encode(given.get("declares", CAPABILITIES)),
            log_level=given.get("level", ""),
        )


def _json(raw: bytes) -> Any:
    return json.loads(raw)


def _without_envelope(message: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in message.items() if key not in ("jsonrpc", "id")}
