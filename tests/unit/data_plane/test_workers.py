"""The command line of a replica."""

from mcpgateway.data_plane.__main__ import options
from mcpgateway.data_plane.workers import command


def test_a_replica_is_told_its_number_and_its_lifeline() -> None:
    argv = command(3, 9)
    told = options(argv[argv.index("mcpgateway.data_plane") + 1 :])
    assert (told.replica, told.lifeline, told.workers) == (3, 9, 1)
