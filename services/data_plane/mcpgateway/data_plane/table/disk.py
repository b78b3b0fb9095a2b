"""The last good table on disk: the signed messages as they were received, and their blobs.

`table.snap` starts with a snapshot, `table.log` has the deltas after it. Each frame carries a hash;
reading stops at the first damaged one (a crash while appending). One process writes (it holds
`table.lock`), all processes of the data folder read. All functions block: call them in a thread.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from mcpgateway.common.routing.codec import Body
from mcpgateway.common.routing.signed import BODY_LIMIT, Role

_MAGIC = b"mcpgateway routing table 1\n"
_HEAD = struct.Struct(">BIQ32s")  # role, message length, body length, hash of all that
_ROLES: tuple[Role, ...] = ("snapshot", "delta")
_MESSAGE_LIMIT = 1 << 20


class Saved(NamedTuple):
    """A signed message and, when it is a manifest, the body that it commits (else empty)."""

    role: Role
    message: bytes
    body: Body = b""

    @property
    def size(self) -> int:
        return _HEAD.size + len(self.message) + len(self.body)


class TableDisk:
    """Files in `folder`, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._snap = folder / "table.snap"
        self._log = folder / "table.log"
        self._lock: BinaryIO | None = None
        self._closed = False

    def read(self) -> list[Saved]:
        """Everything intact, oldest first. Signatures are the caller's to check. Raises
        OSError."""
        return [*_frames(self._snap), *_frames(self._log)]

    def lock(self) -> bool:
        """Become the one writer, or false while another process is, and after `close`. Raises
        OSError."""
        if self._lock is not None:
            return True
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = _open(self._folder / "table.lock", "ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        if self._closed:  # perhaps in the meantime: who asked for the lock from a thread was ended
            self.close()
        return not self._closed

    def close(self) -> None:
        """For good: another may write from now on."""
        self._closed = True
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.close()

    def rewrite(self, saved: Iterable[Saved]) -> None:
        """A new `table.snap`; the log starts anew. Needs the lock. Raises OSError."""
        temporary = self._folder / "table.snap.new"
        with _open(temporary, "wb") as file:
            _write(file, saved)
        temporary.replace(self._snap)
        with _open(self._log, "wb") as file:
            _write(file, ())
        _sync_folder(self._folder)

    def append(self, saved: Iterable[Saved]) -> None:
        """Needs the lock. Raises OSError."""
        with _open(self._log, "ab") as file:
            _write(file, saved)

    def wants_compaction(self, least: int) -> bool:
        """The log is twice the snapshot, and at least `least` bytes."""
        log = _size(self._log)
        return log >= least and log > 2 * _size(self._snap)


def _open(path: Path, mode: Literal["ab", "wb"]) -> BinaryIO:
    """For the owner only from its first moment, and never through a link that somebody laid."""
    start = os.O_TRUNC if mode == "wb" else os.O_APPEND
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | start
    return os.fdopen(os.open(path, flags, 0o600), mode)


def _write(file: BinaryIO, saved: Iterable[Saved]) -> None:
    if file.tell() == 0:
        file.write(_MAGIC)
    for each in saved:
        role = _ROLES.index(each.role)
        digest = _digest(role, each.message, each.body)
        file.write(_HEAD.pack(role, len(each.message), len(each.body), digest))
        file.write(each.message)
        file.write(each.body)
    file.flush()
    os.fsync(file.fileno())


def _frames(path: Path) -> Iterator[Saved]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return
        while (frame := _frame(file)) is not None:
            yield frame


def _frame(file: BinaryIO) -> Saved | None:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    role, message_length, body_length, digest = _HEAD.unpack(head)
    if role >= len(_ROLES) or message_length > _MESSAGE_LIMIT or body_length > BODY_LIMIT:
        return None
    message, body = file.read(message_length), file.read(body_length)
    if (len(message), len(body)) != (message_length, body_length):
        return None
    if _digest(role, message, body) != digest:
        return None
    return Saved(_ROLES[role], message, body)


def _digest(role: int, message: bytes, body: Body) -> bytes:
    lengths = struct.pack(">BIQ", role, len(message), len(body))
    hashed = hashlib.sha256(lengths)
    hashed.update(message)
    hashed.update(body)
    return hashed.digest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _sync_folder(folder: Path) -> None:
    """So that the renaming survives a power failure."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
