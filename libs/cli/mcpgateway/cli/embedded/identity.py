"""Who a server runs as. PostgreSQL refuses to run as root, so root has to become somebody else.

In this order: not root, run as we are (a container's user without a name gets one in a user
namespace, since initdb asks for it); a data folder that belongs to somebody, run as its owner;
a user namespace in which root shows as `nobody` (no user, file or mode is changed); setuid to
`nobody`, where user namespaces are not allowed (most containers).
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

NOBODY = 65534


class SpawnUser(TypedDict, total=False):
    """The arguments of `subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Identity:
    """`prefix` is put before the command; `uid`/`gid` are set when not None."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def spawn_user(self) -> SpawnUser:
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Gives the path to the identity, where it is another user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def choose(data: Path) -> Identity:
    """The identity for a server whose data folder is `data` (which need not exist yet)."""
    if os.geteuid() != 0:
        return Identity() if _named(os.geteuid()) else namespace() or Identity()
    owner = data.stat() if data.exists() else None
    if owner is not None and owner.st_uid != 0:
        return Identity(uid=owner.st_uid, gid=owner.st_gid)
    return namespace() or setuid()


def _named(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def namespace() -> Identity | None:
    """A user namespace, or None where the system refuses it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        return None
    prefix = (unshare, "--user", f"--map-user={NOBODY}", "--")
    probe = subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL, check=False)
    return Identity(prefix=prefix) if probe.returncode == 0 else None


def setuid() -> Identity:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return Identity(uid=NOBODY, gid=NOBODY)
    return Identity(uid=entry.pw_uid, gid=entry.pw_gid)


def reachable(path: Path, bits: int = 0o1) -> bool:
    """Whether any user can traverse every folder from `/` down to `path`."""
    return all(part.stat().st_mode & bits == bits for part in (path, *path.parents))


def run(identity: Identity, argv: Sequence[str], env: dict[str, str]) -> str:
    """Runs a short command to its end; its error output, empty when it succeeded."""
    done = subprocess.run(
        [*identity.prefix, *argv],
        env=env,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **identity.spawn_user(),
    )
    return "" if done.returncode == 0 else done.stdout.decode("utf-8", "replace") or "failed"
