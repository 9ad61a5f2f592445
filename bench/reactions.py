"""From the second in which a shop's load is too high until its new web server answers, on the emulator."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from activities.pops import Pops
from adaptors.machine.abilities import Datapath
from bench import shops
from bench.homes import home_of
from bench.processes import Machinery, running
from catalogue.documents import read_descriptor
from catalogue.store import Catalogue, open_catalogue

_SERVICE = "shop"
_ENTRY, _FRONT = "customers", "load-balancer-1"
_CALM, _HIGH = 4.0, 120.0
"""Requests a second of all customers; there are two web servers, later three."""
_THRESHOLD = 20.0
"""Of each web server."""
_GENERATOR = Path(__file__).parent / "customers.py"
_PATIENCE_S = 180.0


@dataclass(frozen=True)
class Reaction:
    """One rise of the load."""

    phase_s: float
    """From it to the next look."""
    answered_s: float
    """From it to the new instance's first answer."""
    decided_s: float
    """From it to the decision."""
    host_share: float
    """Of the processors' time until the answer, what the machine's host gave to others."""


def measure(datapath: Datapath, interval_s: int, turns: int) -> list[Reaction]:
    """So many rises, spread over the time between two looks."""
    with home_of(datapath) as home:
        catalogue = open_catalogue(f"sqlite:///{home / 'catalogue.db'}")
        try:
            shops.load_movable(catalogue, home, datapath)
            catalogue.descriptors.onboard(read_descriptor(_shop(interval_s).encode(), "bench"))
            return asyncio.run(_measured(_Shop(catalogue, home), interval_s, turns))
        finally:
            catalogue.close()


def _shop(interval_s: int) -> str:
    """The example, with a policy that acts at once."""
    policy = {
        "component": "web",
        "metric": "requests_per_s",
        "scale_out_above": _THRESHOLD,
        "scale_in_below": _THRESHOLD / 2,
        "sustained": "1 s",
        "cooldown": "1 s",
        "cooldown_in": "1 s",
    }
    text = shops.example().partition("\npolicies:")[0].replace("max: 6", "max: 3")
    text = text.replace(f"name: {shops.SHOP}", f"name: {_SERVICE}")
    return f"{text}\npolicies: {json.dumps({'interval': f'{interval_s} s', 'scaling': [policy]})}\n"


async def _measured(shop: "_Shop", interval_s: int, turns: int) -> list[Reaction]:
    async with running(shop.home) as machinery:
        return await _turns(shop, machinery, interval_s, turns)


async def _turns(shop: "_Shop", machinery: Machinery, interval_s: int, turns: int) -> list[Reaction]:
    await machinery.instantiate(_SERVICE, _SERVICE)
    with shop.customers() as customers:
        _ask(customers, _CALM)
        await _settled(shop, interval_s)
        return [await _turn(shop, customers, interval_s, (number + 0.5) / turns) for number in range(turns)]


async def _turn(shop: "_Shop", customers: "subprocess.Popen[str]", interval_s: int, phase: float) -> Reaction:
    """:param phase: share of the interval from the rise to the next look"""
    until = time.time() + interval_s
    at = until - until % interval_s + (1 - phase) * interval_s
    await asyncio.sleep(at - time.time())
    before = psutil.cpu_times()
    risen, known = time.time(), shop.servers()
    _ask(customers, _HIGH, *known)
    answered = await asyncio.wait_for(asyncio.to_thread(_answer, customers), _PATIENCE_S)
    taken = _host_share(before, psutil.cpu_times())
    decided = shop.catalogue.decisions.list(_SERVICE)[0].decided_at.timestamp()
    await _has(shop, lambda servers: len(servers) > len(known))  # it answers before that is committed
    _ask(customers, _CALM)
    await _settled(shop, interval_s)
    return Reaction(interval_s - risen % interval_s, answered - risen, decided - risen, taken)


def _host_share(before: Any, after: Any) -> float:
    """:param before: processors' seconds by what they did, of which guests' are counted with users', too"""
    passed = {name: getattr(after, name) - getattr(before, name) for name in before._fields}
    whole = sum(passed.values()) - passed.get("guest", 0.0) - passed.get("guest_nice", 0.0)
    return float(passed.get("steal", 0.0) / whole) if whole else 0.0


async def _settled(shop: "_Shop", interval_s: int) -> None:
    """Two web servers, and some looks at them."""
    await _has(shop, lambda servers: len(servers) == 2)
    await asyncio.sleep(1.2 * interval_s)


async def _has(shop: "_Shop", true: Callable[[list[str]], bool]) -> None:
    """Wait until something is true of the web servers that are committed."""
    deadline = time.monotonic() + _PATIENCE_S
    while not true(shop.servers()):
        if time.monotonic() > deadline:
            raise RuntimeError(f"there are still {', '.join(shop.servers())}")
        await asyncio.sleep(0.5)


def _ask(customers: "subprocess.Popen[str]", rate: float, *known: str) -> None:
    """:param known: instances; the first answer of another one is to be told"""
    stdin = customers.stdin
    assert stdin is not None
    stdin.write(" ".join([str(rate), *known]) + "\n")
    stdin.flush()


def _answer(customers: "subprocess.Popen[str]") -> float:
    """When the new instance answered first."""
    stdout: IO[str] | None = customers.stdout
    assert stdout is not None
    line = stdout.readline()
    if not line:
        raise RuntimeError("the customers are gone")
    return float(line.split()[-1])


class _Shop:
    """The service, and where its customers are."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self.catalogue = catalogue
        self.home = home

    def servers(self) -> list[str]:
        """The web servers that are there."""
        deployment = self.catalogue.services.deployment(_SERVICE)
        return [each.name for each in deployment.instances if each.component == "web"] if deployment else []

    @contextmanager
    def customers(self) -> Iterator["subprocess.Popen[str]"]:
        """They ask as often as is written to them."""
        rows = {row.instance: row for row in self.catalogue.ledger.of_service(_SERVICE)}
        entry, url = rows[_ENTRY], f"http://{rows[_FRONT].address}/whoami"
        words = [sys.executable, "-I", "-S", str(_GENERATOR), url]
        command = Pops(self.catalogue, self.home).networked(entry.pop).command(entry.resource_name, words)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            try:
                yield process
            finally:
                process.kill()
