"""Where an API is: by its document, or by whoever registers it. Pure."""

from urllib.parse import urljoin, urlsplit

from mcpgateway.control_plane.registry.openapi.parts import Operation
from mcpgateway.control_plane.registry.openapi.pointers import BadPart
from mcpgateway.control_plane.registry.openapi.text import BadDocument

_UNSAID = "https:"  # how a server without a scheme is called


class Place:
    """`url` is the API's. `servers` are those of its document, which may be relative to where that
    was found; an operation at one of them is at `url`."""

    def __init__(self, url: str, servers: tuple[str, ...], found_at: str = "") -> None:
        """`url` "": the first of the servers by TLS, or the first. Raises BadDocument when none of
        them can be called."""
        self._found_at = found_at or _UNSAID
        said = [way for each in servers or ("/",) for way in _ways(each)]
        self._servers = [urljoin(self._found_at, each).rstrip("/") for each in said]
        self._homes = {origin(each) for each in self._servers} - {""}
        self.url = url or self._first()

    def of(self, operation: Operation) -> str:
        """Raises BadPart for one elsewhere: credentials are given for one place."""
        if not operation.servers:
            return self.url
        base = self._found_at if self._found_at != _UNSAID else self.url
        found = [urljoin(base, server).rstrip("/") for server in operation.servers]
        if any(each in self._servers for each in found):
            return self.url
        here = next((each for each in found if origin(each) == origin(self.url)), None)
        if here is not None:
            return here
        home = next((each for each in found if origin(each) in self._homes), None)
        if home is not None:
            return urljoin(self.url, urlsplit(home).path or "/")
        said = f"is at {origin(found[0])!r}, not at {origin(self.url)!r}"
        raise BadPart(f"{said}: register it by itself")

    def _first(self) -> str:
        usable = [each for each in self._servers if origin(each) and "{" not in each]
        for each in sorted(usable, key=lambda url: not url.startswith("https:")):
            return each
        raise BadDocument("does not say where its API is (servers): give the url")


def _ways(server: str) -> tuple[str, ...]:
    """What says no scheme is spoken to by either."""
    return (f"https:{server}", f"http:{server}") if server.startswith("//") else (server,)


def origin(url: str) -> str:
    """Scheme, host and port, "" for what is no http URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return ""
    known = parts.scheme in ("http", "https") and parts.hostname
    return f"{parts.scheme}://{parts.hostname}:{port}" if known else ""
