"""The certificate that the doors show, from files that may change while they serve.

A changed file is used for the handshakes that follow; connections that are there stay as they are.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext

from cryptography import x509

from mcpgateway.common.errors import Unavailable

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0  # between two looks at the files
# TLS 1.2 suites that HTTP/2 allows (RFC 9113 appendix A): forward secret, authenticated.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: `certificate` with its chain, `key` (the same file will do). `password` opens an
    encrypted key."""

    certificate: Path
    key: Path
    password: str = field(default="", repr=False)


def make_context(files: TlsFiles, protocols: Sequence[str]) -> SSLContext:
    """TLS 1.2 or newer for servers; `protocols` are offered by ALPN. Raises OSError, of which
    ssl.SSLError is one."""
    context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(list(protocols))
    _load(context, files)
    return context


def _load(context: SSLContext, files: TlsFiles) -> None:
    # Without a password OpenSSL would ask the terminal for one.
    context.load_cert_chain(files.certificate, files.key, lambda: files.password)


class Certificates:
    """Make one with `open`; `follow` runs until it is cancelled."""

    def __init__(self, files: TlsFiles, context: SSLContext, seen: object) -> None:
        self.files = files
        self.context = context
        self._seen = seen
        self._listeners: list[Callable[[], None]] = []

    @staticmethod
    def open(files: TlsFiles, protocols: Sequence[str]) -> "Certificates":
        """Raises Unavailable when the files can not be used."""
        try:
            seen = _state(files)
            made = Certificates(files, make_context(files, protocols), seen)
        except OSError as error:
            raise Unavailable(_problem(files, error)) from error
        log.info("TLS certificate %s", describe(files.certificate))
        return made

    def on_change(self, listener: Callable[[], None]) -> None:
        """Called after the files were read anew, and are good."""
        self._listeners.append(listener)

    async def follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()

    def look(self) -> bool:
        """Whether the files changed and are in use now. What can not be used is logged once, and
        the last good certificate stays."""
        try:
            state = _state(self.files)
            if state == self._seen:
                return False
            self._seen = state
            make_context(self.files, ())  # a half-loaded context would serve nobody
            _load(self.context, self.files)
            for listener in self._listeners:
                listener()
        except OSError as error:
            self._complain(error)
            return False
        log.info("TLS certificate changed: %s", describe(self.files.certificate))
        return True

    def _complain(self, error: OSError) -> None:
        problem = _problem(self.files, error)
        if problem != self._seen:  # files that are gone have no state to tell them apart by
            log.error("%s; the last good certificate stays in use", problem)
        if isinstance(error, FileNotFoundError | PermissionError):
            self._seen = problem


def _state(files: TlsFiles) -> object:
    """Changes when a file is written, replaced, or linked to another."""
    stats = (os.stat(files.certificate), os.stat(files.key))
    return [(each.st_mtime_ns, each.st_ino, each.st_size) for each in stats]


def _problem(files: TlsFiles, error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        what = error.reason or "not PEM"
        hint = _HINTS.get(what, what.replace("_", " ").lower())
        return f"the TLS certificate {files.certificate} and key {files.key} do not work: {hint}"
    return f"can not read the TLS file {error.filename}: {error.strerror}"


_HINTS = {
    "KEY_VALUES_MISMATCH": "the key is another certificate's",
    "BAD_DECRYPT": "the key is encrypted, and KEY_FILE_PASSWORD does not open it",
    "BAD_PASSWORD_READ": "the key is encrypted: KEY_FILE_PASSWORD must open it",
    "NO_START_LINE": "a file holds no PEM certificate or key",
}


def describe(certificate: Path) -> str:
    """For a log line: whose it is and until when."""
    try:
        first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
    except (OSError, ValueError):  # OpenSSL could read it
        return str(certificate)
    subject = first.subject.rfc4514_string() or "without a name"
    return f"{subject}, valid until {first.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
