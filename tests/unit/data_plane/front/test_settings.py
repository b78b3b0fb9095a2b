"""What a front is told, and that it needs no key of the group."""

import pytest

from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.data_plane.front.settings import Settings
from support.data_plane import environ


def settings(**more: str) -> Settings:
    told = environ(**more)
    del told["MCPGATEWAY_DATA_PLANE_KEY"]
    return load(Settings, told)


def test_replicas_are_those_of_the_data_folder_unless_they_are_listed() -> None:
    assert settings().replicas == ()
    listed = settings(MCPGATEWAY_FRONT_REPLICAS="data-plane:4444, [::1]:80")
    assert listed.replicas == ("data-plane:4444", "[::1]:80")


@pytest.mark.parametrize("value", ["data-plane", ":80", "host:", "host:0", "host:70000", "a:b"])
def test_an_address_without_a_host_or_a_port_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="MCPGATEWAY_FRONT_REPLICAS"):
        settings(MCPGATEWAY_FRONT_REPLICAS=value)
