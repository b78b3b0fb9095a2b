"""Login and logout."""

from starlette.responses import RedirectResponse, Response

from mcpgateway.admin import session
from mcpgateway.admin.view import Visit, text_of
from mcpgateway.common.errors import CallerError


async def show(visit: Visit) -> Response:
    after = session.own_path(visit.request.query_params.get("next", "/admin"))
    if visit.token:
        return RedirectResponse(after, 303)
    return visit.page("login.html", email_given="", after=after, error=None)


async def submit(visit: Visit) -> Response:
    """A browser whose old session is still there logs in anew."""
    fresh = Visit(visit.site, visit.request, "")
    form = await fresh.form()
    email = text_of(form, "email", 255)
    after = session.own_path(text_of(form, "next", 2048))
    try:
        login = await visit.api.login(email, str(form.get("password", "")))
    except CallerError as error:
        return fresh.page("login.html", error.status, email_given=email, after=after, error=error)
    response = RedirectResponse(after, 303)
    fresh.keep(response, session.COOKIE, login.access_token, login.expires_in)
    return response


async def leave(visit: Visit) -> Response:
    await visit.form()
    response = RedirectResponse("/admin/login", 303)
    response.delete_cookie(session.COOKIE, path="/admin")
    return response
