"""Mail by SMTP, with the standard library, in a thread."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formataddr
from typing import NamedTuple

from mcpgateway.common.errors import Unavailable
from mcpgateway.control_plane.identity.accounts.mails import Mail
from mcpgateway.control_plane.settings.accounts import AccountSettings


class SmtpServer(NamedTuple):
    """`starttls` and `ssl` verify the server's certificate, as it is always done. `timeout` in
    seconds for each answer."""

    host: str
    port: int
    sender: str
    name: str
    user: str = ""
    password: str = ""
    starttls: bool = True
    ssl: bool = False
    timeout: float = 15.0


def server_of(settings: AccountSettings) -> SmtpServer | None:
    """None when there is no mail."""
    if not settings.smtp_enabled:
        return None
    return SmtpServer(
        settings.smtp_host,
        settings.smtp_port,
        settings.smtp_from or settings.smtp_user,
        settings.smtp_name,
        settings.smtp_user,
        settings.smtp_password,
        settings.smtp_starttls and not settings.smtp_ssl,
        settings.smtp_ssl,
        settings.smtp_timeout,
    )


def mail_problems(settings: AccountSettings, public_url: str) -> list[str]:
    """What is missing for mail to be sent."""
    if not settings.smtp_enabled:
        return []
    needed = {
        "SMTP_HOST": settings.smtp_host,
        "SMTP_FROM_EMAIL": settings.smtp_from or settings.smtp_user,
        "MCPGATEWAY_PUBLIC_URL": public_url,  # never of a request: whoever sends it writes its Host
    }
    return [f"{name} is required with SMTP_ENABLED" for name, said in needed.items() if not said]


class SmtpMailer:
    """Implements mails.Mailer. A connection for each mail: they are few."""

    def __init__(self, server: SmtpServer) -> None:
        self._server = server

    async def send(self, mail: Mail) -> None:
        await asyncio.to_thread(self._send, mail)

    def _send(self, mail: Mail) -> None:
        server = self._server
        try:
            with self._connected() as client:
                if server.starttls:
                    client.starttls(context=ssl.create_default_context())
                if server.user:
                    client.login(server.user, server.password)
                client.send_message(self._message(mail))
        except (OSError, smtplib.SMTPException) as error:
            told = f"{type(error).__name__}: {error}"[:300]
            raise Unavailable(
                f"{server.host}:{server.port} did not take a mail to {mail.to}: {told}"
            ) from error

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.ssl:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                server.host, server.port, timeout=server.timeout, context=context
            )
        return smtplib.SMTP(server.host, server.port, timeout=server.timeout)

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        message["From"] = formataddr((self._server.name, self._server.sender))
        message["To"] = mail.to
        message["Subject"] = mail.subject
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        return message
