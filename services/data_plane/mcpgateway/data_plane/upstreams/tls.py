"""How connections to an upstream are secured, as its record in the routing table says."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from mcpgateway.common import seal
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.model import Credential, Key, Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http.tls import Tls, profile

Open = Callable[[str, str, bytes], bytes]
"""Opens a secret of the table: kind, id, sealed. Raises seal.SealError."""


class Pem(NamedTuple):
    """Of an upstream: the only issuers that are believed, and the certificate shown with its key;
    "" where there is none."""

    ca: str = ""
    cert: str = ""
    key: str = ""


class UpstreamTls:
    """Makes TLS profiles. They are compared by their certificates, so that a profile made again
    goes on with the connections of the last."""

    def __init__(self, open: Open, *, verify: bool = True) -> None:
        """`verify` False: of upstreams without an authority of their own any is believed."""
        self._open = open
        self._verify = verify
        self._credentials: Mapping[str, Credential] = {}

    def changed(self, table: Table, _touched: frozenset[Key] | None) -> None:
        """A listener for the table holder."""
        self._credentials = table.credentials

    def of(self, upstream: Upstream) -> Tls | None:
        """None: as all that say nothing are. Raises Unavailable when the key of its certificate
        is not to be had: no call goes out without it."""
        if not (upstream.ca_certificate or upstream.client_cert):
            return None
        return profile(*self.pem_of(upstream), verify=self._verify)

    def pem_of(self, upstream: Upstream) -> Pem:
        """What such a profile is made of. Raises as `of`."""
        cert = upstream.client_cert
        return Pem(upstream.ca_certificate, cert, self._key(upstream) if cert else "")

    def _key(self, upstream: Upstream) -> str:
        credential = self._credentials.get(upstream.client_key)
        if credential is None:
            raise Unavailable(f"the client key of upstream {upstream.name!r} is not in the table")
        try:
            return self._open("credential", credential.id, credential.sealed).decode()
        except (seal.SealError, UnicodeDecodeError) as error:
            raise Unavailable(
                f"the client key of upstream {upstream.name!r} can not be opened by this data plane"
            ) from error
