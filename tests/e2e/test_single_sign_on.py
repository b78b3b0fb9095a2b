"""A login by a real OpenID provider, from the admin page's button to the page behind it."""

import re
from pathlib import Path

from playwright.async_api import expect

from support.browser import browser, needs_chromium
from support.canaille import canaille
from support.door import Door
from support.http import free_port
from support.suite import running_suite

pytestmark = needs_chromium

_PASSWORD = "a password at the provider"
_ANNA = {
    "name": "Anna Example",
    "email": "anna@example.com",
    "password": _PASSWORD,
    "groups": ["operators"],
}


async def test_a_person_of_a_providers_administrators_group_gets_in_by_the_button(
    tmp_path: Path,
) -> None:
    port = free_port()
    public = f"{Door.chosen().scheme}://127.0.0.1:{port}"
    callback = f"{public}/auth/sso/callback/corp"
    async with canaille(callback, {"anna": _ANNA}) as idp:
        environ = {
            "SSO_ENABLED": "true",
            "SSO_GENERIC_ENABLED": "true",
            "SSO_GENERIC_PROVIDER_ID": "corp",
            "SSO_GENERIC_DISPLAY_NAME": "Corporate login",
            "SSO_GENERIC_CLIENT_ID": idp.client_id,
            "SSO_GENERIC_CLIENT_SECRET": idp.client_secret,
            "SSO_GENERIC_ISSUER": idp.issuer,
            "SSO_GENERIC_SCOPE": "openid profile email groups",
            "SSO_GENERIC_ADMIN_GROUPS": "operators",
            "MCPGATEWAY_SSO_EMAIL_PROVIDERS": "corp",
        }
        async with (
            running_suite(tmp_path / "data", environ=environ, port=port) as suite,
            browser(
                suite.url, idp.issuer, ignore_https_errors=suite.certificate is not None
            ) as page,
        ):
            await page.goto("/admin/ui/tools")
            await page.get_by_role("link", name="Log in with Corporate login").click()
            await page.locator("input[name=login]").fill("anna")
            await page.locator("button[type=submit], input[type=submit]").first.click()
            await page.locator("input[name=password]").fill(_PASSWORD)
            await page.locator("button[type=submit], input[type=submit]").first.click()
            await expect(page).to_have_url(re.compile("/admin/ui/tools$"))
            await expect(page.get_by_role("heading", name="Tools")).to_be_visible()
            me = await page.request.get("/auth/email/me")
            assert (await me.json())["email"] == "anna@example.com"
            assert (await me.json())["is_admin"]
