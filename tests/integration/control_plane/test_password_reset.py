"""Resets by mail, over a real SMTP server."""

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage

import httpx2
import pytest

from support.control_plane import Plane, open_plane
from support.people import ANN, PASSWORD, add, log_in, stranger, try_login
from support.smtp import Mailbox, mail_server

FORGOT, RESET = "/auth/email/forgot-password", "/auth/email/reset-password"
NEXT = "another long password"
URL = "https://gateway.example"


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    async with mail_server() as opened:
        yield opened


@pytest.fixture
async def mailing(registry: str, mailbox: Mailbox) -> AsyncIterator[Plane]:
    async with open_plane(
        registry,
        public_url=URL,
        smtp_enabled=True,
        smtp_host="127.0.0.1",
        smtp_port=mailbox.port,
        smtp_from="gateway@example.com",
        smtp_starttls=False,
    ) as plane:
        await add(plane)
        yield plane


@pytest.fixture
async def anybody(mailing: Plane) -> AsyncIterator[httpx2.AsyncClient]:
    async with stranger(mailing) as http:
        yield http


def token_in(mail: EmailMessage) -> str:
    found = re.search(rf"{URL}/admin/reset-password/([\w-]+)", mail.get_content())
    assert found is not None
    return found[1]


async def ask(http: httpx2.AsyncClient, email: str = ANN) -> httpx2.Response:
    return await http.post(FORGOT, json={"email": email}, headers={"host": "evil.example"})


async def reset(http: httpx2.AsyncClient, token: str, password: str = NEXT) -> httpx2.Response:
    body = {"new_password": password, "confirm_password": password}
    return await http.post(f"{RESET}/{token}", json=body)


async def test_a_link_sets_a_new_password_and_ends_all_sessions(
    mailing: Plane, mailbox: Mailbox, anybody: httpx2.AsyncClient
) -> None:
    ann = await log_in(mailing)
    await ask(anybody, ANN.upper())
    mail = await mailbox.next()
    token = token_in(mail)  # on our own address, whatever Host the request had
    looked = (await anybody.get(f"{RESET}/{token}")).json()
    done = await reset(anybody, token)

    assert (mail["To"], mail["From"]) == (ANN, "MCP Gateway <gateway@example.com>")
    assert looked["valid"] is True
    assert done.status_code == 200
    assert (await ann.get("/auth/validate")).status_code == 401
    assert (await try_login(mailing)).status_code == 401
    assert (await try_login(mailing, NEXT)).status_code == 200


async def test_a_link_works_once(mailbox: Mailbox, anybody: httpx2.AsyncClient) -> None:
    await ask(anybody)
    token = token_in(await mailbox.next())
    assert (await reset(anybody, token)).status_code == 200
    assert (await reset(anybody, token, "a third long password")).status_code == 400
    assert (await anybody.get(f"{RESET}/{token}")).json()["valid"] is False


async def test_a_link_counts_for_an_hour_and_until_there_is_a_newer_one(
    mailing: Plane, mailbox: Mailbox, anybody: httpx2.AsyncClient
) -> None:
    await ask(anybody)
    first = token_in(await mailbox.next())
    await ask(anybody)
    second = token_in(await mailbox.next())
    assert (await reset(anybody, first)).status_code == 400
    mailing.clock.move(3601)
    assert (await reset(anybody, second)).status_code == 400


async def test_a_refused_password_does_not_use_the_link_up(
    mailbox: Mailbox, anybody: httpx2.AsyncClient
) -> None:
    await ask(anybody)
    token = token_in(await mailbox.next())
    assert (await reset(anybody, token, "short")).status_code == 422
    assert (await reset(anybody, token, PASSWORD)).status_code == 422  # that it is already
    assert (await reset(anybody, token)).status_code == 200


async def test_asking_for_somebody_that_there_is_not_looks_the_same_and_sends_nothing(
    mailing: Plane, mailbox: Mailbox, anybody: httpx2.AsyncClient
) -> None:
    await mailing.http.post(
        "/auth/email/admin/users", json={"email": "bot@example.com", "is_service": True}
    )
    answers = [await ask(anybody, email) for email in ("no@example.com", "bot@example.com", ANN)]
    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert (await mailbox.next())["To"] == ANN  # errands go in order
    assert mailbox.empty


async def test_mails_are_few_for_an_account_whether_there_is_one_or_not(
    anybody: httpx2.AsyncClient, mailing: Plane
) -> None:
    for email in (ANN, "nobody@example.com"):
        async with stranger(mailing, f"203.0.113.{len(email)}") as http:
            assert [(await ask(http, email)).status_code for _ in range(6)] == [200] * 5 + [429]


async def test_a_table_of_the_database_holds_no_token_that_works(
    mailing: Plane, mailbox: Mailbox, anybody: httpx2.AsyncClient
) -> None:
    await ask(anybody)
    token = token_in(await mailbox.next())
    kept = await mailing.pool.fetch("SELECT row_to_json(r)::text AS row FROM password_resets r")
    assert token not in kept[0]["row"]
    assert (await reset(anybody, "a" * 43)).status_code == 400


async def test_a_reset_unlocks_and_the_owner_is_told_of_a_lock(
    mailing: Plane, mailbox: Mailbox, anybody: httpx2.AsyncClient
) -> None:
    for _ in range(5):
        await try_login(mailing, "a guess")
    assert "locked" in (await mailbox.next())["Subject"]
    await ask(anybody)
    await reset(anybody, token_in(await mailbox.next()))
    assert (await try_login(mailing, NEXT)).status_code == 200


async def test_a_server_that_refuses_a_mail_does_not_change_the_answer(
    mailbox: Mailbox, anybody: httpx2.AsyncClient
) -> None:
    mailbox.refusing = "550 not here"
    assert (await ask(anybody)).status_code == 200
    mailbox.refusing = "250 fine"
    await ask(anybody)
    assert token_in(await mailbox.next())  # the errand after the one that failed


async def test_without_mail_asking_says_so(plane: Plane) -> None:
    async with stranger(plane) as http:
        assert (await ask(http)).status_code == 403
