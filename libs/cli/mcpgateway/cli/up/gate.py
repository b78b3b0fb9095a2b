"""When the suite is ready: the public address answers `/ready` with 200, and one replica has
applied the revision that the control plane wants."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_TIMEOUT = 2.0  # seconds


def is_open(public_url: str, control_plane_url: str, token: str) -> bool:
    """Blocks for at most a few seconds; everything that is not yet there means no."""
    if fetch(f"{public_url}/ready") is None:
        return False
    replicas = fetch(f"{control_plane_url}/v1/replicas", {"Authorization": f"Bearer {token}"})
    return replicas is not None and applied(replicas)


def applied(body: Mapping[str, Any]) -> bool:
    """Whether one replica holds what the control plane wants (`GET /v1/replicas`)."""
    wanted = (body.get("registry"), body.get("wanted"))
    replicas = body.get("replicas") or []
    return any((r.get("registry", wanted[0]), r.get("revision")) == wanted for r in replicas)


def fetch(url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """The JSON object of a 200 answer, else None."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", parts.path, headers=dict(headers or {}))
        response = connection.getresponse()
        body = json.loads(response.read(1024 * 1024)) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return body if isinstance(body, dict) else None
