"""A real nats-server with our own users, and connections to it.

Fixture `bus`: a server of the test's own, which it may kill and start again.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nats.aio.client import Client

from mcpgateway.cli.embedded.nats import Nats
from mcpgateway.common.nkeys import ENTROPY_SIZE, NatsAuth, make_auth
from mcpgateway.common.runtime.nats import Callback, Link, connect
from mcpgateway.common.subjects import CONTROL_PLANE_INBOX, DATA_PLANE_INBOX, Subjects

SUBJECTS = Subjects("local", "default")


@dataclass
class Bus:
    """A server that knows one control-plane and one data-plane login."""

    server: Nats
    auth: NatsAuth
    folder: Path
    subjects: Subjects

    @property
    def url(self) -> str:
        return self.server.url

    def link(self, role: str) -> Link:
        """`role`: control_plane, data_plane, or anonymous."""
        inbox = {"control_plane": CONTROL_PLANE_INBOX, "data_plane": DATA_PLANE_INBOX}
        creds = "" if role == "anonymous" else str(self.folder / f"{role}.creds")
        return Link(self.url, creds, "", inbox.get(role, "_INBOX"), f"test {role}")

    async def connect(self, role: str, *, on_reconnect: Callback | None = None) -> Client:
        return await connect(self.link(role), on_reconnect=on_reconnect)

    def start(self) -> None:
        self.server.start()

    def kill(self) -> None:
        self.server.kill()

    def stop(self) -> None:
        self.server.stop()


def start_bus(folder: Path, subjects: Subjects = SUBJECTS) -> Bus:
    auth = make_auth(subjects, secrets.token_bytes(ENTROPY_SIZE), 1_780_000_000)
    for role in ("control_plane", "data_plane"):
        path = folder / f"{role}.creds"
        path.write_text(getattr(auth, role))
        path.chmod(0o600)
    bus = Bus(Nats(folder / "bus", auth=auth.config), auth, folder, subjects)
    (folder / "bus").mkdir()
    bus.start()
    return bus


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[Bus]:
    started = start_bus(tmp_path)
    yield started
    started.stop()
