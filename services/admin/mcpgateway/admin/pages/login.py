"""Login and logout."""

from contextlib import suppress
from typing import Any

from starlette.responses import RedirectResponse, Response

from mcpgateway.admin import session
from mcpgateway.admin.client import PasswordChangeRequired
from mcpgateway.admin.view import Visit, text_of
from mcpgateway.common.errors import CallerError, GatewayError


async def show(visit: Visit) -> Response:
    after = session.own_path(visit.request.query_params.get("next", "/admin"))
    if visit.token:
        return RedirectResponse(after, 303)
    return await _page(visit, 200, email_given="", after=after, error=None)


async def submit(visit: Visit) -> Response:
    """A browser whose old session is still there logs in anew."""
    fresh = Visit(visit.site, visit.request, "")
    form = await fresh.form()
    email = text_of(form, "email", 255)
    after = session.own_path(text_of(form, "next", 2048))
    shown = {"email_given": email, "after": after}
    try:
        login = await visit.api.login(email, str(form.get("password", "")), visit.client)
    except PasswordChangeRequired as error:
        return fresh.page("password_required.html", 403, **shown, error=None, why=error.message)
    except CallerError as error:
        return await _page(fresh, error.status, **shown, error=error)
    response = RedirectResponse(after, 303)
    fresh.log_in(response, login)
    return response


async def _page(visit: Visit, status: int, **values: Any) -> Response:
    """With the identity providers that one may log in by instead; a password is good without."""
    try:
        providers = await visit.api.providers()
    except GatewayError:
        providers = []
    return visit.page("login.html", status, providers=providers, **values)


async def leave(visit: Visit) -> Response:
    """The cookie goes also when the session can not be ended: it ends by itself then."""
    await visit.form()
    response = RedirectResponse("/admin/login", 303)
    with suppress(GatewayError):
        await visit.api.logout(visit.token)
    visit.forget(response)
    return response
