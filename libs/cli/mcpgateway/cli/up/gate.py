"""When the suite is ready: the public address answers `/ready` with 200, and one replica has
applied the revision that the control plane wants."""

import http.client
import json
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

OK, NOT_FOUND, NOTHING = 200, 404, 0
_TIMEOUT = 2.0  # seconds
_MAX_BODY = 1024 * 1024  # bytes


class Answer(NamedTuple):
    """`status` is NOTHING when nobody answered."""

    status: int
    body: Mapping[str, Any]


def is_open(public_url: str, control_plane_url: str, token: str) -> bool:
    """Blocks for at most a few seconds; everything that is not yet there means no."""
    ready = fetch(f"{public_url}/ready")
    if ready.status != OK:
        return False
    headers = {"Authorization": f"Bearer {token}"}
    replicas = fetch(f"{control_plane_url}/v1/replicas", headers)
    if replicas.status == NOT_FOUND:  # MCPGATEWAY_ADMIN_API_ENABLED=false
        return True
    return replicas.status == OK and applied(replicas.body, ready.body)


def applied(wanted: Mapping[str, Any], ready: Mapping[str, Any]) -> bool:
    """Whether a replica holds what the control plane wants, by the answers of `GET /v1/replicas`
    and of one replica's `/ready`, which is seconds fresher than the receipts in the former."""
    position = (wanted.get("registry"), wanted.get("wanted"))
    table = ready.get("table") or {}
    replicas = wanted.get("replicas") or []
    held = [
        (table.get("registry"), table.get("revision")),
        *((each.get("registry", position[0]), each.get("revision")) for each in replicas),
    ]
    return position[0] is not None and position in held


def fetch(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Never raises; what is no JSON object has an empty body. A certificate is not checked: it
    need not be for this machine's address. So send no secret by https."""
    parts = urlsplit(url)
    connection = _connection(parts)
    try:
        connection.request("GET", parts.path, headers=dict(headers or {}))
        response = connection.getresponse()
        status, raw = response.status, response.read(_MAX_BODY)
    except (OSError, http.client.HTTPException):
        return Answer(NOTHING, {})
    finally:
        connection.close()
    try:
        body = json.loads(raw)
    except ValueError:
        return Answer(status, {})
    return Answer(status, body if isinstance(body, dict) else {})


def _connection(parts: SplitResult) -> http.client.HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT, context=unchecked)
