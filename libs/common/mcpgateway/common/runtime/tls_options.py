"""The command line options for TLS, of every command that opens the public address. They stand for
the settings of the same meaning and come before them."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from mcpgateway.common.runtime import self_signed, server_tls
from mcpgateway.common.runtime.server_tls import TlsFiles
from mcpgateway.common.runtime.settings import boolean


def add(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--tls-cert",
        metavar="FILE",
        help="speak TLS with this PEM certificate and chain (CERT_FILE)",
    )
    which.add_argument(
        "--tls-self-signed",
        action="store_true",
        help="speak TLS with a certificate made here and kept in the data folder",
    )
    parser.add_argument(
        "--tls-key",
        metavar="FILE",
        help="its key (KEY_FILE; KEY_FILE_PASSWORD opens an encrypted one)",
    )
    parser.add_argument(
        "--http3", action="store_true", help="with TLS: HTTP/3 too, by UDP (MCPGATEWAY_HTTP3)"
    )


def problem(args: argparse.Namespace) -> str | None:
    """Why the options do not go together, or None."""
    if args.tls_key and not args.tls_cert:
        return "--tls-key needs --tls-cert"
    return None


def settings(args: argparse.Namespace, folder: Path) -> dict[str, str]:
    """What the options set. A self-signed pair is in `folder`, once it is made."""
    found = {"MCPGATEWAY_HTTP3": "true"} if args.http3 else {}
    if args.tls_cert:
        key = args.tls_key or args.tls_cert
        found |= {"SSL": "true", "CERT_FILE": args.tls_cert, "KEY_FILE": key}
    if args.tls_self_signed:
        pair = self_signed.files(folder)
        found |= {"SSL": "true", "CERT_FILE": str(pair.certificate), "KEY_FILE": str(pair.key)}
    return found


def files(values: Mapping[str, str]) -> TlsFiles | None:
    """The TLS files of a service with these settings; None without TLS. Raises ValueError."""
    text = values.get("SSL", "")
    wanted = boolean(text) if text else None
    names = ("CERT_FILE", "KEY_FILE", "KEY_FILE_PASSWORD")
    return server_tls.chosen(wanted, *(values.get(name, "") for name in names))
