"""The secrets of a data folder: made on the first start, kept in `secrets.env` (0600)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from mcpgateway.cli import dotenv
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import private_folder, write_private
from mcpgateway.common import keys

ENCRYPTION = "AUTH_ENCRYPTION_SECRET"
NAMES = ("JWT_SECRET_KEY", ENCRYPTION, "PLATFORM_ADMIN_PASSWORD")
TOKEN_NAMES = (
    "JWT_SECRET_KEY",
    "JWT_ALGORITHM",
    "JWT_PRIVATE_KEY_PATH",
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


Step = Literal["begin", "switch", "end"]
STEPS: tuple[Step, ...] = get_args(Step)
_NEXT: Mapping[Step, str] = {
    "begin": "a new secret is accepted, beside the one in use. Restart all services, then `switch`",
    "switch": "the new secret is in use, the former one is accepted. Restart all services; `end` "
    "when no session and no login of before is needed any more (24 hours)",
    "end": "one secret is left. Restart all services",
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """`values` has all of NAMES, and keys.ACCEPTED while the secret changes; `made` are those that
    this call made."""

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
    accepted = given.get(keys.ACCEPTED) or (
        "" if given.get(ENCRYPTION) else kept.get(keys.ACCEPTED)
    )
    others = {keys.ACCEPTED: accepted} if accepted else {}
    return Secrets({**have, **made, **others}, frozenset(made))


def in_use(values: Mapping[str, str]) -> keys.Secrets:
    """The secret and those that are accepted beside it. Raises CommandError."""
    try:
        return keys.all_of(values[ENCRYPTION], keys.accepted(values.get(keys.ACCEPTED, "")))
    except ValueError as error:
        raise CommandError(f"{keys.ACCEPTED} {error}") from error


def rotate(folder: Path, step: Step) -> str:
    """One step of changing the kept AUTH_ENCRYPTION_SECRET; what to do next. Raises CommandError
    where the step does not fit."""
    kept = read(folder)
    if not kept.get(ENCRYPTION):
        raise CommandError(f"there is no {ENCRYPTION} in {path(folder)}")
    now, others = kept[ENCRYPTION], kept.pop(keys.ACCEPTED, "")
    if step == "begin":
        if others:
            raise CommandError("a change is under way already: `switch`, or `end` to forget it")
        kept[keys.ACCEPTED] = _make(ENCRYPTION)
    elif step == "switch":
        kept |= {ENCRYPTION: others.partition(",")[0] or _make(ENCRYPTION), keys.ACCEPTED: now}
    elif not others:
        raise CommandError("no change is under way")
    write_private(path(folder), _HEAD + dotenv.dump(kept))
    return _NEXT[step]


def check_same(folder: Path, secrets: keys.Secrets) -> None:
    """Raises CommandError when the folder was used with another AUTH_ENCRYPTION_SECRET than these
    (the first is in use, the others are accepted): stored credentials could not be opened, and
    nothing would say why."""
    file = folder / "secret.check"
    ours = [keys.derive(secret, "check").hex() for secret in secrets]
    if not file.exists() or file.read_text("utf-8").strip() in ours[1:]:
        write_private(file, ours[0] + "\n")
    elif file.read_text("utf-8").strip() != ours[0]:
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
