"""Settings: frozen values read once from the environment, with every problem reported at once.

A service declares a frozen dataclass whose fields are made by `setting(...)`; `load` reads it.
Unknown names are not this module's business (see `runtime/known_settings`).
"""

import dataclasses
import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, TypeVar
from urllib.parse import urlsplit

from mcpgateway.common.subjects import Subjects

T = TypeVar("T")
Network = IPv4Network | IPv6Network

_FILE = 64 * 1024  # bytes
_HEADER_NAME = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,256}")


class SettingsError(Exception):
    """All problems found, one line each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Spec:
    """What the documentation and the loader know of one setting."""

    name: str
    doc: str
    parse: Callable[[str], Any]
    secret: bool
    default: Any
    required: bool = False


def text(value: str) -> str:
    return value.strip()


def boolean(value: str) -> bool:
    word = value.strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off", ""):
        return False
    raise ValueError(f"must be true or false, got {value!r}")


def scheme_or_boolean(value: str) -> bool | None:
    """None, for nothing: as the scheme of the request says."""
    return boolean(value) if value.strip() else None


def integer(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"must be a whole number, got {value!r}") from None
        if not low <= number <= high:
            raise ValueError(f"must be {low} to {high}, got {number}")
        return number

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    def parse(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            raise ValueError(f"must be a number of seconds, got {value!r}") from None
        if not low <= number <= high:
            raise ValueError(f"must be {low:g} to {high:g} seconds, got {number:g}")
        return number

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        for word in allowed:
            if value.strip().lower() == word.lower():
                return word
        near = difflib.get_close_matches(value, allowed, 1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise ValueError(f"must be one of {', '.join(allowed)}, got {value!r}{meant}")

    return parse


def words(value: str) -> tuple[str, ...]:
    """A comma-separated list."""
    return tuple(word.strip() for word in value.split(",") if word.strip())


def some_words(value: str) -> tuple[str, ...]:
    """A comma-separated list of at least one."""
    found = words(value)
    if not found:
        raise ValueError("must name at least one")
    return found


def networks(value: str) -> tuple[Network, ...]:
    """A comma-separated list of CIDR networks; an address inside one stands for it."""
    return tuple(ip_network(word, strict=False) for word in words(value))


def networks_or_none(value: str) -> tuple[Network, ...]:
    """As `networks`; `none` is no network, where an empty value means a default."""
    return () if value.strip().lower() == "none" else networks(value)


def base_url(value: str) -> str:
    """An http(s) URL, to which paths are added: without a trailing slash."""
    url = value.strip()
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
        parts = urlsplit("")
    if not good or parts.query or parts.fragment or parts.username is not None:
        raise ValueError(f"must look like http://host:port, got {value!r}")
    return url.rstrip("/")


def header_name(value: str) -> str:
    """The name of an HTTP header, in lower case."""
    name = value.strip().lower()
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(f"must be the name of a header, got {value!r}")
    return name


def file_content(value: str) -> bytes:
    """What is in the file at this path, at most 64 KiB; b"" for no path."""
    path = value.strip()
    if not path:
        return b""
    try:
        with open(path, "rb") as file:
            content = file.read(_FILE + 1)
    except OSError as error:
        raise ValueError(f"can not be read: {path}: {error.strerror}") from error
    if len(content) > _FILE:
        raise ValueError(f"names a file of over {_FILE} bytes: {path}")
    return content


def subject_token(value: str) -> str:
    """A name that becomes part of NATS subjects."""
    name = value.strip()
    try:
        return Subjects(name, name).group
    except ValueError:
        raise ValueError(f"must be 1-64 of A-Z a-z 0-9 _ -, got {value!r}") from None


def setting(
    name: str,
    parse: Callable[[str], Any] = text,
    *,
    default: Any = MISSING,
    doc: str,
    secret: bool = False,
) -> Any:
    """A field read from the variable `name`; required when it has no default."""
    required = default is MISSING
    spec = Spec(name, doc, parse, secret, None if required else default, required)
    if required:
        return dataclasses.field(metadata={"setting": spec}, repr=not secret)
    return dataclasses.field(default=default, metadata={"setting": spec}, repr=not secret)


def specs(cls: type) -> list[Spec]:
    """The settings of a class, in order."""
    return [field.metadata["setting"] for field in dataclasses.fields(cls)]


def load(cls: type[T], environ: Mapping[str, str]) -> T:
    """Raises SettingsError that lists every problem. An empty value means the default."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # T is a dataclass
        spec: Spec = field.metadata["setting"]
        raw = environ.get(spec.name, "")
        if raw == "":
            if field.default is MISSING:
                problems.append(f"{spec.name} is required: {spec.doc}")
            continue
        try:
            values[field.name] = spec.parse(raw)
        except ValueError as error:
            shown = str(error).replace(repr(raw), "(hidden)") if spec.secret else str(error)
            problems.append(f"{spec.name} {shown}")
    if problems:
        raise SettingsError(problems)
    return cls(**values)
