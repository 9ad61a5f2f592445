"""A lost probe is told at once, whatever else is still being probed."""

import time
from types import SimpleNamespace
from typing import Any

import pytest

from adaptors.network.probing import Prober
from domain.errors import VimRefusedError
from domain.networking import Segment, ServiceNetwork


class Slow(Prober):
    """A prober whose first probe is lost and whose others take long."""

    def probe(self, segment: Segment) -> Any:
        if segment.name == "first":
            raise VimRefusedError("the probe got lost at PoP north")
        time.sleep(3)


def segment(name: str) -> Segment:
    return Segment(
        name=name,
        chain="main",
        origin="a",
        origin_pop="north",
        origin_address="10.0.0.1",
        target="b",
        target_pop="south",
        target_address="10.0.0.2",
        protocol="tcp",
        port=80,
        rules=(),
        latency_ms=1.0,
    )


def test_the_first_lost_probe_ends_the_waiting_for_the_others() -> None:
    names = ("first", "second", "third")
    network = ServiceNetwork(name="n", service="s", pops={}, segments=tuple(map(segment, names)))
    told: list[float] = []
    machine: Any = SimpleNamespace()
    with pytest.raises(VimRefusedError, match="PoP north"):
        Slow(machine, network, {}).probe_all(lambda _: told.append(time.monotonic()))
    assert told and time.monotonic() - told[-1] < 2, "nothing was awaited in silence"
