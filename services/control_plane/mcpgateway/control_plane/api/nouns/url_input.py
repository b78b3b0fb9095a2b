"""URLs in bodies. Pure."""

from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.api.http.fields import Fields

URL_LIMIT = 2048
_GRPC = ("grpc", "grpcs")


def read_url(
    fields: Fields, name: str, *, required: bool, services: bool = False
) -> str | UnsetType:
    """`services`: the URL of a gRPC service is one, too."""
    url = fields.filled(name, URL_LIMIT, required=required)
    if url is UNSET:
        return UNSET
    problem = service_problem(url) if services and is_service(url) else url_problem(url)
    if problem:
        fields.problem(name, problem, "url")
        return UNSET
    return url


def url_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        good_port = parts.port is None or parts.port > 0
    except ValueError:
        good_port = False
        parts = urlsplit("")
    if not good_port or parts.scheme not in ("http", "https") or not parts.hostname:
        return "must look like http://host:port/path or https://..."
    if parts.username is not None:
        return "must not hold credentials: use auth_type and its fields"
    if parts.fragment or any(character.isspace() for character in url):
        return "must have no fragment and no white space"
    return None


def is_service(url: str) -> bool:
    """Whether it is, or tries to be, the URL of a gRPC service."""
    return url.partition(":")[0].lower() in _GRPC


def service_problem(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        good = bool(parts.hostname) and parts.port is not None and parts.port > 0
    except ValueError:
        return "must look like grpc://host:port or grpcs://host:port"
    rest = (parts.path.strip("/"), parts.query, parts.fragment, parts.username or "")
    if not good or any(rest) or any(character.isspace() for character in url):
        return "must look like grpc://host:port or grpcs://host:port, and nothing more"
    return None
