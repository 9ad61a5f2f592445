"""Ports: two that start at the same moment get different ones."""

import socket

from lab.ports import claimed_port, free_port


def test_a_port_that_is_claimed_is_nobody_elses() -> None:
    wanted = free_port(0)
    with claimed_port(wanted) as first, claimed_port(wanted) as second:
        assert first == wanted
        assert second not in (0, wanted)
    with claimed_port(wanted) as later:
        assert later == wanted


def test_a_port_on_which_somebody_listens_is_not_free() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        taken = server.getsockname()[1]
        assert free_port(taken) != taken
        with claimed_port(taken) as other:
            assert other != taken
