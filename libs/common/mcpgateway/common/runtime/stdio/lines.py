"""Newline-delimited JSON (the stdio transport of MCP): bytes in, lines out. No I/O."""

MAX_LINE = 16 * 1024 * 1024  # bytes


class LineTooLong(ValueError):
    """A line grew over the limit; what follows can not be told apart any more."""


class Lines:
    """Feed bytes, get complete lines without their line break; empty ones are dropped."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes, in order. Raises LineTooLong."""
        if b"\n" not in chunk:
            self._keep(chunk)
            return []
        first, *rest = chunk.split(b"\n")
        self._keep(first)
        lines = [b"".join(self._parts), *rest[:-1]]
        self._parts = []
        self._size = 0
        self._keep(rest[-1])
        if any(len(line) > self._limit for line in lines):
            raise LineTooLong(f"a line is over {self._limit} bytes")
        return [line for line in (line.strip() for line in lines) if line]

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            raise LineTooLong(f"a line is over {self._limit} bytes")
        self._parts.append(part)


def one_line(message: bytes) -> bytes:
    """JSON on one line: a raw line break can only stand between its tokens."""
    return message.replace(b"\r", b" ").replace(b"\n", b" ").strip()
