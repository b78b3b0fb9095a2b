"""URLs in bodies. Pure."""

from urllib.parse import urlsplit

from msgspec import UNSET, UnsetType

from mcpgateway.control_plane.api.http.fields import Fields

URL_LIMIT = 2048


def read_url(fields: Fields, name: str, *, required: bool) -> str | UnsetType:
    url = fields.filled(name, URL_LIMIT, required=required)
    if url is UNSET:
        return UNSET
    problem = url_problem(url)
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
