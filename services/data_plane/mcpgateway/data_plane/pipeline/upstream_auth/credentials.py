"""What authenticates the gateway to an upstream, opened from the table: header lines, and what
goes into the query string."""

from collections import OrderedDict
from typing import NamedTuple

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.model import Credential, Upstream
from mcpgateway.common.routing.query_credentials import told_apart, with_query
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.admitting.authenticate import Unsealer
from mcpgateway.data_plane.pipeline.upstream_auth.callers_authorization import (
    NO_OWN,
    OwnAuthorization,
)
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import UpstreamTokens

Lines = tuple[tuple[bytes, bytes], ...]
OPENED = 10_000  # opened credentials; the least recently used goes and is opened again

_pairs = msgspec.json.Decoder(list[tuple[str, str]])


class _Opened(NamedTuple):
    """`reached` is the upstream as it is called: with what the query string has to say."""

    credential: Credential
    upstream: Upstream
    lines: Lines
    reached: Upstream


class Credentials:
    """Opens each version of a credential once. What was opened holds as long as the table has
    the very same records."""

    def __init__(
        self,
        unsealer: Unsealer,
        tokens: UpstreamTokens | None = None,
        own: OwnAuthorization = NO_OWN,
    ) -> None:
        """`tokens` are those that are not in the table; None: there are none. `own` is what calls
        in their callers' names need beside."""
        self.own = own
        self._unsealer = unsealer
        self._tokens = tokens
        self._opened: OrderedDict[str, _Opened] = OrderedDict()

    def lines(
        self, table: Table, upstream: Upstream, principal: str = "", shown: str = ""
    ) -> Lines:
        """Empty for an upstream without credentials. `principal` is the caller, `shown` the token
        that he showed to the gateway, for an upstream that is called with his own. Raises
        Unavailable when they can not be opened: the call must not go out without them; and what
        `UpstreamTokens.lines` does."""
        if upstream.tokens:
            if self._tokens is None:
                raise Unavailable(f"there are no tokens for upstream {upstream.name!r} here")
            return self._tokens.lines(upstream, principal, shown)
        return self._of(table, upstream).lines if upstream.credential else ()

    def reached(self, table: Table, upstream: Upstream) -> Upstream:
        """The upstream by the URL that it is called by; the same record each time, as long as the
        table has the same. Raises what `lines` does."""
        return self._of(table, upstream).reached if upstream.credential else upstream

    def _of(self, table: Table, upstream: Upstream) -> _Opened:
        credential: Credential | None = table.credentials.get(upstream.credential)
        if credential is None:
            raise Unavailable(f"credentials of upstream {upstream.name!r} are not in the table")
        known = self._opened.get(credential.id)
        if known is not None and known.credential is credential:
            self._opened.move_to_end(credential.id)
            if known.upstream is upstream or known.reached is upstream:
                return known
        opened = self._open(credential, upstream)
        self._opened[credential.id] = opened
        if len(self._opened) > OPENED:
            self._opened.popitem(last=False)
        return opened

    def _open(self, credential: Credential, upstream: Upstream) -> _Opened:
        try:
            plain = self._unsealer.open("credential", credential.id, credential.sealed)
            headers, query = told_apart(_pairs.decode(plain))
        except (seal.SealError, msgspec.DecodeError) as error:
            raise Unavailable(
                f"credentials of upstream {upstream.name!r} can not be opened by this data plane"
            ) from error
        lines = tuple((name.lower().encode(), value.encode()) for name, value in headers)
        reached = upstream
        if query:
            url = with_query(upstream.url, query)
            reached = msgspec.structs.replace(upstream, url=url)
        return _Opened(credential, upstream, lines, reached)
