"""Where tokens of logins are kept: one file of the user's alone, by the gateway's URL."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import PRIVATE_FILE, private_folder, write_private

_MAX_FILE = 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Login:
    """`expires` of the access token, in Unix seconds. `refresh` is "" where there is none."""

    url: str
    token_endpoint: str
    revocation_endpoint: str
    access: str = field(repr=False)
    expires: float
    refresh: str = field(repr=False, default="")


def folder(environ: Mapping[str, str]) -> Path:
    """MCPGATEWAY_CONFIG_DIR, else `$XDG_CONFIG_HOME/mcpgateway`, else `~/.config/mcpgateway`."""
    if environ.get("MCPGATEWAY_CONFIG_DIR"):
        return Path(environ["MCPGATEWAY_CONFIG_DIR"])
    config = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME") or "/") / ".config")
    return Path(config) / "mcpgateway"


class Logins:
    """All logins of a user. What changes them holds `changing`."""

    def __init__(self, at: Path) -> None:
        self._folder = at
        self._file = at / "logins.json"

    def read(self) -> dict[str, Login]:
        """Raises CommandError for a file that is not ours."""
        try:
            text = self._file.read_bytes()[:_MAX_FILE]
            return {url: Login(**each) for url, each in json.loads(text).items()}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise CommandError(
                f"{self._file} can not be read: {error}. Delete it, and log in again"
            ) from error

    def covering(self, url: str) -> Login | None:
        """The login at the gateway to which this URL leads."""
        found = [login for login in self.read().values() if _below(url, login.url)]
        return max(found, key=lambda login: len(login.url), default=None)

    def keep(self, login: Login) -> None:
        self._write({**self.read(), login.url: login})

    def forget(self, url: str) -> None:
        self._write({at: login for at, login in self.read().items() if at != url})

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """One at a time on this machine: a refresh token that two use ends the login."""
        private_folder(self._folder)
        handle = os.open(self._folder / "logins.lock", os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, logins: Mapping[str, Login]) -> None:
        private_folder(self._folder)
        shown = {url: asdict(login) for url, login in logins.items()}
        write_private(self._file, json.dumps(shown, indent=1) + "\n")


def _below(url: str, base: str) -> bool:
    asked, known = urlsplit(url), urlsplit(base)
    if (asked.scheme, asked.netloc.lower()) != (known.scheme, known.netloc.lower()):
        return False
    return f"{asked.path}/".startswith(f"{known.path.rstrip('/')}/")
