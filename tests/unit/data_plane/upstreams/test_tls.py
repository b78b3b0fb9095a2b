"""Which TLS profile an upstream's record means."""

import ssl

import pytest

from mcpgateway.common import seal
from mcpgateway.common.errors import Unavailable
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Credential
from mcpgateway.data_plane.upstreams.tls import UpstreamTls
from support.registries import upstream
from support.tls import Authority

OURS = Authority()
ISSUED = OURS.issue("the gateway")
SECURED = upstream(ca_certificate=OURS.pem, client_cert=ISSUED.cert, client_key="u1:key")


def opened(kind: str, id: str, sealed: bytes) -> bytes:
    """Stands for the unsealer: what is sealed is only marked."""
    if not sealed.startswith(b"sealed:"):
        raise seal.SealError("not sealed by us")
    return sealed.removeprefix(b"sealed:")


def tls(*, verify: bool = True, sealed: bytes = b"sealed:" + ISSUED.key.encode()) -> UpstreamTls:
    made = UpstreamTls(opened, verify=verify)
    made.changed(build("a-registry", 1, [SECURED, Credential("u1:key", sealed)]), None)
    return made


def test_an_upstream_that_says_nothing_has_no_profile_of_its_own() -> None:
    assert tls().of(upstream()) is None


async def test_a_profile_believes_the_authority_and_shows_the_certificate() -> None:
    profile = tls().of(SECURED)
    assert profile is not None
    context = await profile.context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert [each["subject"] for each in context.get_ca_certs()] == [
        ((("commonName", "a test authority"),),)
    ]


def test_profiles_of_the_same_certificates_share_connections_and_others_never() -> None:
    made = tls()
    again = upstream("u2", ca_certificate=OURS.pem, client_cert=ISSUED.cert, client_key="u1:key")
    assert made.of(SECURED) == made.of(again)
    assert made.of(SECURED) != made.of(upstream(ca_certificate=OURS.pem))
    assert tls(verify=False).of(SECURED) != made.of(SECURED)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (UpstreamTls(opened), "is not in the table"),
        (tls(sealed=b"junk"), "can not be opened"),
        (tls(sealed=b"sealed:\xff"), "can not be opened"),
    ],
)
def test_without_its_key_nothing_is_sent(made: UpstreamTls, says: str) -> None:
    with pytest.raises(Unavailable, match=f"client key of upstream 'u1' {says}"):
        made.of(SECURED)
