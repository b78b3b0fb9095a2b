"""Which gRPC service is served and how it is reached, as one value; and as the command line and the
environment of the process that serves it. Reads and writes nothing itself."""

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from mcpgateway.wrapper.options import OptionsError

METADATA = "MCPGATEWAY_GRPC_METADATA"
"""The variable that has the metadata, a JSON object: secrets are on no command line."""

_MODULE = "mcpgateway.translate.grpc"
_KEY = re.compile(r"[0-9a-z_.-]{1,256}")
_TEXT = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True, slots=True)
class GrpcOptions:
    """`target` is host:port. `ca`, `cert` and `key` are paths of PEM files, "" for none."""

    target: str
    tls: bool = False
    ca: str = ""
    cert: str = ""
    key: str = ""
    metadata: tuple[tuple[str, str], ...] = ()

    @property
    def url(self) -> str:
        return f"{'grpcs' if self.tls else 'grpc'}://{self.target}"

    def command(self) -> tuple[str, ...]:
        """Of the process that serves it."""
        words = [sys.executable, "-m", _MODULE, "--grpc", self.target]
        words += ["--grpc-tls"] if self.tls else []
        for name in ("ca", "cert", "key"):
            value = getattr(self, name)
            words += [f"--grpc-{name}", value] if value else []
        return tuple(words)

    def variables(self) -> tuple[tuple[str, str], ...]:
        """Its environment has these beside all else."""
        return ((METADATA, json.dumps(dict(self.metadata))),) if self.metadata else ()


def service_of(command: Sequence[str]) -> str:
    """The service that a process with this command serves, "" for any other."""
    return command[4] if tuple(command[1:4]) == ("-m", _MODULE, "--grpc") else ""


def add_to(parser: argparse.ArgumentParser) -> None:
    """All but `--grpc` itself."""
    group = parser.add_argument_group("gRPC side (with --grpc)")
    group.add_argument("--grpc-tls", action="store_true", help="speak TLS")
    group.add_argument("--grpc-ca", default="", metavar="PATH", help="PEM of whom to believe")
    group.add_argument("--grpc-cert", default="", metavar="PATH", help="PEM shown to the service")
    group.add_argument("--grpc-key", default="", metavar="PATH", help="PEM, its key")
    group.add_argument(
        "--grpc-metadata",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=f"sent with each call ({METADATA}, a JSON object)",
    )


def chosen(args: argparse.Namespace, environ: Mapping[str, str]) -> GrpcOptions:
    """Raises OptionsError."""
    if bool(args.grpc_cert) != bool(args.grpc_key):
        raise OptionsError("--grpc-cert and --grpc-key go together; --grpc-ca says whom to believe")
    return GrpcOptions(
        _target(args.grpc),
        tls=args.grpc_tls or bool(args.grpc_ca or args.grpc_cert),
        ca=args.grpc_ca,
        cert=args.grpc_cert,
        key=args.grpc_key,
        metadata=(*_stored(environ.get(METADATA, "")), *map(_pair, args.grpc_metadata)),
    )


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> GrpcOptions:
    """Of the serving process. Leaves with status 2 and the reason when something can not be
    used."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {_MODULE}",
        description="Serve the methods of a gRPC service as MCP tools on standard input and output",
        allow_abbrev=False,
    )
    parser.add_argument("--grpc", required=True, metavar="HOST:PORT", help="gRPC service to serve")
    add_to(parser)
    try:
        return chosen(parser.parse_args(argv), environ)
    except OptionsError as error:
        parser.error(str(error))


def _target(text: str) -> str:
    try:
        parts = urlsplit(f"grpc://{text}")
        good = parts.hostname and parts.port and text == parts.netloc and "@" not in text
    except ValueError:
        good = False
    if not good:
        raise OptionsError(f"--grpc must be HOST:PORT, got {text!r}")
    return text


def _pair(text: str) -> tuple[str, str]:
    key, found, value = text.partition("=")
    if not found:
        raise OptionsError(f"--grpc-metadata must be KEY=VALUE, {key[:40]!r} has no '='")
    return _checked("--grpc-metadata", key.lower(), value)


def _stored(text: str) -> list[tuple[str, str]]:
    if not text:
        return []
    try:
        found = json.loads(text)
    except ValueError as error:
        raise OptionsError(f"{METADATA} is no JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise OptionsError(f"{METADATA} must be a JSON object of strings")
    return [_checked(METADATA, key.lower(), value) for key, value in found.items()]


def _checked(where: str, key: str, value: str) -> tuple[str, str]:
    if not _KEY.fullmatch(key) or key.startswith("grpc-"):
        raise OptionsError(f"{where}: {key[:40]!r} can not be a key of metadata")
    if not _TEXT.fullmatch(value):
        raise OptionsError(f"{where}: the value of {key!r} must be printable ASCII")
    return key, value
