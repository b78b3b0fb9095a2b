"""Subjects are isolated by cluster and group, and a data plane may publish no routing."""

import pytest

from mcpgateway.common.subjects import (
    Subjects,
    bucket_stream,
    control_plane_permissions,
    data_plane_permissions,
)

ONE = Subjects("east", "blue")


@pytest.mark.parametrize("name", ["", "a.b", "a b", "*", ">", "x" * 65])
def test_a_name_that_is_no_subject_token_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        Subjects(name, "blue")
    with pytest.raises(ValueError, match="must be"):
        Subjects("east", name)


def test_two_groups_share_no_subject_and_no_stream() -> None:
    other = Subjects("east", "green")
    names = "delta snapshot receipts hints blobs everyone buckets delta_stream blob_stream"
    for name in names.split():
        assert getattr(ONE, name) != getattr(other, name)


def test_only_the_control_plane_may_publish_routing() -> None:
    assert not [subject for subject in data_plane_permissions(ONE).publish if "routing" in subject]
    assert f"{ONE.root}.routing.>" in control_plane_permissions(ONE).publish


def test_a_data_plane_may_not_read_the_control_planes_replies_or_change_streams() -> None:
    permissions = data_plane_permissions(ONE)
    assert "_INBOX.>" not in permissions.subscribe
    assert not [s for s in permissions.subscribe if s.startswith("_INBOX_cp")]
    assert not [s for s in permissions.publish if "CREATE" in s or "DELETE" in s or "PURGE" in s]
    assert "$JS.API.>" not in permissions.publish


def test_each_login_may_do_what_its_side_does_and_no_more() -> None:
    control, data = control_plane_permissions(ONE), data_plane_permissions(ONE)
    own = ("gw.east.blue.", "_INBOX_")
    streams = (ONE.delta_stream, ONE.blob_stream)
    named = (*streams, *ONE.buckets, ONE.tokens)
    for subject in (*control.publish, *data.publish):
        assert subject.startswith(own) or any(name in subject for name in named), subject
    heard = {ONE.delta, ONE.receipts, ONE.hints, ONE.usages, ONE.token_wanted}
    assert set(control.subscribe) == {*heard, "_INBOX_cp.>"}
    among_replicas = {ONE.replica("*", "*"), ONE.everyone}
    from_control = {ONE.delta, ONE.token_changes}
    assert set(data.subscribe) == {*from_control, "_INBOX_dp.>", *among_replicas}
    infos = {ONE.stream_info(stream) for stream in streams}
    told = {ONE.receipts, ONE.hints, ONE.usages, ONE.token_wanted, *among_replicas}
    assert {s for s in data.publish if s.startswith("gw.")} == {*told, *infos}
    published = {f"{ONE.root}.routing.>", ONE.token_changes}
    assert {s for s in control.publish if s.startswith("gw.")} == published
    assert not [s for s in control.publish if "DELETE" in s]


def test_tokens_for_upstreams_are_put_by_the_control_plane_and_read_by_data_planes() -> None:
    control, data = control_plane_permissions(ONE), data_plane_permissions(ONE)
    stream = bucket_stream(ONE.tokens)
    assert f"$KV.{ONE.tokens}.>" in control.publish
    read = f"$JS.API.DIRECT.GET.{stream}.$KV.{ONE.tokens}.>"
    assert {s for s in data.publish if ONE.tokens in s} == {read}


def test_the_control_plane_makes_the_buckets_and_only_data_planes_use_them() -> None:
    control, data = control_plane_permissions(ONE), data_plane_permissions(ONE)
    for bucket in ONE.buckets:
        stream = bucket_stream(bucket)
        made = {f"$JS.API.STREAM.{verb}.{stream}" for verb in ("CREATE", "UPDATE", "INFO")}
        assert {subject for subject in control.publish if subject.endswith(f".{stream}")} == made
        used = {f"$KV.{bucket}.>", f"$JS.API.DIRECT.GET.{stream}.$KV.{bucket}.>"}
        assert {s for s in data.publish if bucket_stream(bucket) in s or f".{bucket}." in s} == used
