"""Every key follows from the secret and its purpose, and a data plane gets no more than its own."""

import pytest

from mcpgateway.common import keys, seal

SECRET = "a secret of more than thirty-two characters"


def test_keys_of_different_purposes_groups_and_secrets_differ() -> None:
    made = {
        keys.derive(SECRET, "store"),
        keys.derive(SECRET, "wire", "c", "g"),
        keys.derive(SECRET, "wire", "c", "h"),
        keys.derive(SECRET, "wire", "cg"),
        keys.derive(SECRET, "seal", "c", "g"),
        keys.derive(SECRET + "!", "store"),
    }
    assert len(made) == 6


def test_the_same_secret_gives_the_same_keys_after_a_restart() -> None:
    assert keys.derive(SECRET, "store") == keys.derive(SECRET, "store")
    assert keys.public_bytes(keys.routing_signer(SECRET, "c", "g")) == keys.public_bytes(
        keys.routing_signer(SECRET, "c", "g")
    )


def test_a_data_plane_key_survives_being_written_as_a_setting() -> None:
    made = keys.DataPlaneKeys.derive(SECRET, "c", "g")
    read = keys.DataPlaneKeys.parse(made.text())
    sealed = made.wire.seal(b"x", b"", b"0" * 12)
    assert read.wire.open(sealed, b"") == b"x"
    with pytest.raises(seal.SealError):
        read.sessions.open(sealed, b"")
    with pytest.raises(seal.SealError):
        keys.store_sealer(SECRET).open(sealed, b"")


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!"])
def test_a_wrong_data_plane_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="data-plane key"):
        keys.DataPlaneKeys.parse(text)


def test_the_edge_secret_is_text_for_a_header() -> None:
    assert len(keys.edge_secret(SECRET, "c", "g")) == 64


def test_what_replicas_send_each_other_has_a_key_for_each_direction() -> None:
    made = keys.DataPlaneKeys.derive(SECRET, "c", "g")
    sealed = made.between("a", "b").seal(b"plain", b"", b"n" * 12)
    read = keys.DataPlaneKeys.parse(made.text())
    assert read.between("a", "b").open(sealed, b"") == b"plain"
    for other in (made.between("b", "a"), made.between("a", "c"), made.sessions, made.wire):
        with pytest.raises(seal.SealError):
            other.open(sealed, b"")
