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
    made = keys.DataPlaneKeys.derive((SECRET,), "c", "g")
    read = keys.DataPlaneKeys.parse(made.text())
    sealed = made.wire.seal(b"x", b"", b"0" * 12)
    assert read.wire.open(sealed, b"") == b"x"
    with pytest.raises(seal.SealError):
        read.sessions.open(sealed, b"")
    with pytest.raises(seal.SealError):
        keys.store_sealer((SECRET,)).open(sealed, b"")


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "A" * 128, "A" * 86 * 9])
def test_a_wrong_data_plane_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="data-plane key"):
        keys.DataPlaneKeys.parse(text)


def test_the_edge_secret_is_text_for_a_header() -> None:
    assert [len(text) for text in keys.edge_secrets((SECRET,), "c", "g")] == [64]


def test_what_replicas_send_each_other_has_a_key_for_each_direction() -> None:
    made = keys.DataPlaneKeys.derive((SECRET,), "c", "g")
    sealed = made.between("a", "b").seal(b"plain", b"", b"n" * 12)
    read = keys.DataPlaneKeys.parse(made.text())
    assert read.between("a", "b").open(sealed, b"") == b"plain"
    for other in (made.between("b", "a"), made.between("a", "c"), made.sessions, made.wire):
        with pytest.raises(seal.SealError):
            other.open(sealed, b"")


OTHER = "another secret of more than thirty-two characters"


def test_while_the_secret_changes_old_and_new_understand_each_other() -> None:
    before = keys.DataPlaneKeys.derive((SECRET, OTHER), "c", "g")
    after = keys.DataPlaneKeys.parse(keys.DataPlaneKeys.derive((OTHER, SECRET), "c", "g").text())
    for maker, reader in ((before, after), (after, before)):
        for made, read in (
            (maker.wire, reader.wire),
            (maker.sessions, reader.sessions),
            (maker.between("a", "b"), reader.between("a", "b")),
        ):
            assert read.open(made.seal(b"x", b"", b"0" * 12), b"") == b"x"
    assert set(keys.edge_secrets((SECRET, OTHER), "c", "g")) == set(
        keys.edge_secrets((OTHER, SECRET), "c", "g")
    )


def test_a_changed_secret_alone_opens_nothing_of_the_former() -> None:
    before = keys.DataPlaneKeys.derive((SECRET,), "c", "g").sessions.seal(b"x", b"", b"0" * 12)
    with pytest.raises(seal.SealError):
        keys.DataPlaneKeys.derive((OTHER,), "c", "g").sessions.open(before, b"")


def test_accepted_secrets_are_listed_by_commas_and_counted_once() -> None:
    assert keys.accepted(" one, two ,,") == ("one", "two")
    assert keys.all_of("two", keys.accepted("one,two")) == ("two", "one")
    with pytest.raises(ValueError, match="may hold 7 secrets, has 8"):
        keys.accepted("a,b,c,d,e,f,g,h")


def test_public_keys_as_a_setting_are_those_of_all_secrets() -> None:
    public = keys.routing_public_keys((SECRET, OTHER), "c", "g")
    texts = keys.public_keys_text(public).split(",")
    assert [seal.from_text(text) for text in texts] == [
        keys.public_bytes(keys.routing_signer(secret, "c", "g")) for secret in (SECRET, OTHER)
    ]


def test_a_ring_for_runners_is_read_as_it_is_written() -> None:
    ring = keys.runner_ring(("one secret", "another secret"), "local", "default")
    assert keys.parse_ring(keys.ring_text(ring)) == ring


@pytest.mark.parametrize("text", ["", "AAAA", "no base64url!", "A" * 43 * 9])
def test_what_is_no_ring_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        keys.parse_ring(text)
    assert not text or text not in str(caught.value)


def test_runners_have_a_key_that_data_planes_do_not_have() -> None:
    ring = keys.runner_ring(("one secret",), "local", "default")
    data_plane = keys.DataPlaneKeys.derive(("one secret",), "local", "default")
    assert not set(ring.keys) & {*data_plane.wire.keys, *data_plane.sessions.keys}
