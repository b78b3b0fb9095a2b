"""The header lines that authenticate the gateway to an upstream, opened from the table."""

from collections import OrderedDict

import msgspec

from mcpgateway.common import seal
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.model import Credential, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.authenticate import Unsealer

Lines = tuple[tuple[bytes, bytes], ...]
OPENED = 10_000  # opened credentials; the least recently used goes and is opened again

_pairs = msgspec.json.Decoder(list[tuple[str, str]])


class Credentials:
    """Opens each version of a credential once. What was opened holds as long as the table has
    the very same record."""

    def __init__(self, unsealer: Unsealer) -> None:
        self._unsealer = unsealer
        self._opened: OrderedDict[str, tuple[Credential, Lines]] = OrderedDict()

    def lines(self, table: Table, upstream: Upstream) -> Lines:
        """Empty for an upstream without credentials. Raises Unavailable when they can not be
        opened: the call must not go out without them."""
        if not upstream.credential:
            return ()
        credential: Credential | None = table.credentials.get(upstream.credential)
        if credential is None:
            raise Unavailable(f"credentials of upstream {upstream.name!r} are not in the table")
        known = self._opened.get(credential.id)
        if known is not None and known[0] is credential:
            self._opened.move_to_end(credential.id)
            return known[1]
        lines = self._open(credential, upstream)
        self._opened[credential.id] = (credential, lines)
        if len(self._opened) > OPENED:
            self._opened.popitem(last=False)
        return lines

    def _open(self, credential: Credential, upstream: Upstream) -> Lines:
        try:
            plain = self._unsealer.open("credential", credential.id, credential.sealed)
            pairs = _pairs.decode(plain)
        except (seal.SealError, msgspec.DecodeError) as error:
            raise Unavailable(
                f"credentials of upstream {upstream.name!r} can not be opened by this data plane"
            ) from error
        return tuple((name.lower().encode(), value.encode()) for name, value in pairs)
