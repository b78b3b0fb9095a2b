"""Which media type a resource has when nobody says: by its URI's ending, or its first bytes.

Our own table, and a short one: the standard library's differs with the version of Python and with
the files of the machine, and replicas must say the same.
"""

import binascii
from types import MappingProxyType
from urllib.parse import urlsplit

BINARY = "application/octet-stream"

_ENDINGS = MappingProxyType(
    {
        ending: mime
        for mime, endings in {
            "application/gzip": "gz tgz",
            "application/json": "json",
            "application/pdf": "pdf",
            "application/sql": "sql",
            "application/toml": "toml",
            "application/wasm": "wasm",
            "application/xml": "xml xsd",
            "application/yaml": "yaml yml",
            "application/zip": "zip",
            "audio/flac": "flac",
            "audio/mpeg": "mp3",
            "audio/ogg": "oga ogg",
            "audio/wav": "wav",
            "image/gif": "gif",
            "image/jpeg": "jpeg jpg",
            "image/png": "png",
            "image/svg+xml": "svg",
            "image/webp": "webp",
            "text/css": "css",
            "text/csv": "csv",
            "text/html": "htm html",
            "text/javascript": "js mjs",
            "text/markdown": "markdown md",
            "text/plain": "conf ini log text txt",
            "text/tab-separated-values": "tsv",
            "text/x-python": "py",
            "video/mp4": "mp4",
            "video/webm": "webm",
        }.items()
        for ending in endings.split(" ")
    }
)
_MAGIC = MappingProxyType(
    {
        b"\x89PNG\r\n\x1a\n": "image/png",
        b"\xff\xd8\xff": "image/jpeg",
        b"GIF8": "image/gif",
        b"%PDF-": "application/pdf",
        b"PK\x03\x04": "application/zip",
        b"\x1f\x8b": "application/gzip",
        b"OggS": "audio/ogg",
        b"ID3": "audio/mpeg",
        b"fLaC": "audio/flac",
        b"\x00asm": "application/wasm",
    }
)
_RIFF = MappingProxyType({b"WEBP": "image/webp", b"WAVE": "audio/wav"})
_SNIFFED = 24  # characters of base64 that the first bytes are taken from


def by_uri(uri: str) -> str:
    """Empty when its ending says nothing. The scheme does not matter."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    name = (parts.path or parts.netloc).rpartition("/")[2]
    return _ENDINGS.get(name.rpartition(".")[2].lower(), "") if "." in name else ""


def by_bytes(blob: str) -> str:
    """`blob` is base64."""
    try:
        head = binascii.a2b_base64(blob[:_SNIFFED])
    except (ValueError, UnicodeEncodeError):
        return BINARY
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], BINARY)
    found = (mime for magic, mime in _MAGIC.items() if head.startswith(magic))
    return next(found, BINARY)
