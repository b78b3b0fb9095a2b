"""The TLS files of the public address: made where wanted, tried before anything starts."""

import socket
import time

from mcpgateway.cli.errors import CommandError
from mcpgateway.common.runtime import self_signed, server_tls
from mcpgateway.common.runtime.server_tls import TlsFiles


def prepare(files: TlsFiles, make_for: str | None) -> None:
    """`make_for`: the public address for which a self-signed pair is made; None leaves the files as
    they are. Raises CommandError that says what is wrong with them."""
    try:
        if make_for is not None:
            names = (make_for, socket.gethostname())
            self_signed.ensure(files.certificate.parent, names, time.time())
        server_tls.make_context(files)
    except OSError as error:
        raise CommandError(server_tls.problem(files, error)) from error
