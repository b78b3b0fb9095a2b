"""Which secrets are too weak to listen with. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from mcpgateway.common.keys import ACCEPTED
from mcpgateway.control_plane.settings.process import Settings

MIN_SECRET = 32  # characters
MIN_PASSWORD = 8
_MIN_DISTINCT = 6
_MAKE = "python3 -c 'import secrets; print(secrets.token_hex(32))'"

# Defaults of this and of ContextForge's documentation, and what people type first.
_KNOWN = frozenset(
    {
        "admin",
        "changeme",
        "default",
        "letmein",
        "mcpgateway",
        "my-test-key",
        "my-test-key-but-now-longer-than-32-bytes",
        "my-test-salt",
        "password",
        "secret",
        "test",
        "your-secret-key",
        "your-secret-key-change-in-production",
    }
)
_FILLING = str.maketrans("", "", "0123456789!.-_ ")


@dataclass(frozen=True, slots=True)
class Weakness:
    """`remedy` is a line to paste into a shell."""

    name: str
    problem: str

    @property
    def remedy(self) -> str:
        if self.name == ACCEPTED:
            return f"unset {self.name}"
        return f'export {self.name}="$({_MAKE})"'


def weaknesses(settings: Settings) -> list[Weakness]:
    """Of the secrets that are in use, never showing one."""
    found = [
        _judge("JWT_SECRET_KEY", settings.jwt_secret, _secret_problem),
        _judge("AUTH_ENCRYPTION_SECRET", settings.encryption_secret, _secret_problem),
        *(_judge(ACCEPTED, secret, _secret_problem) for secret in settings.accepted_secrets),
        _judge("PLATFORM_ADMIN_PASSWORD", settings.admin_password, _password_problem),
    ]
    if settings.basic_allowed:
        found.append(_judge("BASIC_AUTH_PASSWORD", settings.basic_password, _password_problem))
    return [weakness for weakness in found if weakness is not None]


def _judge(name: str, value: str, problem_of: Callable[[str], str | None]) -> Weakness | None:
    problem = problem_of(value)
    return None if problem is None else Weakness(name, problem)


def _secret_problem(value: str) -> str | None:
    if len(value) < MIN_SECRET:
        return f"has {len(value)} characters, at least {MIN_SECRET} are needed"
    return _guessable(value)


def _password_problem(value: str) -> str | None:
    if len(value) < MIN_PASSWORD:
        return f"has {len(value)} characters, at least {MIN_PASSWORD} are needed"
    return _guessable(value)


def well_known(value: str) -> bool:
    """Whether it is a default, or what people type first, digits and such left away."""
    plain = value.strip().lower()
    return plain in _KNOWN or plain.translate(_FILLING) in _KNOWN | {""}


def _guessable(value: str) -> str | None:
    if well_known(value):
        return "is a well-known default"
    if len(set(value)) < _MIN_DISTINCT:
        return f"has only {len(set(value))} different characters"
    return None
