"""An SMTP server (RFC 5321) that keeps what it is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


class Mailbox:
    """`refusing`: an answer to MAIL instead of 250."""

    def __init__(self) -> None:
        self.port = 0
        self.refusing = ""
        self._mails: asyncio.Queue[EmailMessage] = asyncio.Queue()

    async def next(self, seconds: float = 10.0) -> EmailMessage:
        async with asyncio.timeout(seconds):
            return await self._mails.get()

    @property
    def empty(self) -> bool:
        return self._mails.empty()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")

        say("220 mailbox")
        while line := await reader.readline():
            verb = line.split(b":")[0].strip().upper()[:4]
            if verb == b"DATA":
                say("354 go on")
                text = await reader.readuntil(b"\r\n.\r\n")
                self._mails.put_nowait(message_from_bytes(text[:-5], policy=default))
                say("250 kept")
            elif verb == b"QUIT":
                say("221 bye")
                return
            elif verb == b"MAIL" and self.refusing:
                say(self.refusing)
            else:
                say("250 fine")


@asynccontextmanager
async def mail_server() -> AsyncIterator[Mailbox]:
    """On a port of its own of the loopback address."""
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    async with server:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox
