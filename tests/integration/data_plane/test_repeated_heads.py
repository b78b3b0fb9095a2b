"""Requests that repeat their head on one kept-alive connection, while the table changes."""

import time

import msgspec

from mcpgateway.common.routing.model import Principal
from support.data_plane import data_plane
from support.endpoint import USER, signing_key, token
from support.http import raw_client
from support.registries import tool, upstream

LIST = b'{"jsonrpc":"2.0","id":%d,"method":"tools/list"}'


def request(id: int, bearer: str) -> bytes:
    body = LIST % id
    return (
        b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer %b\r\nContent-Length: %d\r\n\r\n%b"
    ) % (bearer.encode(), len(body), body)


async def test_each_request_is_judged_by_the_table_of_its_moment() -> None:
    bearer = token(now=time.time())
    async with (
        data_plane(upstream("u"), tool("one", "u")) as plane,
        raw_client(plane.door.port) as client,
    ):
        for id in (1, 2, 30):
            client.send(request(id, bearer))
            answer = msgspec.json.decode((await client.response()).body)
            assert (answer["id"], [t["name"] for t in answer["result"]["tools"]]) == (
                id,
                ["u-one"],
            )
        plane.put(upstream("u"), tool("two", "u"))
        client.send(request(4, bearer))
        answer = msgspec.json.decode((await client.response()).body)
        assert [t["name"] for t in answer["result"]["tools"]] == ["u-two"]
        plane.put(Principal(USER.id, active=False), signing_key())
        client.send(request(5, bearer))
        assert (await client.response()).status == 401
