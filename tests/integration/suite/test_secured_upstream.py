"""An upstream that wants a certificate: from its registration to calls through every replica."""

from pathlib import Path

import pytest

from support.mcp_servers import mcp_server
from support.suite import Suite, text_of
from support.tls import Authority, tls_before

pytestmark = pytest.mark.asyncio(loop_scope="module")

OURS = Authority()
CALLS = 8  # over new connections, so that both replicas get some


async def test_certificates_given_once_serve_discovery_and_calls(
    suite: Suite, tmp_path: Path
) -> None:
    issued = OURS.issue("the gateway")
    body = {
        "name": "secured",
        "ca_certificate": OURS.pem,
        "client_cert": issued.cert,
        "client_key": issued.key,
    }
    context = OURS.server(tmp_path, clients=OURS.pem)
    async with mcp_server() as server, tls_before(server.url, context) as url, suite.http() as http:
        strange = await http.post("/gateways", json=body | {"url": url, "ca_certificate": ""})
        assert strange.status_code == 502
        assert "certificate verify failed" in strange.json()["message"]
        made = await http.post("/gateways?wait=applied", json=body | {"url": url})
        assert made.status_code == 200, made.text
        assert made.headers["applied"] == "2/2"
        assert made.json()["clientKey"] == "*****"
        for _ in range(CALLS):
            async with suite.client("/mcp", "legacy") as client:
                result = await client.call_tool("secured-echo", {"text": "hi"})
                assert text_of(result) == "hi"
        await http.delete(f"/gateways/{made.json()['id']}")
