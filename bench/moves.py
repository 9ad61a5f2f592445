"""A shop changed on the emulator while its customers use it: what gets lost, how long it takes."""

import asyncio
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from activities.pops import Pops
from adaptors.machine.abilities import Datapath
from bench.homes import home_of
from bench.processes import Machinery, running
from bench.shops import PACKED, POPS, SHOP, load_movable
from catalogue.store import Catalogue, open_catalogue
from domain.names import OperationKind
from domain.records import ResourceRecord

PACKETS, PAGES = 5000, 200
_SERVICE = "shop"
_FIREWALL = "edge-firewall-1"
_CUSTOMERS = "customers"
_FRONT = "load-balancer-1"
_AHEAD_S = 1.0
_PATIENCE_S = 120.0
_RECEIVED = re.compile(r"(\d+) received")


@dataclass(frozen=True)
class Moves:
    """What was measured on one datapath."""

    lost_packets: list[int] = field(default_factory=list)
    """Of `PACKETS`, by each move of the firewall."""
    lost_pages: list[int] = field(default_factory=list)
    """Of `PAGES`."""
    slowest_page_s: list[float] = field(default_factory=list)
    moved_s: list[float] = field(default_factory=list)
    """How long each move took."""
    first_served_s: dict[str, list[float]] = field(default_factory=dict)
    """Descriptor -> from the start of each scale out until its new replica had served a customer."""


def measure(datapath: Datapath, moves: int, scales: int) -> Moves:
    """So many moves of the firewall, each under traffic, and so many scales out and in again."""
    with home_of(datapath) as home:
        catalogue = open_catalogue(f"sqlite:///{home / 'catalogue.db'}")
        try:
            load_movable(catalogue, home, datapath)
            return asyncio.run(_measured(_Shop(catalogue, home), moves, scales))
        finally:
            catalogue.close()


async def _measured(shop: "_Shop", moves: int, scales: int) -> Moves:
    found = Moves()
    async with running(shop.home) as machinery:
        for descriptor in (SHOP, PACKED):
            await machinery.instantiate(_SERVICE, descriptor)
            for _ in range(moves if descriptor == SHOP else 0):
                await _move(shop, machinery, found)
            found.first_served_s[descriptor] = [await _scale(shop, machinery) for _ in range(scales)]
            await machinery.terminate(_SERVICE)
    return found


async def _move(shop: "_Shop", machinery: Machinery, found: Moves) -> None:
    there = shop.another_pop()
    with shop.at_customers(*shop.pings()) as pings, shop.at_customers(*shop.fetches()) as pages:
        await asyncio.sleep(_AHEAD_S)
        started = time.perf_counter()
        await machinery.operate(OperationKind.MIGRATE, _SERVICE, moves={_FIREWALL: there})
        found.moved_s.append(time.perf_counter() - started)
        said = [await asyncio.to_thread(each.communicate, timeout=_PATIENCE_S) for each in (pings, pages)]
    answered, fetched = (out.decode() for out, _ in said)
    received = _RECEIVED.search(answered)
    found.lost_packets.append(PACKETS - int(received[1] if received else 0))
    codes = [line.split() for line in fetched.splitlines()]
    found.lost_pages.append(PAGES - sum(code == "200" for code, _ in codes))
    found.slowest_page_s.append(max(float(seconds) for _, seconds in codes))


async def _scale(shop: "_Shop", machinery: Machinery) -> float:
    with shop.at_customers(*shop.asks()) as asking:
        started = time.time()
        await machinery.operate(OperationKind.SCALE, _SERVICE, component="web", by=1)
        said, _ = await asyncio.to_thread(asking.communicate, timeout=_PATIENCE_S)
    await machinery.operate(OperationKind.SCALE, _SERVICE, component="web", by=-1)
    return float(said.split()[-1]) - started


class _Shop:
    """The example on three PoPs, and its customers' hands."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self._catalogue = catalogue
        self.home = home
        self._pops = Pops(catalogue, home)

    def another_pop(self) -> str:
        """One where the firewall is not."""
        plan = self._catalogue.services.get(_SERVICE).plan
        assert plan is not None
        return next(pop for pop in POPS if pop != plan.placements[_FIREWALL])

    def pings(self) -> list[str]:
        """All packets in one stream, about 250 a second."""
        return ["ping", "-q", "-c", str(PACKETS), "-i", "0.004", self._front()]

    def fetches(self) -> list[str]:
        """Pages, each by a connection of its own, spread over about the same time."""
        ask = (
            f"curl -s -m 10 -o /dev/null -w '%{{http_code}} %{{time_total}}\\n' http://{self._front()}/whoami"
        )
        return ["sh", "-c", f"for i in $(seq {PAGES}); do {ask}; sleep 0.07; done"]

    def asks(self) -> list[str]:
        """Pages until one is from the third replica; says when that was."""
        ask = f"curl -s -m 5 http://{self._front()}/whoami"
        return ["sh", "-c", f"until {ask} | grep -q web-3; do sleep 0.02; done; date +%s.%N"]

    @contextmanager
    def at_customers(self, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A command where the customers are, ended at the latest when the block is left."""
        entry = next(row for row in self._rows() if row.instance == _CUSTOMERS)
        full = self._pops.networked(entry.pop).command(entry.resource_name, words)
        with subprocess.Popen(full, stdout=subprocess.PIPE) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    process.kill()

    def _front(self) -> str:
        return next(str(row.address) for row in self._rows() if row.instance == _FRONT)

    def _rows(self) -> tuple[ResourceRecord, ...]:
        return self._catalogue.ledger.of_service(_SERVICE)
