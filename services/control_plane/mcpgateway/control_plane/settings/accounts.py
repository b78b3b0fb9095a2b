"""The settings of who logs in: passwords, lockout, sessions, mail, cookies."""

from dataclasses import dataclass

from mcpgateway.common.runtime.settings import (
    boolean,
    choice,
    integer,
    scheme_or_boolean,
    seconds,
    setting,
)
from mcpgateway.common.runtime.web_settings import WebSettings


@dataclass(frozen=True, kw_only=True)
class AccountSettings(WebSettings):
    """A part of the control plane's `Settings`."""

    registration: bool = setting(
        "PUBLIC_REGISTRATION_ENABLED",
        boolean,
        default=False,
        doc="anybody may register at POST /auth/email/register",
    )

    password_policy: bool = setting(
        "PASSWORD_POLICY_ENABLED", boolean, default=True, doc="false: any password will do"
    )
    password_length: int = setting(
        "PASSWORD_MIN_LENGTH", integer(1, 128), default=8, doc="least characters, of anybody's"
    )
    password_length_user: int = setting(
        "PASSWORD_MIN_LENGTH_USER", integer(1, 128), default=12, doc="least characters, of users'"
    )
    password_length_admin: int = setting(
        "PASSWORD_MIN_LENGTH_PRIVILEGED",
        integer(1, 128),
        default=15,
        doc="least characters, of administrators'",
    )
    password_upper: bool = setting(
        "PASSWORD_REQUIRE_UPPERCASE", boolean, default=False, doc="passwords need a capital letter"
    )
    password_lower: bool = setting(
        "PASSWORD_REQUIRE_LOWERCASE", boolean, default=False, doc="passwords need a small letter"
    )
    password_digit: bool = setting(
        "PASSWORD_REQUIRE_NUMBERS", boolean, default=False, doc="passwords need a digit"
    )
    password_special: bool = setting(
        "PASSWORD_REQUIRE_SPECIAL",
        boolean,
        default=False,
        doc="passwords need what is no letter and no digit",
    )
    password_reuse: bool = setting(
        "PASSWORD_PREVENT_REUSE", boolean, default=True, doc="the last passwords may not come again"
    )
    password_history: int = setting(
        "PASSWORD_HISTORY_COUNT", integer(0, 50), default=5, doc="how many last passwords"
    )
    password_days: int = setting(
        "PASSWORD_MAX_AGE_DAYS",
        integer(0, 3650),
        default=0,
        doc="days until a password has to be changed; 0: never",
    )
    change_enforced: bool = setting(
        "PASSWORD_CHANGE_ENFORCEMENT_ENABLED",
        boolean,
        default=True,
        doc="false: a login goes on although its password has to be changed",
    )
    change_bootstrap: bool = setting(
        "ADMIN_REQUIRE_PASSWORD_CHANGE_ON_BOOTSTRAP",
        boolean,
        default=False,
        doc="PLATFORM_ADMIN_PASSWORD has to be changed at the first login, well known or not",
    )
    detect_default: bool = setting(
        "DETECT_DEFAULT_PASSWORD_ON_LOGIN",
        boolean,
        default=True,
        doc="look at each login whether its password is a well-known one",
    )
    change_default: bool = setting(
        "REQUIRE_PASSWORD_CHANGE_FOR_DEFAULT_PASSWORD",
        boolean,
        default=True,
        doc="a well-known password has to be changed",
    )

    max_failures: int = setting(
        "MAX_FAILED_LOGIN_ATTEMPTS",
        integer(0, 1000),
        default=5,
        doc="failed logins that lock an account; 0: never",
    )
    max_address_failures: int = setting(
        "MCPGATEWAY_MAX_FAILED_LOGINS_PER_ADDRESS",
        integer(0, 100_000),
        default=50,
        doc="failed logins of all accounts that lock an address out; 0: never",
    )
    lockout_minutes: int = setting(
        "ACCOUNT_LOCKOUT_DURATION_MINUTES",
        integer(1, 1440),
        default=15,
        doc="minutes that it is locked, and within which failures are counted",
    )
    lockout_mail: bool = setting(
        "ACCOUNT_LOCKOUT_NOTIFICATION_ENABLED",
        boolean,
        default=True,
        doc="mail to the owner of a locked account, where there is SMTP",
    )
    event_days: int = setting(
        "MCPGATEWAY_AUTH_EVENT_RETENTION_DAYS",
        integer(1, 3650),
        default=90,
        doc="days that events of logins are kept",
    )

    idle_minutes: int = setting(
        "TOKEN_IDLE_TIMEOUT",
        integer(0, 525_600),
        default=60,
        doc="minutes after which a session that nobody refreshes ends, if TOKEN_EXPIRY is not "
        "shorter; 0: TOKEN_EXPIRY alone",
    )
    session_minutes: int = setting(
        "SESSION_MAX_LIFETIME",
        integer(1, 525_600),
        default=480,
        doc="minutes after which a session ends, however often it is refreshed",
    )
    refresh_limit: int = setting(
        "SESSION_REFRESH_RATE_LIMIT",
        integer(1, 1000),
        default=10,
        doc="refreshes of one session in a minute",
    )

    reset_enabled: bool = setting(
        "PASSWORD_RESET_ENABLED", boolean, default=True, doc="false: no reset by mail"
    )
    reset_minutes: int = setting(
        "PASSWORD_RESET_TOKEN_EXPIRY_MINUTES",
        integer(1, 1440),
        default=60,
        doc="minutes that the link in the mail counts",
    )
    reset_limit: int = setting(
        "PASSWORD_RESET_RATE_LIMIT",
        integer(1, 1000),
        default=5,
        doc="mails that are asked for within the window, for one account or from one address",
    )
    reset_window: int = setting(
        "PASSWORD_RESET_RATE_WINDOW_MINUTES", integer(1, 1440), default=15, doc="that window"
    )
    reset_ends_sessions: bool = setting(
        "PASSWORD_RESET_INVALIDATE_SESSIONS",
        boolean,
        default=True,
        doc="a reset ends all sessions and tokens of before",
    )

    smtp_enabled: bool = setting("SMTP_ENABLED", boolean, default=False, doc="send mail")
    smtp_host: str = setting("SMTP_HOST", default="", doc="SMTP server")
    smtp_port: int = setting("SMTP_PORT", integer(1, 65535), default=587, doc="its port")
    smtp_user: str = setting("SMTP_USER", default="", doc="login at it; empty: none")
    smtp_password: str = setting("SMTP_PASSWORD", default="", doc="its password", secret=True)
    smtp_from: str = setting("SMTP_FROM_EMAIL", default="", doc="sender of mails")
    smtp_name: str = setting("SMTP_FROM_NAME", default="MCP Gateway", doc="the sender's name")
    smtp_starttls: bool = setting("SMTP_USE_TLS", boolean, default=True, doc="STARTTLS is needed")
    smtp_ssl: bool = setting("SMTP_USE_SSL", boolean, default=False, doc="TLS from the first byte")
    smtp_timeout: float = setting(
        "SMTP_TIMEOUT_SECONDS", seconds(1, 120), default=15.0, doc="seconds for each answer of it"
    )

    csrf_enabled: bool = setting(
        "CSRF_ENABLED",
        boolean,
        default=True,
        doc="requests that a cookie speaks for need a CSRF token; false: their origin is all that "
        "is looked at",
    )
    csrf_header: str = setting(
        "CSRF_TOKEN_NAME", default="X-CSRF-Token", doc="the header that has it"
    )
    csrf_cookie: str = setting(
        "CSRF_COOKIE_NAME", default="mcpgateway_csrf_token", doc="the cookie that has it"
    )
    csrf_origins: str = setting(
        "CSRF_TRUSTED_ORIGINS",
        default="",
        doc="other origins, by commas, whose pages may send requests that a cookie speaks for",
    )
    secure_cookies: bool | None = setting(
        "SECURE_COOKIES",
        scheme_or_boolean,
        default=None,
        doc="cookies for https only; empty: when the request came by https",
    )
    cookie_samesite: str = setting(
        "COOKIE_SAMESITE", choice("lax", "strict"), default="lax", doc="SameSite of cookies"
    )
