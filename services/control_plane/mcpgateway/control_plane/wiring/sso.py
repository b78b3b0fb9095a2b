"""The part of the composition root that is of single sign-on."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from typing_extensions import override

from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.api.sso.login import Enters, SsoParts
from mcpgateway.control_plane.api.sso.pages import Keep
from mcpgateway.control_plane.discovery.outbound import Outbound
from mcpgateway.control_plane.discovery.reach import HttpReacher
from mcpgateway.control_plane.identity.accounts.sessions import Issued
from mcpgateway.control_plane.identity.oauth_server.server import Provider as Way
from mcpgateway.control_plane.identity.oauth_server.server import SignIn
from mcpgateway.control_plane.identity.sso import configured
from mcpgateway.control_plane.identity.sso.approvals import Approvals
from mcpgateway.control_plane.identity.sso.external_keys import ExternalKeys
from mcpgateway.control_plane.identity.sso.flow import Flow
from mcpgateway.control_plane.identity.sso.outside import MAX_ANSWER, Outside
from mcpgateway.control_plane.identity.sso.people import People
from mcpgateway.control_plane.identity.sso.providers import Providers
from mcpgateway.control_plane.registry.discovered.ports import Reacher
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.settings.process import Settings
from mcpgateway.control_plane.store.people.logins import Pool
from mcpgateway.control_plane.store.people.sso import PostgresSso

SECONDS = 15.0  # for an answer of a provider

log = logging.getLogger(__name__)


class Ways(SignIn):
    """Providers, as the authorization server's login page shows them."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    @override
    async def providers(self) -> Sequence[Way]:
        return [
            Way(each.provider.display_name, f"/auth/sso/login/{each.provider.id}")
            for each in await self._providers.enabled()
        ]


class Sso(NamedTuple):
    """`providers` and `outside` are shared with `external_keys`."""

    ports: Ports
    providers: Providers
    outside: Outside
    store: PostgresSso
    settings: Settings

    def parts(self, logins: Enters, cookies: Cookies, *keeps: Keep) -> SsoParts:
        """`keeps`: what more than the session's cookie browsers keep of a login."""
        return SsoParts(
            flow=Flow(self.ports, self.providers, self.outside),
            people=People(self.ports, self.store, configured.policy(self.settings)),
            providers=self.providers,
            approvals=Approvals(self.ports, self.store),
            logins=logins,
            keeps=(session_cookie(cookies), *keeps),
            public_url=self.settings.public_url,
            secure_cookies=cookies.secure,
        )

    def ways(self) -> SignIn:
        return Ways(self.providers)

    def external_keys(self) -> ExternalKeys:
        return ExternalKeys(self.ports, self.providers, self.outside)


def reacher_of(outbound: Outbound) -> Reacher:
    """One more byte than is taken tells what is over the limit."""
    return HttpReacher(outbound, SECONDS, MAX_ANSWER + 1)


def make_sso(settings: Settings, ports: Ports, pool: Pool, reacher: Reacher) -> Sso | None:
    """None when it is switched off."""
    if not settings.sso_enabled:
        return None
    found = configured.providers(settings)
    for problem in found.problems:
        log.warning("%s", problem)
    store = PostgresSso(pool)
    providers = Providers(ports, store, found.providers)
    return Sso(ports, providers, Outside(reacher, ports.clock), store, settings)


def session_cookie(cookies: Cookies) -> Keep:
    def keep(request: Request, response: Response, user: User, issued: Issued) -> None:
        cookies.keep(request, response, issued)

    return keep
