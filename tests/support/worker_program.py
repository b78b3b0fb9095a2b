"""A program of worker processes that does as it is told: a word, and what it is about."""

import os
import time
from collections.abc import Callable

from mcpgateway.common.runtime.workers.child import LENGTH, run


def answer(asked: bytes) -> bytes:
    word, _, about = asked.partition(b" ")
    return DEEDS[word](about)


def spin(_about: bytes) -> bytes:
    while True:
        pass


def sleep(seconds: bytes) -> bytes:
    time.sleep(float(seconds))
    return seconds


def take(size: bytes) -> bytes:
    return b"%d" % len(bytearray(int(size)))


def leave(status: bytes) -> bytes:
    os._exit(int(status))


def opened(path: bytes) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        return str(error.strerror).encode()


def flood(size: bytes) -> bytes:
    """Says more than was asked for, and more than a pipe holds."""
    os.write(1, LENGTH.pack(0) + bytes(int(size)))
    return b""


DEEDS: dict[bytes, Callable[[bytes], bytes]] = {
    b"say": bytes,
    b"spin": spin,
    b"sleep": sleep,
    b"take": take,
    b"make": lambda size: bytes(int(size)),
    b"flood": flood,
    b"exit": leave,
    b"open": opened,
}


if __name__ == "__main__":
    run(answer)
