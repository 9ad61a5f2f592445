"""An emulated service under load, the exporter, and a real Prometheus that scrapes it."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from adaptors.machine.abilities import examine
from monitoring.metrics import Snapshot
from monitoring.sources.direct import DirectSource
from monitoring.sources.port import MetricsSource
from monitoring.sources.prometheus import PrometheusSource
from tests.e2e.packets import PacketLab, emulated
from tests.e2e.prometheus import Prometheus, binary, prometheus
from tests.workflows.lab import dev_server, eventually
from workers.exporter.server import exporting
from workers.plugin import connect
from workers.settings import Settings

ROOT = Path(__file__).parents[2]
ABILITIES, _ = examine(Path("/tmp"))

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not ABILITIES.datapaths, reason=f"no emulator here: {ABILITIES.why}"),
    pytest.mark.skipif(binary() is None, reason="no Prometheus here: scripts/prometheus.sh gets one"),
]

RATES = ("rx_mbps", "tx_mbps", "rx_packets_per_s", "tx_packets_per_s", "requests_per_s")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with dev_server() as environment:
        yield await connect(environment.client.service_client.config.target_host)


@pytest_asyncio.fixture(loop_scope="module")
async def lab(client: Client, tmp_path: Path) -> AsyncIterator[PacketLab]:
    lab = PacketLab(client, tmp_path, emulated())
    lab.onboard((ROOT / "examples" / "secure-shop.yaml").read_text())
    try:
        async with lab.workers():
            yield lab
            await lab.end_all()
    finally:
        lab.clean()
        lab.catalogue.close()


@contextmanager
def load(lab: PacketLab, per_second: int) -> Iterator[None]:
    """Requests at a steady rate from where the customers are."""
    front = lab.address("shop", "load-balancer-1")
    vim = lab.pops.networked(lab.entry("shop", "customers").pop)
    asking = f"while :; do curl -s -o /dev/null http://{front}/ & sleep {1 / per_second}; done"
    words = vim.command(lab.entry("shop", "customers").resource_name, ["bash", "-c", asking])
    process = subprocess.Popen(list(words))
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def snapshot(source: MetricsSource, service: str = "shop") -> Snapshot:
    return source.snapshot(service, datetime.now(UTC))


def figures(found: Snapshot) -> dict[tuple[str, str], float]:
    return {(e.labels["instance"], e.metric): e.value for e in found.samples if "instance" in e.labels}


def chain(found: Snapshot) -> dict[str, float]:
    return {each.metric: each.value for each in found.samples if each.labels.get("chain") == "shopping"}


def dashboard_queries() -> list[str]:
    """Of every panel, with its variables filled in."""
    board = json.loads((ROOT / "deploy/grafana/dashboards/interlace.json").read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    filled = (text.replace("$__rate_interval", "10s") for text in found)
    return [text.replace("$service", ".*").replace("$component", ".*") for text in filled]


def empty_panels(there: Prometheus) -> list[str]:
    """Of those that a service which works well fills."""
    others = ("gap_info", "vim_call", "activity", "in_phase")
    filled = [query for query in dashboard_queries() if not any(each in query for each in others)]
    return [query for query in filled if series(there, query) == 0]


def series(there: Prometheus, query: str) -> int:
    answer = there.answer("/api/v1/query", query=query)
    assert answer["status"] == "success", (query, answer)
    return len(answer["data"]["result"])


@pytest.mark.asyncio(loop_scope="module")
async def test_prometheus_and_the_direct_source_tell_the_same(lab: PacketLab, tmp_path: Path) -> None:
    await (await lab.start("shop", "secure-shop")).result()
    settings = Settings(home=lab.home, catalogue_url="")
    where = exporting(
        lab.catalogue, settings, "127.0.0.1:0", 3.0, lab.client.service_client.config.target_host
    )
    directory = tmp_path / "prometheus"
    directory.mkdir()
    with where as exporter, prometheus(exporter, directory) as there, load(lab, 4):
        asked = PrometheusSource(there.url, window_s=30)
        direct = DirectSource(f"http://{exporter}", first_window_s=0)
        await asyncio.to_thread(snapshot, direct)
        await eventually(lambda: len(there.targets()) == 2, "both targets are found")
        await asyncio.sleep(32)
        one = await asyncio.to_thread(snapshot, direct)
        other = await asyncio.to_thread(snapshot, asked)

        assert {target["health"] for target in there.targets()} == {"up"}
        assert one.gaps == other.gaps == ()
        compare(figures(one), figures(other))
        assert figures(other)["load-balancer-1", "requests_per_s"] == pytest.approx(4, rel=0.5)
        assert figures(other)["web-1", "latency_p95_ms"] > 0

        for told in (chain(one), chain(other)):
            assert told["chain_latency_ms"] == told["measured_chain_latency_ms"] >= 0.9 * 2
            assert told["derived_chain_latency_ms"] > 0
            assert told["chain_loss"] < 0.5

        await eventually(lambda: empty_panels(there) == [], "each panel shows something")

        past = asked.history("shop", other.at - timedelta(seconds=20), other.at, 5)
        assert len(past) >= 3 and any(("web-1", "cpu") in figures(each) for each in past)

        words = asked._fetcher.post("/api/v1/query", {"query": "sum("})
        assert words.status == 400
    gone = snapshot(asked)
    assert gone.samples == () and "no answer: " in gone.gaps[0]


def compare(one: dict[tuple[str, str], float], other: dict[tuple[str, str], float]) -> None:
    """The same instances and metrics, and rates that agree: the windows are not the same to the second."""
    assert {key for key in one if key[1] != "latency_ms"} <= set(other)
    for key, value in one.items():
        if key[1] in RATES and value > 0.5:
            assert other[key] == pytest.approx(value, rel=0.5), key
        if key[1] == "memory_mib":
            assert other[key] == pytest.approx(value, rel=0.2, abs=2), key


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_killed_is_told_and_what_is_scaled_appears(lab: PacketLab) -> None:
    await (await lab.start("shop", "secure-shop")).result()
    settings = Settings(home=lab.home, catalogue_url="")
    with exporting(lab.catalogue, settings, "127.0.0.1:0", 0) as exporter:
        source = DirectSource(f"http://{exporter}")
        before = await asyncio.to_thread(snapshot, source)
        assert ("web-2", "cpu") in figures(before)
        lab.at("shop", "web-2", "sh", "-c", "kill -9 $(pgrep -f serve.py -u root --ns $$ --nslist net)")
        await asyncio.sleep(1.5)
        after = await asyncio.to_thread(snapshot, source)
        assert any(gap.startswith("web-2: ") for gap in after.gaps), after.gaps
        assert ("web-1", "cpu") in figures(after)
