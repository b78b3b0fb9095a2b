"""What the command line and the environment say, as one value. Reads nothing itself."""

import argparse
import os.path
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

LEVELS = ("debug", "info", "warning", "error", "critical", "off")


class OptionsError(ValueError):
    """What was typed can not be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """`url` is an MCP endpoint; `authorization` a whole header value or ""; `timeout` is the
    longest silence within one request, in seconds; `concurrency` the requests under way at once.
    `login` answers the token of a login now, "" for none."""

    url: str
    authorization: str = ""
    timeout: float = 60.0
    level: str = "warning"
    concurrency: int = 10
    login: Callable[[], str] = str

    @property
    def credentials(self) -> str:
        """The header value of the next request."""
        if self.authorization:
            return self.authorization
        token = self.login()
        return f"Bearer {token}" if token else ""


def endpoint(url: str) -> str:
    """The gateway's MCP endpoint, named with or without `/mcp`, or by its older `/sse`.
    Raises OptionsError."""
    parts = urlsplit(check_url(url))
    path = parts.path.rstrip("/")
    if os.path.basename(path) == "sse":
        path = os.path.dirname(path).rstrip("/")
    if not path.endswith("/mcp"):
        path += "/mcp"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def check_url(url: str) -> str:
    """The URL as it is. Raises OptionsError."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:
        raise OptionsError(f"{url!r} is no URL: {error}") from error
    if not known:
        raise OptionsError(f"{url!r} is no http:// or https:// URL with a host")
    return url


def authorization(value: str) -> str:
    """A whole header value stays; a bare token becomes a bearer one. Raises OptionsError."""
    value = value.strip()
    if any(ord(char) < 32 or ord(char) > 126 for char in value):
        raise OptionsError("the Authorization value must be printable ASCII on one line")
    return value if not value or " " in value else f"Bearer {value}"


def positive(name: str, text: str, high: float) -> float:
    """Raises OptionsError."""
    try:
        number = float(text)
    except ValueError:
        raise OptionsError(f"{name} must be a number, got {text!r}") from None
    if not 0 < number <= high:
        raise OptionsError(f"{name} must be over 0 and at most {high:g}, got {number:g}")
    return number


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mcpgateway.wrapper",
        description="Serve a remote MCP endpoint on standard input and output.",
        epilog="Each option may be given by the variable that its help names instead.",
    )
    parser.add_argument(
        "--url", help="gateway or virtual server, with or without /mcp (MCP_SERVER_URL)"
    )
    parser.add_argument("--auth", help="Authorization header value, or a bare token (MCP_AUTH)")
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        help="longest silence within a request, 60 (MCP_TOOL_CALL_TIMEOUT)",
    )
    parser.add_argument(
        "--log-level", metavar="LEVEL", help=f"{', '.join(LEVELS)} (MCP_WRAPPER_LOG_LEVEL)"
    )
    return parser


def parse(argv: Sequence[str], environ: Mapping[str, str]) -> Options:
    """Leaves with status 2 and the reason when something can not be used."""
    parser = _parser()
    args = parser.parse_args(argv)
    try:
        return _options(args, environ)
    except OptionsError as error:
        parser.error(str(error))


def _options(args: argparse.Namespace, environ: Mapping[str, str]) -> Options:
    url = args.url or environ.get("MCP_SERVER_URL", "")
    if not url:
        raise OptionsError("which server? Give --url or set MCP_SERVER_URL")
    auth = args.auth if args.auth is not None else environ.get("MCP_AUTH", "")
    timeout = args.timeout or environ.get("MCP_TOOL_CALL_TIMEOUT") or "60"
    level = (args.log_level or environ.get("MCP_WRAPPER_LOG_LEVEL") or "warning").lower()
    if level not in LEVELS:
        raise OptionsError(f"log level must be one of {', '.join(LEVELS)}, got {level!r}")
    return Options(
        url=endpoint(url),
        authorization=authorization(auth),
        timeout=positive("timeout", timeout, 86_400),
        level=level,
        concurrency=int(positive("CONCURRENCY", environ.get("CONCURRENCY") or "10", 1_000)),
    )
