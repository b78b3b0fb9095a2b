"""Names the caller to an upstream that is to know him, as its record says."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.policy import propagation
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Upstream

Lines = tuple[tuple[bytes, bytes], ...]
_META = "_meta"


class Naming:
    """`secret` b"": nothing is signed. `now` is Unix seconds."""

    def __init__(self, secret: bytes, now: Callable[[], float]) -> None:
        self._secret = secret
        self._now = now

    def lines(self, upstream: Upstream, subject: Subject, headers: Lines) -> Lines:
        """`headers` are those of the request. What a client passed under such a name is not sent:
        it could name somebody else."""
        how = propagation.read(upstream.identity)
        reserved = propagation.own_names(how)
        others = tuple([line for line in headers if line[0] not in reserved])
        said = propagation.said_of(subject)
        named = propagation.header_lines(how, said)
        if named and self._secret:
            signed = self._signature(upstream, said)
            named += ((f"{how.prefix.lower()}-signature".encode(), signed.encode()),)
        return others + named

    def params(
        self, upstream: Upstream, subject: Subject, params: jsonrpc.Params
    ) -> jsonrpc.Params:
        """With `_meta.user` where the upstream reads that; never the client's own."""
        how = propagation.read(upstream.identity)
        meta = _members(params.get(_META))
        meta.pop(propagation.META, None)
        said = propagation.said_of(subject)
        if said and how.mode != "headers":
            signed = {"signature": self._signature(upstream, said)} if self._secret else {}
            meta[propagation.META] = msgspec.Raw(jsonrpc.encode({**said, **signed}))
        others = {name: raw for name, raw in params.items() if name != _META}
        return {**others, _META: msgspec.Raw(jsonrpc.join_params(meta))} if meta else others

    def _signature(self, upstream: Upstream, said: Mapping[str, Any]) -> str:
        return propagation.signature(said, upstream.id, self._secret, int(self._now()))


def _members(raw: msgspec.Raw | None) -> jsonrpc.Params:
    if raw is None:
        return {}
    try:
        found: jsonrpc.Params = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        return {}
    return found
