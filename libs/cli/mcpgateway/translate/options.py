"""The command line of translate as one value. Reads no environment."""

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcpgateway.common.runtime.stdio.options import Serve
from mcpgateway.translate.grpc import options as grpc
from mcpgateway.translate.grpc.options import GrpcOptions
from mcpgateway.wrapper.options import LEVELS, OptionsError, authorization, check_url, positive

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_HEADER = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")


@dataclass(frozen=True, slots=True)
class Connect:
    """A remote server to serve on standard input and output."""

    url: str
    sse: bool
    authorization: str = ""
    level: str = "info"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mcpgateway.translate",
        description="Serve a stdio MCP server over HTTP, or a remote one over stdio.",
        allow_abbrev=False,
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--stdio", "--stdioCommand", metavar="CMD", help="stdio server to serve")
    what.add_argument("--grpc", metavar="HOST:PORT", help="gRPC service to serve, by reflection")
    what.add_argument("--connect-sse", metavar="URL", help="remote HTTP+SSE server")
    what.add_argument("--connect-streamable-http", metavar="URL", help="remote MCP endpoint")
    _add_http(parser)
    grpc.add_to(parser)
    _add_children(parser)
    parser.add_argument("--oauth2Bearer", metavar="TOKEN", default="", help="for --connect-...")
    parser.add_argument("--logLevel", choices=LEVELS, default="info")
    return parser


def _add_http(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("HTTP side (with --stdio)")
    group.add_argument("--expose-sse", action="store_true", help="GET /sse with POST /message")
    group.add_argument("--expose-streamable-http", action="store_true", help="/mcp")
    group.add_argument("--host", default="127.0.0.1")
    group.add_argument("--port", type=int, default=8000, help="0: any free one")
    group.add_argument("--ssePath", default="/sse", metavar="PATH")
    group.add_argument("--messagePath", default="/message", metavar="PATH")
    group.add_argument("--keepAlive", default="30", metavar="SECONDS", help="0: none")
    group.add_argument("--cors", nargs="+", default=[], metavar="ORIGIN", help="allowed origins")
    group.add_argument("--jsonResponse", action="store_true", help="never answer a POST with SSE")


def _add_children(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("stdio side (with --stdio)")
    group.add_argument("--stateless", action="store_true", help="all clients share one child")
    group.add_argument("--max-children", type=int, default=20, metavar="N")
    group.add_argument("--idle", default="600", metavar="SECONDS", help="end unused sessions")
    group.add_argument("--enable-dynamic-env", action="store_true", help="allow --header-to-env")
    group.add_argument(
        "--header-to-env",
        action="append",
        default=[],
        metavar="HEADER=VARIABLE",
        help="a client's header becomes a variable of its child",
    )


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Serve | Connect:
    """`environ` has what no command line should. Leaves with status 2 and the reason when something
    can not be used."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        if args.grpc is not None:
            return _serve(args, grpc.chosen(args, environ))
        return _serve(args) if args.stdio is not None else _connect(args)
    except OptionsError as error:
        parser.error(str(error))


def _connect(args: argparse.Namespace) -> Connect:
    url = args.connect_sse or args.connect_streamable_http
    token = authorization(args.oauth2Bearer)
    return Connect(check_url(url), args.connect_sse is not None, token, args.logLevel)


def _serve(args: argparse.Namespace, service: GrpcOptions | None = None) -> Serve:
    """Clients of a gRPC service share one process: it keeps nothing for any of them."""
    both = args.expose_sse == args.expose_streamable_http
    if args.header_to_env and not args.enable_dynamic_env:
        raise OptionsError("--header-to-env needs --enable-dynamic-env")
    return Serve(
        command=command(args.stdio) if service is None else service.command(),
        environment=() if service is None else service.variables(),
        host=args.host,
        port=whole("--port", args.port, 0, 65_535),
        sse=both or args.expose_sse,
        streamable=both or args.expose_streamable_http,
        sse_path=_path("--ssePath", args.ssePath),
        message_path=_path("--messagePath", args.messagePath),
        keepalive=0.0 if args.keepAlive == "0" else positive("--keepAlive", args.keepAlive, 3600),
        idle=positive("--idle", args.idle, 30 * 86_400),
        max_children=whole("--max-children", args.max_children, 1, 10_000),
        stateless=args.stateless or service is not None,
        json_response=args.jsonResponse,
        origins=tuple(origin.rstrip("/") for origin in args.cors),
        header_to_env=tuple(_pair(text) for text in args.header_to_env),
        level=args.logLevel,
    )


def command(text: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(text, posix=sys.platform != "win32"))
    except ValueError as error:
        raise OptionsError(f"--stdio {text!r}: {error}") from error
    if not words:
        raise OptionsError("--stdio needs a command")
    return words


def _path(name: str, value: str) -> str:
    if not value.startswith("/") or value in ("/", "/mcp", "/healthz") or "?" in value:
        raise OptionsError(f"{name} must be a path of its own such as /sse, got {value!r}")
    return value


def whole(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise OptionsError(f"{name} must be {low} to {high}, got {value}")
    return value


def _pair(text: str) -> tuple[str, str]:
    header, _, variable = text.partition("=")
    if not _HEADER.fullmatch(header) or not _VARIABLE.fullmatch(variable):
        raise OptionsError(f"--header-to-env must be HEADER=VARIABLE, got {text!r}")
    return header.lower(), variable
