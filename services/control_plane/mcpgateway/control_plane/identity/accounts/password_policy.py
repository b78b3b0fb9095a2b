"""What a password must be. Pure.

Length is what counts (NIST SP 800-63B): rules about kinds of characters are there for those who
must have them, and off by default.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mcpgateway.common.errors import FieldProblem, InvalidCall
from mcpgateway.control_plane.identity.accounts.passwords import MAX_PASSWORD
from mcpgateway.control_plane.identity.weak import well_known
from mcpgateway.control_plane.settings.accounts import AccountSettings

_LEAST_PART = 4  # characters of an email's name that a password may not be built around


class PasswordPolicy(NamedTuple):
    """`least` characters, of an administrator's `least_admin`. `history`: how many of the last
    passwords may not come again, 0 for none."""

    enabled: bool = True
    least: int = 12
    least_admin: int = 15
    upper: bool = False
    lower: bool = False
    digit: bool = False
    special: bool = False
    history: int = 5

    def problems(self, password: str, email: str, *, admin: bool) -> list[str]:
        """What is wrong with it, each as what follows "the password"."""
        if len(password) > MAX_PASSWORD:
            return [f"must have at most {MAX_PASSWORD} characters"]
        if not password:
            return ["must not be empty"]
        if not self.enabled:
            return []
        least = max(self.least, self.least_admin if admin else 0)
        told = [f"must have at least {least} characters"] if len(password) < least else []
        told += [f"needs {what}" for wanted, found, what in self._kinds(password) if wanted > found]
        if well_known(password) or _is_the_name(password, email):
            told.append("must be nothing that others guess: no known default, not one's own name")
        return told

    def check(self, password: str, email: str, *, admin: bool, field: str = "password") -> None:
        """Raises InvalidCall that names every problem, and never the password."""
        found = self.problems(password, email, admin=admin)
        if found:
            refuse(found, field)

    def _kinds(self, password: str) -> Sequence[tuple[bool, bool, str]]:
        """Whether it must be there, whether it is, and what it is."""
        return (
            (self.upper, any(each.isupper() for each in password), "a capital letter"),
            (self.lower, any(each.islower() for each in password), "a small letter"),
            (self.digit, any(each.isdigit() for each in password), "a digit"),
            (
                self.special,
                not password.isalnum(),
                "a character that is no letter and no digit",
            ),
        )


def refuse(problems: Sequence[str], field: str) -> None:
    """Raises InvalidCall."""
    text = "; ".join(f"{field} {problem}" for problem in problems)
    raise InvalidCall(text, errors=[FieldProblem(field, each, "password") for each in problems])


def policy_of(settings: AccountSettings) -> PasswordPolicy:
    return PasswordPolicy(
        enabled=settings.password_policy,
        least=max(settings.password_length, settings.password_length_user),
        least_admin=max(settings.password_length, settings.password_length_admin),
        upper=settings.password_upper,
        lower=settings.password_lower,
        digit=settings.password_digit,
        special=settings.password_special,
        history=settings.password_history if settings.password_reuse else 0,
    )


def _is_the_name(password: str, email: str) -> bool:
    """Whether it is somebody's email or the name in it, with at most a few characters more."""
    plain, name = password.strip().lower(), email.partition("@")[0]
    if plain == email:
        return True
    return len(name) >= _LEAST_PART and name in plain and len(plain) - len(name) <= _LEAST_PART
