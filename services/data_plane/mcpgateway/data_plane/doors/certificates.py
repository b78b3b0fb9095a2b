"""The certificate that the doors show, from files that may change while they serve.

A changed file is used for the handshakes that follow; connections that are there stay as they are.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from ssl import SSLContext

from cryptography import x509

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime import server_tls
from mcpgateway.common.runtime.server_tls import TlsFiles

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks at the files


class Certificates:
    """Make one with `open`; `follow` runs until it is cancelled."""

    def __init__(self, files: TlsFiles, context: SSLContext, seen: object) -> None:
        self.files = files
        self.context = context
        self._seen = seen
        self._listeners: list[Callable[[], None]] = []

    @staticmethod
    def open(files: TlsFiles, protocols: Sequence[str]) -> "Certificates":
        """`protocols` are offered by ALPN. Raises Unavailable when the files can not be used."""
        try:
            seen = _state(files)
            made = Certificates(files, server_tls.make_context(files, protocols), seen)
        except OSError as error:
            raise Unavailable(server_tls.problem(files, error)) from error
        log.info("TLS certificate: %s", describe(files.certificate))
        return made

    def on_change(self, listener: Callable[[], None]) -> None:
        """Called when the files have changed and are good. May raise OSError and ValueError when
        they are not good enough for the listener."""
        self._listeners.append(listener)

    async def follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> bool:
        """Whether the files changed and are in use now. What can not be used is logged once, and
        the last good certificate stays."""
        state = _state(self.files)
        if state == self._seen:
            return False
        self._seen = state
        try:
            server_tls.make_context(self.files)  # a half-loaded context would serve nobody
            server_tls.load(self.context, self.files)
            for listener in self._listeners:
                listener()
        except (OSError, ValueError) as error:
            what = server_tls.problem(self.files, error)
            log.error("%s; the last good certificate stays in use", what)  # noqa: TRY400 - says all
            return False
        log.info("TLS certificate changed: %s", describe(self.files.certificate))
        return True


def _state(files: TlsFiles) -> object:
    """Changes when a file is written, replaced, linked to another, or gone."""
    return [_file_state(files.certificate), _file_state(files.key)]


def _file_state(path: Path) -> object:
    try:
        found = path.stat()
    except OSError as error:
        return error.errno
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def describe(certificate: Path) -> str:
    """For a log line: whose it is and until when."""
    try:
        first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError):  # OpenSSL could read it
        return str(certificate)
    subject = first.subject.rfc4514_string() or "(no name)"
    return f"{subject}, valid until {first.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
