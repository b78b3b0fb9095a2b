"""Who registers himself, where the operator allows that."""

from mcpgateway.common.errors import Denied, LimitExceeded
from mcpgateway.control_plane.identity.accounts.events import AuthEvents
from mcpgateway.control_plane.identity.accounts.login import address_key
from mcpgateway.control_plane.identity.accounts.password_changes import NewPasswords
from mcpgateway.control_plane.identity.accounts.users import NewUser, create, normal_email
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.account_ports import Bound, Failures, Place
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Ports


class Registration:
    """`bound` None: nobody registers himself. Who does is told when there is such a user: an open
    registration tells that by nature, so it is few for each address."""

    def __init__(
        self,
        ports: Ports,
        failures: Failures,
        new: NewPasswords,
        events: AuthEvents,
        bound: Bound | None,
    ) -> None:
        self._ports = ports
        self._failures = failures
        self._new = new
        self._events = events
        self._bound = bound

    async def register(self, email: str, password: str, name: str | None, place: Place) -> User:
        """Nobody has seen that the email is his own, so it is not verified. Raises Denied,
        LimitExceeded, InvalidCall, Conflict."""
        if self._bound is None:
            raise Denied("nobody registers himself here (PUBLIC_REGISTRATION_ENABLED)")
        await self._within(self._bound, place)
        email = normal_email(email)
        hash = await self._new.first(password, email, admin=False, field="password")
        who = Who(by=email, from_ip=place.address, via="register", user_agent=place.user_agent)
        new = NewUser(email=email, full_name=name, password_hash=hash, email_verified=False)
        async with self._ports.store.write(who) as tx:
            user = await create(tx, new, self._ports, email)
        await self._events.note("registration", email, place)
        return user

    async def _within(self, bound: Bound, place: Place) -> None:
        now = self._ports.clock()
        until = await self._failures.begin(f"register-{address_key(place.address)}", bound, now)
        if until is not None:
            seconds = max(1, round((until - now).total_seconds()))
            raise LimitExceeded(
                f"too many registrations from your address: try again in {seconds} s",
                retry_after=seconds,
            )
