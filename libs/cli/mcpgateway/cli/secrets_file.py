"""The secrets of a data folder: made on the first start, kept in `secrets.env` (0600)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mcpgateway.cli import dotenv
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import private_folder, write_private
from mcpgateway.common.keys import derive

NAMES = ("JWT_SECRET_KEY", "AUTH_ENCRYPTION_SECRET", "PLATFORM_ADMIN_PASSWORD")
TOKEN_NAMES = (
    "JWT_SECRET_KEY",
    "JWT_ALGORITHM",
    "JWT_ISSUER",
    "JWT_AUDIENCE",
    "ENVIRONMENT",
    "PLATFORM_ADMIN_EMAIL",
)
_BYTES = {"PLATFORM_ADMIN_PASSWORD": 12}
_HEAD = (
    "# Made on the first start. Whoever reads this file owns the gateway. Losing\n"
    "# AUTH_ENCRYPTION_SECRET means that stored credentials can not be opened any more.\n"
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """`values` has all of NAMES; `made` are those that this call made."""

    values: Mapping[str, str]
    made: frozenset[str]


def path(folder: Path) -> Path:
    return folder / "secrets.env"


def read(folder: Path) -> dict[str, str]:
    """What is kept; empty when there is nothing yet."""
    file = path(folder)
    return dotenv.parse(file.read_text("utf-8"), str(file)) if file.exists() else {}


def ensure(folder: Path, given: Mapping[str, str]) -> Secrets:
    """`given` wins and is not written down; then what is kept; what is still missing is made."""
    kept = read(folder)
    have = {name: given.get(name) or kept.get(name, "") for name in NAMES}
    made = {name: _make(name) for name, value in have.items() if not value}
    if made:
        private_folder(folder)
        write_private(path(folder), _HEAD + dotenv.dump({**kept, **made}))
    return Secrets({**have, **made}, frozenset(made))


def check_same(folder: Path, secret: str) -> None:
    """Raises CommandError when the folder was used with another AUTH_ENCRYPTION_SECRET: stored
    credentials could not be opened, and nothing would say why."""
    file = folder / "secret.check"
    ours = derive(secret, "check").hex()
    if not file.exists():
        write_private(file, ours + "\n")
    elif file.read_text("utf-8").strip() != ours:
        raise CommandError(
            f"AUTH_ENCRYPTION_SECRET is not the one that {folder} was used with: stored "
            f"credentials could not be opened. Set the former one, or delete {file} to go on "
            "without them"
        )


def remember(folder: Path, settings: Mapping[str, str]) -> None:
    """Keeps what `mcpgateway token` needs to know of the last start."""
    known = {name: settings[name] for name in TOKEN_NAMES if settings.get(name)}
    write_private(folder / "token.env", dotenv.dump(known))


def remembered(folder: Path) -> dict[str, str]:
    file = folder / "token.env"
    return dotenv.parse(file.read_text("utf-8"), str(file)) if file.exists() else {}


def _make(name: str) -> str:
    # Hexadecimal: a text that begins with a dash would be an option on a command line.
    return secrets.token_hex(_BYTES.get(name, 32))
