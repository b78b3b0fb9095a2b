"""What documents were read as, so that a refresh of what is the same costs nothing. Pure."""

from collections import OrderedDict

from mcpgateway.control_plane.registry.openapi.importing import Reading

MOST_BYTES = 64 * 1024 * 1024  # of definitions


class Kept:
    """By the digest of the document and its options. Full: what was not asked for longest goes; one
    that is larger by itself is not kept."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._kept: OrderedDict[bytes, tuple[Reading, int]] = OrderedDict()

    def get(self, digest: bytes) -> Reading | None:
        found = self._kept.get(digest)
        if found is None:
            return None
        self._kept.move_to_end(digest)
        return found[0]

    def put(self, digest: bytes, reading: Reading) -> None:
        size = sum(len(each.definition) for each in reading.tools)
        if size > self._most or digest in self._kept:
            return
        self._kept[digest] = (reading, size)
        self._bytes += size
        while self._bytes > self._most:
            _, (_, gone) = self._kept.popitem(last=False)
            self._bytes -= gone
