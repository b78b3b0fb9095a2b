"""How the connections of one identity are secured: whom we believe, and which certificate we show.

Names are verified wherever certificates are; nothing older than TLS 1.2 is spoken.
"""

import asyncio
import hashlib
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from typing_extensions import override

from mcpgateway.common.errors import UpstreamUnreachable

_ALPN = ["http/1.1"]
UNVERIFIED = (  # for the log of a service that is told so
    "INSECURE: SKIP_SSL_VERIFY=true: certificates of upstreams are not verified. Whoever is on the "
    "way to one can read its credentials and change its answers; give it a ca_certificate instead"
)


def broken_off(error: ssl.SSLError) -> str:
    """What a peer did, for messages."""
    return f"broke off TLS: {error.reason or error}"


class Tls:
    """A profile. Two of the same name are one: connections are shared among them, and never with
    another. Its context is made when it is needed first, in a thread."""

    __slots__ = ("_context", "_lock", "_make", "name")

    def __init__(self, name: str, make: Callable[[], ssl.SSLContext]) -> None:
        self.name = name
        self._make = make
        self._context: ssl.SSLContext | None = None
        self._lock = asyncio.Lock()

    async def context(self) -> ssl.SSLContext:
        """Raises UpstreamUnreachable when what it is made of can not be used."""
        async with self._lock:
            if self._context is None:
                try:
                    self._context = await asyncio.to_thread(self._make)
                except (ssl.SSLError, ValueError) as error:
                    cause = getattr(error, "reason", None) or error
                    raise UpstreamUnreachable(
                        f"the certificates registered for it can not be used: {cause}"
                    ) from error
            return self._context

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tls) and other.name == self.name

    @override
    def __hash__(self) -> int:
        return hash(self.name)

    @override
    def __repr__(self) -> str:
        return f"Tls({self.name!r})"


def profile(ca: str = "", cert: str = "", key: str = "", *, verify: bool = True) -> Tls:
    """The profile of these certificates (see `client_context`). The key is not in its name: a
    certificate has one."""
    digest = hashlib.sha256()
    for part in (ca, cert, "" if verify else "unverified"):
        digest.update(len(part).to_bytes(4, "big") + part.encode())
    return Tls(digest.hexdigest()[:32], partial(client_context, ca, cert, key, verify=verify))


def client_context(
    ca: str = "", cert: str = "", key: str = "", *, verify: bool = True
) -> ssl.SSLContext:
    """All PEM. `ca`: the only issuers believed, "" for the system's (SSL_CERT_FILE, SSL_CERT_DIR);
    `cert` with its chain and `key`: shown to a server that asks. `verify` False believes anybody,
    but not where `ca` says whom to believe. Raises ssl.SSLError, ValueError."""
    context = ssl.create_default_context(cadata=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(_ALPN)
    if ca:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # an issuer need be no root
    elif not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if cert:
        with _readable(f"{cert}\n{key}\n".encode()) as path:
            context.load_cert_chain(path, password="")  # else OpenSSL asks at the terminal
    return context


@contextmanager
def _readable(text: bytes) -> Iterator[str]:
    """A path, which is all that OpenSSL reads from: of memory where the system can do that, else
    of a file that only we may read and that is gone afterwards."""
    if hasattr(os, "memfd_create"):
        with open(os.memfd_create("certificate"), "wb", buffering=0) as memory:
            memory.write(text)
            yield f"/proc/self/fd/{memory.fileno()}"
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(text)
            file.flush()
            yield file.name
