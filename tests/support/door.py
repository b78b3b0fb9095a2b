"""Which door a running suite is tested through."""

import os
from enum import StrEnum

import pytest

VARIABLE = "TEST_DOOR"  # set by the pytest option --door


class Door(StrEnum):
    """How tests reach the public address: plain, over TLS, or by HTTP/2 over TLS."""

    HTTP1 = "http1"
    TLS = "tls"
    H2 = "h2"

    @staticmethod
    def chosen() -> "Door":
        return Door(os.environ.get(VARIABLE, Door.HTTP1))

    @property
    def options(self) -> tuple[str, ...]:
        """Of `up`."""
        return () if self is Door.HTTP1 else ("--tls-self-signed",)

    @property
    def scheme(self) -> str:
        return "http" if self is Door.HTTP1 else "https"


def leaving_is_heard() -> pytest.MarkDecorator:
    """For tests of a client that leaves a response: httpx does not reset the HTTP/2 stream."""
    return pytest.mark.skipif(Door.chosen() is Door.H2, reason="httpx does not say that it leaves")
