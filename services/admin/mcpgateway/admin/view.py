"""From a request to a page: who asks, the template, the notice of the last action.

Handlers take a `Visit` and return a Response; errors of the API that a page does not show itself
become an error page, and a lost session leads to the login.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mcpgateway.admin import session, shapes
from mcpgateway.admin.assets import Assets
from mcpgateway.admin.client import ControlPlane
from mcpgateway.admin.filters import FILTERS
from mcpgateway.common import browser
from mcpgateway.common.errors import (
    Denied,
    GatewayError,
    InvalidCall,
    LimitExceeded,
    Unauthenticated,
    Unavailable,
)

MAX_FIELDS = 12_000  # of one form: a server may hold many tools

_NAVIGATION = (
    ("Overview", "/admin"),
    ("Upstreams", "/admin/ui/upstreams"),
    ("Servers", "/admin/ui/servers"),
    ("Tools", "/admin/ui/tools"),
    ("Prompts", "/admin/ui/prompts"),
    ("Resources", "/admin/ui/resources"),
    ("Replicas", "/admin/ui/replicas"),
    ("Profile", "/admin/ui/profile"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages share. `secure` None: cookies are secure when the request came by https."""

    api: ControlPlane
    assets: Assets
    templates: Environment
    public_url: str
    secure: bool | None
    samesite: Literal["lax", "strict"] = "lax"
    clock: Callable[[], float] = time.time

    def secure_for(self, request: Request) -> bool:
        return request.url.scheme == "https" if self.secure is None else self.secure


def make_templates(folder: Path, assets: Assets) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals["asset"] = assets.url
    return environment


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is logged in, or not yet (`token` empty)."""

    site: Site
    request: Request
    token: str

    @property
    def api(self) -> ControlPlane:
        return self.site.api

    @property
    def client(self) -> str:
        """The browser's address, "" where it is not known."""
        return self.request.client.host if self.request.client else ""

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        path = self.request.url.path
        notice = session.read_notice(self.request.cookies.get(session.NOTICE, ""))
        context = {
            "path": path,
            "navigation": _NAVIGATION,
            "email": session.email_of(self.token),
            "logged_in": bool(self.token),
            "form_token": browser.csrf_token(self.token) if self.token else "",
            "notice": notice,
            **values,
        }
        html = self.site.templates.get_template(template).render(context)
        response = HTMLResponse(html, status)
        if notice is not None:
            response.delete_cookie(session.NOTICE, path="/admin")
        return response

    def go(self, path: str, notice: str = "", kind: str = "ok") -> Response:
        """A redirect after a form; the notice shows on the next page."""
        response = RedirectResponse(path, HTTPStatus.SEE_OTHER)
        if notice:
            value = session.write_notice(session.Notice(notice, kind))
            self.keep(response, session.NOTICE, value, seconds=60)
        return response

    def keep(
        self, response: Response, name: str, value: str, seconds: int, path: str = "/admin"
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path=path,
            secure=self.site.secure_for(self.request),
            httponly=True,
            samesite=self.site.samesite,
        )

    def log_in(self, response: Response, login: shapes.Login) -> None:
        """Makes this login the browser's, whatever it had before. The cookie is for the pages of
        the control plane too, where one consents to what clients ask for."""
        self.keep(response, browser.SESSION_COOKIE, login.access_token, login.expires_in, path="/")

    def forget(self, response: Response) -> None:
        response.delete_cookie(browser.SESSION_COOKIE, path="/")

    def public_url(self) -> str:
        """The gateway's address as this browser sees it, else the configured one."""
        if not self.request.scope["by_edge"]:
            return self.site.public_url
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    async def form(self) -> FormData:
        """A form of ours. Raises Denied for one that another site sent."""
        host = self.request.headers.get("host", "")
        if not browser.own_origin(self.request.headers, host):
            raise Denied("this form was not sent from these pages; open the page and try again")
        form = await self.request.form(max_fields=MAX_FIELDS, max_files=0)
        given = form.get(session.FORM_TOKEN, "")
        if self.token and not browser.same_csrf(self.token, str(given)):
            raise Denied("this form belongs to an earlier login; reload the page and try again")
        return form


Page: TypeAlias = Callable[[Visit], Awaitable[Response]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def endpoint(site: Site, page: Page, *, open_to_all: bool = False) -> Endpoint:
    """A Starlette endpoint that runs a page for who is logged in."""

    async def answer(request: Request) -> Response:
        visit = Visit(site, request, request.cookies.get(browser.SESSION_COOKIE, ""))
        if not visit.token and not open_to_all:
            return _to_login(visit)
        try:
            return await _kept_up(visit, page)
        except Unauthenticated:
            return _to_login(visit)
        except GatewayError as error:
            return problem_page(visit, error)

    return answer


async def _kept_up(visit: Visit, page: Page) -> Response:
    """Asks for the session's next token while somebody looks at pages; what renews itself on a page
    is nobody's look."""
    looks = visit.request.method == "GET" and "hx-request" not in visit.request.headers
    if not looks or not session.ends_soon(visit.token, visit.site.clock()):
        return await page(visit)
    try:
        login = await visit.api.refresh(visit.token)
    except (LimitExceeded, Unavailable):
        return await page(visit)  # the token still counts
    response = await page(replace(visit, token=login.access_token))
    visit.log_in(response, login)
    return response


def _to_login(visit: Visit) -> Response:
    """Back to where one was, after the login. A part of a page reloads the whole one."""
    request = visit.request
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = f"?next={quote(wanted)}" if request.method == "GET" and wanted != "/admin" else ""
    if "hx-request" in request.headers:
        response: Response = Response(headers={"hx-redirect": f"/admin/login{after}"})
    else:
        response = RedirectResponse(f"/admin/login{after}", HTTPStatus.SEE_OTHER)
    if visit.token:
        visit.forget(response)
    return response


def problem_page(visit: Visit, error: GatewayError) -> Response:
    """A part of a page that shows itself anew keeps trying."""
    if "hx-request" in visit.request.headers:
        return visit.page("problem_live.html", error=error)
    retry = visit.request.method == "GET" and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return visit.page("problem.html", error.status, error=error, retry=retry)


def text_of(form: Mapping[str, Any], name: str, limit: int = 16 * 1024) -> str:
    """A text field, without white space around it. Raises InvalidCall."""
    value = form.get(name, "")
    if not isinstance(value, str) or len(value) > limit:
        raise InvalidCall(f"field {name} must be text of at most {limit} characters")
    return value.strip()
