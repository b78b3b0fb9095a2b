"""When the suite is ready: the public address answers `/ready` with 200, and one replica has
applied the revision that the control plane wants."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

OK, NOT_FOUND, NOTHING = 200, 404, 0
_TIMEOUT = 2.0  # seconds
_MAX_BODY = 1024 * 1024  # bytes


class Answer(NamedTuple):
    """`status` is NOTHING when nobody answered."""

    status: int
    body: Mapping[str, Any]


def is_open(public_url: str, control_plane_url: str, token: str) -> bool:
    """Blocks for at most a few seconds; everything that is not yet there means no."""
    if fetch(f"{public_url}/ready").status != OK:
        return False
    headers = {"Authorization": f"Bearer {token}"}
    replicas = fetch(f"{control_plane_url}/v1/replicas", headers)
    if replicas.status == NOT_FOUND:  # MCPGATEWAY_ADMIN_API_ENABLED=false
        return True
    return replicas.status == OK and applied(replicas.body)


def applied(body: Mapping[str, Any]) -> bool:
    """Whether one replica holds what the control plane wants (`GET /v1/replicas`)."""
    wanted = (body.get("registry"), body.get("wanted"))
    replicas = body.get("replicas") or []
    return any((r.get("registry", wanted[0]), r.get("revision")) == wanted for r in replicas)


def fetch(url: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Never raises; what is no JSON object has an empty body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
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
