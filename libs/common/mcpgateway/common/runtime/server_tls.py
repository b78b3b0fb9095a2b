"""TLS as our servers speak it: which files, which versions and ciphers, what is wrong with them."""

import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext

# TLS 1.2 suites that HTTP/2 allows (RFC 9113 appendix A): forward secret, authenticated.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
CERTIFICATE = "certs/cert.pem"  # where ContextForge looks when it is told SSL=true and no more
KEY = "certs/key.pem"


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: `certificate` with its chain, `key` (the same file will do). `password` opens an
    encrypted key."""

    certificate: Path
    key: Path
    password: str = field(default="", repr=False)


def chosen(wanted: bool | None, certificate: str, key: str, password: str) -> TlsFiles | None:
    """What the settings SSL, CERT_FILE, KEY_FILE, KEY_FILE_PASSWORD say; None: no TLS. A
    certificate alone holds its key, and means TLS where nothing is said of it."""
    if not (certificate if wanted is None else wanted):
        return None
    if not certificate:
        return TlsFiles(Path(CERTIFICATE), Path(key or KEY), password)
    return TlsFiles(Path(certificate), Path(key or certificate), password)


def make_context(files: TlsFiles, protocols: Sequence[str] = ()) -> SSLContext:
    """TLS 1.2 or newer; `protocols` are offered by ALPN. Raises OSError, of which ssl.SSLError is
    one: see `problem`."""
    context = SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    if protocols:
        context.set_alpn_protocols(list(protocols))
    load(context, files)
    return context


def load(context: SSLContext, files: TlsFiles) -> None:
    """For the handshakes that follow. Raises as `make_context`."""
    # Without a password OpenSSL would ask the terminal for one.
    context.load_cert_chain(files.certificate, files.key, lambda: files.password)


def problem(files: TlsFiles, error: OSError | ValueError) -> str:
    """What is wrong with the files, for who has to mend it."""
    pair = f"the TLS certificate {files.certificate} with key {files.key}"
    for path, what in ((files.certificate, b"CERTIFICATE"), (files.key, b"PRIVATE KEY")):
        try:
            text = path.read_bytes()
        except OSError as cause:
            return f"can not read the TLS file {path}: {cause.strerror}"
        if what not in text:
            return f"the TLS file {path} holds no PEM {what.decode().lower()}"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return f"{pair}: the key is another certificate's"
    if b"ENCRYPTED" in files.key.read_bytes():
        state = "does not open it" if files.password else "is not set"
        return f"{pair}: the key is encrypted, and KEY_FILE_PASSWORD {state}"
    return f"{pair}: {error}"
