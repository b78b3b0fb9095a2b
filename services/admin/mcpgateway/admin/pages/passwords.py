"""One's own account and its password: changed by choice, by need, or by a mailed link."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import RedirectResponse, Response

from mcpgateway.admin import session, shapes
from mcpgateway.admin.view import Visit, text_of
from mcpgateway.common.errors import CallerError, InvalidCall

_PROFILE = "/admin/ui/profile"


async def profile(visit: Visit) -> Response:
    return await _profile(visit, None)


async def change(visit: Visit) -> Response:
    """All sessions end by it, so it logs in anew."""
    form = await visit.form()
    me = await visit.api.one(shapes.Me, "/auth/email/me", visit.token)
    try:
        login = await _changed(visit, me.email, form)
    except CallerError as error:
        return await _profile(visit, error)
    response = visit.go(_PROFILE, "Your password was changed. All other sessions have ended.")
    visit.log_in(response, login)
    return response


async def required(visit: Visit) -> Response:
    """Of who has a right password that opens nothing but this."""
    fresh = Visit(visit.site, visit.request, "")
    form = await fresh.form()
    email = text_of(form, "email", 255)
    after = session.own_path(text_of(form, "next", 2048))
    try:
        login = await _changed(fresh, email, form)
    except CallerError as error:
        shown = {"email_given": email, "after": after, "why": ""}
        return fresh.page("password_required.html", error.status, **shown, error=error)
    response = RedirectResponse(after, 303)
    fresh.log_in(response, login)
    return response


async def again(visit: Visit) -> Response:
    """The form comes with a login that asks for it."""
    return RedirectResponse("/admin/login", 303)


async def forgot(visit: Visit) -> Response:
    return visit.page("password_forgot.html", sent=False, error=None)


async def ask(visit: Visit) -> Response:
    fresh = Visit(visit.site, visit.request, "")
    email = text_of(await fresh.form(), "email", 255)
    try:
        await visit.api.forgot_password(email, visit.client)
    except CallerError as error:
        return fresh.page("password_forgot.html", error.status, sent=False, error=error)
    return fresh.page("password_forgot.html", sent=True, error=None)


async def link(visit: Visit) -> Response:
    fresh = Visit(visit.site, visit.request, "")
    found = await visit.api.reset_link(visit.request.path_params["token"])
    return fresh.page("password_reset.html", valid=found.valid, done=False, error=None)


async def reset(visit: Visit) -> Response:
    fresh = Visit(visit.site, visit.request, "")
    form, token = await fresh.form(), visit.request.path_params["token"]
    try:
        await visit.api.reset_password(token, _new(form), visit.client)
    except CallerError as error:
        valid = (await visit.api.reset_link(token)).valid
        shown = {"valid": valid, "done": False}
        return fresh.page("password_reset.html", error.status, **shown, error=error)
    response = fresh.page("password_reset.html", valid=True, done=True, error=None)
    visit.forget(response)
    return response


async def _changed(visit: Visit, email: str, form: Mapping[str, Any]) -> shapes.Login:
    """Raises what a login raises, and InvalidCall."""
    new = _new(form)
    old = str(form.get("old_password", ""))
    await visit.api.change_password(email, old, new, visit.client)
    return await visit.api.login(email, new, visit.client)


def _new(form: Mapping[str, Any]) -> str:
    new = str(form.get("new_password", ""))
    if new != str(form.get("confirm_password", "")):
        raise InvalidCall("the new password was given in two ways; type the same twice")
    return new


async def _profile(visit: Visit, error: CallerError | None) -> Response:
    me = await visit.api.one(shapes.Me, "/auth/email/me", visit.token)
    return visit.page("profile.html", error.status if error else 200, me=me, error=error)
