"""Who calls without credentials."""

from mcpgateway.data_plane.pipeline.call import ANONYMOUS
from mcpgateway.data_plane.wiring.calls import default_caller
from support.data_plane import settings


def test_nobody_calls_without_credentials_unless_authentication_is_switched_off() -> None:
    assert default_caller(settings()) is ANONYMOUS
    opened = default_caller(
        settings(AUTH_REQUIRED="false", PLATFORM_ADMIN_EMAIL="root@example.com")
    )
    assert opened.principal is not None
    assert (opened.principal.id, opened.principal.admin) == ("root@example.com", True)
    assert opened.key != ""
