"""An HTTP client for the door that tests were told to go through."""

import ssl
from pathlib import Path
from typing import Any

import httpx2

from support.door import Door


def client(door: Door, url: str, certificate: Path | None, **options: Any) -> httpx2.AsyncClient:
    """`certificate` is what it trusts where TLS is spoken."""
    if certificate is None:
        return plain_client(url, **options)
    options["verify"] = ssl.create_default_context(cafile=certificate)
    if door is Door.H2:
        options |= {"http1": False, "http2": True}
    return httpx2.AsyncClient(base_url=url, **options)


def plain_client(url: str = "", **options: Any) -> httpx2.AsyncClient:
    """Without TLS: reading the certificates that the machine trusts takes 20 ms of each client."""
    return httpx2.AsyncClient(base_url=url, verify=False, **options)
