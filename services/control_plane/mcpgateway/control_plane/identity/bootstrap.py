"""The first administrator, made from the settings when there is no such user yet."""

import logging

from mcpgateway.control_plane.identity.accounts.passwords import Passwords
from mcpgateway.control_plane.identity.accounts.users import NewUser, create
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.settings.process import Settings

log = logging.getLogger(__name__)

SYSTEM = Who(by="system", via="startup")


async def ensure_admin(ports: Ports, settings: Settings, passwords: Passwords) -> bool:
    """Answers whether it was made. A user that is there stays as it is, password included."""
    email = settings.admin_email.lower()
    if await ports.store.read.user(email) is not None:
        return False
    hash = await passwords.hash(settings.admin_password)
    async with ports.store.write(SYSTEM) as tx:
        if await tx.users.get([email]):  # another control plane was quicker
            return False
        await roles.make(tx, ports.default_roles)
        admin = NewUser(
            email=email,
            full_name=settings.admin_name,
            password_hash=hash,
            admin=True,
            password_change_required=settings.change_bootstrap,
        )
        await create(tx, admin, ports, SYSTEM.by)
    log.info("made the platform administrator %s", email)
    return True
