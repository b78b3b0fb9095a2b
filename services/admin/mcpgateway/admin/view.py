"""From a request to a page: who asks, the template, the notice of the last action.

Handlers take a `Visit` and return a Response; errors of the API that a page does not show itself
become an error page, and a lost session leads to the login.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from mcpgateway.admin import session
from mcpgateway.admin.assets import Assets
from mcpgateway.admin.client import ControlPlane
from mcpgateway.admin.filters import FILTERS
from mcpgateway.common.errors import Denied, GatewayError, InvalidCall, Unauthenticated

MAX_FIELDS = 12_000  # of one form: a server may hold many tools

_NAVIGATION = (
    ("Overview", "/admin"),
    ("Upstreams", "/admin/ui/upstreams"),
    ("Servers", "/admin/ui/servers"),
    ("Tools", "/admin/ui/tools"),
    ("Prompts", "/admin/ui/prompts"),
    ("Resources", "/admin/ui/resources"),
    ("Replicas", "/admin/ui/replicas"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """What all pages share. `secure` None: cookies are secure when the request came by https."""

    api: ControlPlane
    assets: Assets
    templates: Environment
    public_url: str
    secure: bool | None

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

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        path = self.request.url.path
        notice = session.read_notice(self.request.cookies.get(session.NOTICE, ""))
        context = {
            "path": path,
            "navigation": _NAVIGATION,
            "email": session.email_of(self.token),
            "logged_in": bool(self.token),
            "form_token": session.form_token(self.token) if self.token else "",
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

    def keep(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/admin",
            secure=self.site.secure_for(self.request),
            httponly=True,
            samesite="strict",
        )

    def public_url(self) -> str:
        """The gateway's address as this browser sees it, else the configured one."""
        if not self.request.scope["by_edge"]:
            return self.site.public_url
        return f"{self.request.url.scheme}://{self.request.url.netloc}"

    async def form(self) -> FormData:
        """A form of ours. Raises Denied for one that another site sent."""
        host = self.request.headers.get("host", "")
        if not session.own_origin(self.request.headers, host):
            raise Denied("this form was not sent from these pages; open the page and try again")
        form = await self.request.form(max_fields=MAX_FIELDS, max_files=0)
        given = form.get(session.FORM_TOKEN, "")
        if self.token and not session.same_token(self.token, str(given)):
            raise Denied("this form belongs to an earlier login; reload the page and try again")
        return form


Page: TypeAlias = Callable[[Visit], Awaitable[Response]]
Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def endpoint(site: Site, page: Page, *, open_to_all: bool = False) -> Endpoint:
    """A Starlette endpoint that runs a page for who is logged in."""

    async def answer(request: Request) -> Response:
        visit = Visit(site, request, request.cookies.get(session.COOKIE, ""))
        if not visit.token and not open_to_all:
            return _to_login(visit)
        try:
            return await page(visit)
        except Unauthenticated:
            return _to_login(visit)
        except GatewayError as error:
            return problem_page(visit, error)

    return answer


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
        response.delete_cookie(session.COOKIE, path="/admin")
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
