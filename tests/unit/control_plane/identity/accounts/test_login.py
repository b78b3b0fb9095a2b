"""Who counts as one address, when failed logins of it are counted."""

import pytest

from mcpgateway.control_plane.identity.accounts.login import address_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),  # of one customer
        ("::ffff:203.0.113.7", "203.0.113.7"),
        (None, ""),
    ],
)
def test_addresses_of_one_customer_are_counted_together(one: str | None, other: str | None) -> None:
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:3::1"),
        ("203.0.113.7", "203.0.113.8"),
        ("unix", "other"),
    ],
)
def test_others_are_not(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)
