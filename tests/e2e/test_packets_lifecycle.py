"""Running services changed on the emulator while their users use them: nothing is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from adaptors.machine.abilities import examine
from tests.e2e.packets import PacketLab, emulated
from tests.workflows.lab import dev_server, eventually, failure
from workers.plugin import connect

EXAMPLE = Path(__file__).parents[2] / "examples" / "secure-shop.yaml"
ABILITIES, _ = examine(Path("/tmp"))
# Where the same is moved by the same stages as in another test, one datapath shows it.
on_one_datapath = pytest.mark.parametrize("shop", ABILITIES.datapaths[:1], indirect=True)

_PINGER = Path(__file__).parent / "pings.py"
_PINGS, _PAGES = 200, 5
"""As many are answered before a change, and again after it, however long that takes on a busy machine."""

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not ABILITIES.datapaths, reason=f"no emulator here: {ABILITIES.why}"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with dev_server() as environment:
        yield await connect(environment.client.service_client.config.target_host)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=ABILITIES.datapaths)
async def shop(
    client: Client, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[PacketLab]:
    """The shop on emulated PoPs that all suit its firewall; its chain takes every protocol.

    One for all tests on a datapath, each of which begins with what the one before it left.
    """
    home = tmp_path_factory.mktemp("shop")
    lab = PacketLab(client, home, emulated(request.param).replace("[plain]", "[dpdk]"))
    lab.onboard(EXAMPLE.read_text().replace("classifier: {protocol: tcp}", "classifier: {}"))
    try:
        async with lab.workers():
            await (await lab.start("shop", "secure-shop")).result()
            yield lab
            await (await lab.start_terminate("shop")).result()
            await lab.end_all()
            assert lab.state() == lab.before
    finally:
        lab.clean()
        lab.catalogue.close()
    assert lab.left() == []


@pytest.fixture
def lab(shop: PacketLab) -> Iterator[PacketLab]:
    """The shop, which is whole after each test, with nothing beside it."""
    yield shop
    shop.whole("shop")
    assert shop.left([each.resource_name for each in shop.catalogue.ledger.all()]) == []


class Traffic:
    """What the customers send while something changes: a ping every 4 ms, and one page after the other."""

    def __init__(self, lab: PacketLab) -> None:
        self._lab = lab
        self._front = lab.address("shop", "load-balancer-1")

    def __enter__(self) -> "Traffic":
        url = f"http://{self._front}/whoami"
        loop = f"while curl -s -m 10 -o /dev/null -w '%{{http_code}}\\n' {url} || true; do sleep 0.02; done"
        self._processes = {
            "pages": self._spawn("pages", ["sh", "-c", loop]),
            "pings": self._spawn("pings", [sys.executable, "-I", "-S", str(_PINGER), self._front]),
        }
        self._goes_on(_PINGS, _PAGES)
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        try:
            self._sure = max(self._pinged()) + _PINGS
            if failed is None:
                self._goes_on(self._sure, len(self._pages()) + _PAGES)
                time.sleep(1)  # for an answer that others have overtaken
        finally:
            for process in self._processes.values():
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=30)

    def _spawn(self, name: str, words: Sequence[str]) -> "subprocess.Popen[bytes]":
        entry = self._lab.entry("shop", "customers")
        full = self._lab.pops.networked(entry.pop).command(entry.resource_name, words)
        with (self._lab.home / name).open("w") as told:
            return subprocess.Popen(full, stdout=told, start_new_session=True)

    def _goes_on(self, ping: int, pages: int) -> None:
        """Once the ping of a number is answered, and so many pages have come."""
        deadline = time.monotonic() + 60
        while max(self._pinged()) < ping or len(self._pages()) < pages:
            assert time.monotonic() < deadline, f"no more answers: {self._told('pings')[-2000:]}"
            time.sleep(0.05)

    def _pinged(self) -> set[int]:
        """The numbers of pings that were answered."""
        told = self._told("pings")
        return {0, *map(int, told[: told.rfind("\n") + 1].split())}

    def _pages(self) -> Sequence[str]:
        return self._told("pages").split()

    def _told(self, name: str) -> str:
        return (self._lab.home / name).read_text()

    def nothing_lost(self) -> None:
        """Every page came, and an answer to each ping until well after the change."""
        assert set(range(1, self._sure + 1)) - self._pinged() == set()
        assert set(self._pages()) == {"200"}


async def all_answer(lab: PacketLab, replicas: int) -> None:
    """So many of them answer the customers: each, once the load balancer has seen it, and nobody else."""
    front = lab.address("shop", "load-balancer-1")

    def answering() -> bool:
        answers = [lab.fetch("shop", f"http://{front}/whoami") for _ in range(12)]
        return len({json.loads(each)["instance"] for each in answers}) == replicas

    await eventually(answering, f"{replicas} replicas answer")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_firewall_moves_under_traffic(lab: PacketLab) -> None:
    here = lab.running("shop")["edge-firewall-1"]
    there = next(pop for pop in ("south", "west", "north") if pop != here)
    with Traffic(lab) as traffic:
        await (await lab.operate("Migrate", "shop", moves={"edge-firewall": there})).result()
    assert lab.running("shop")["edge-firewall-1"] == there
    traffic.nothing_lost()


@pytest.mark.asyncio(loop_scope="module")
async def test_replicas_come_and_go_under_traffic(lab: PacketLab) -> None:
    with Traffic(lab) as traffic:
        await (await lab.operate("Scale", "shop", component="web", instances=3)).result()
        await all_answer(lab, 3)
        await (await lab.operate("Scale", "shop", component="web", instances=2)).result()
    assert {"web-1", "web-2"} == {each for each in lab.running("shop") if each.startswith("web-")}
    traffic.nothing_lost()
    await all_answer(lab, 2)


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_a_replica_moves_under_traffic(lab: PacketLab) -> None:
    was = lab.running("shop")
    (free,) = {"north", "south", "west"} - {was["web-1"], was["web-2"]}
    with Traffic(lab) as traffic:
        await (await lab.operate("Migrate", "shop", moves={"web-1": free})).result()
    assert lab.running("shop")["web-1"] == free
    traffic.nothing_lost()
    await all_answer(lab, 2)


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_the_store_moves_with_what_it_keeps(lab: PacketLab) -> None:
    front = lab.address("shop", "load-balancer-1")
    for _ in range(3):
        before = json.loads(lab.fetch("shop", f"http://{front}/visits"))["visits"]
    was = lab.address("shop", "database-1")
    flavour = {"vcpus": 2, "memory": "4 GiB", "disk": "100 GiB"}
    await (await lab.operate("Scale", "shop", component="database", resources=flavour)).result()
    assert lab.address("shop", "database-1") == was
    assert json.loads(lab.fetch("shop", f"http://{front}/visits"))["visits"] == before + 1


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_a_killed_firewall_is_healed(lab: PacketLab) -> None:
    front = lab.address("shop", "load-balancer-1")
    assert lab.at("shop", "edge-firewall-1", "nft", "flush", "ruleset").returncode == 0
    await (await lab.operate("Heal", "shop")).result()
    assert lab.fetch("shop", f"http://{front}/healthz")
    await all_answer(lab, 2)


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_a_change_that_fails_leaves_the_shop_serving(lab: PacketLab) -> None:
    with Traffic(lab) as traffic:
        message = await failure(
            await lab.operate("Scale", "shop", component="edge-firewall", image="edge-firewal:9")
        )
    assert "edge-firewal" in message
    traffic.nothing_lost()


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_all_replicas_are_exchanged_at_once_under_traffic(lab: PacketLab) -> None:
    flavour = {"vcpus": 2, "memory": "1 GiB", "disk": "8 GiB"}
    before = {name for _, name, instance in lab.existing("shop") if instance.startswith("web-")}
    with Traffic(lab) as traffic:
        await (await lab.operate("Scale", "shop", component="web", resources=flavour)).result()
    assert before.isdisjoint(name for _, name, _ in lab.existing("shop"))
    traffic.nothing_lost()
    await all_answer(lab, 2)
