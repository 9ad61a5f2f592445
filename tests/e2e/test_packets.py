"""Services on the emulator: real processes, real packets, steered, shaped, blocked, counted, and removed."""

import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from adaptors.machine.abilities import examine
from adaptors.vim.emulator.keeper import Keeper
from domain.networking import Connection
from domain.phases import ServiceState
from tests.e2e.packets import PacketLab, emulated
from tests.workflows.lab import dev_server, eventually, failure
from workers.plugin import connect

EXAMPLES = Path(__file__).parents[2] / "examples"
ABILITIES, _ = examine(Path("/tmp"))

# What fails by a function or by a probe does so alike on every datapath.
on_one_datapath = pytest.mark.parametrize("lab", ABILITIES.datapaths[:1], indirect=True)
# An nftables switch is in the kernel: it has no process to kill.
on_switches_of_processes = pytest.mark.parametrize(
    "lab", [each for each in ABILITIES.datapaths if each == "ovs"], indirect=True
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not ABILITIES.datapaths, reason=f"no emulator here: {ABILITIES.why}"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client() -> AsyncIterator[Client]:
    async with dev_server() as environment:
        yield await connect(environment.client.service_client.config.target_host)


@pytest_asyncio.fixture(loop_scope="module", params=ABILITIES.datapaths)
async def lab(client: Client, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[PacketLab]:
    """Emulated PoPs with one of the datapaths that this machine allows; nothing of them may be left."""
    lab = PacketLab(client, tmp_path, emulated(request.param))
    for example in ("secure-shop.yaml", "data-centre.yaml"):
        lab.onboard((EXAMPLES / example).read_text())
    try:
        async with lab.workers():
            yield lab
            await lab.end_all()
    finally:
        lab.clean()
        lab.catalogue.close()
    assert lab.left() == []


def connection(lab: PacketLab, service: str) -> Connection:
    found = lab.catalogue.services.get(service).connection
    assert found
    return found


@pytest.mark.asyncio(loop_scope="module")
async def test_the_shop_serves_pages_through_its_chain_and_leaves_no_trace(lab: PacketLab) -> None:
    await (await lab.start("shop", "secure-shop")).result()
    assert lab.catalogue.services.get("shop").state is ServiceState.ACTIVE
    front = lab.address("shop", "load-balancer-1")

    assert "<html" in lab.fetch("shop", f"http://{front}/")
    names = {json.loads(lab.fetch("shop", f"http://{front}/whoami"))["instance"] for _ in range(12)}
    assert len(names) == 2, "both replicas answer"
    counts = [json.loads(lab.fetch("shop", f"http://{front}/visits"))["visits"] for _ in range(3)]
    assert counts == [counts[0], counts[0] + 1, counts[0] + 2], "over the link to the database"

    made = connection(lab, "shop")
    assert made.dataplane in ("ovs", "nft")
    assert {probe.chain for probe in made.probes} >= {"shopping"}
    for probe in made.probes:
        assert probe.measured_rtt_ms is not None
        assert probe.measured_rtt_ms >= 0.95 * probe.planned_rtt_ms, "no packet outruns its link"

    await (await lab.start_terminate("shop")).result()
    assert lab.state() == lab.before
    assert lab.left() == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_firewall_blocks_what_its_rules_do_not_allow(lab: PacketLab) -> None:
    await (await lab.start("shop", "secure-shop")).result()
    front = lab.address("shop", "load-balancer-1")
    serve = "exec python3 -m http.server 2222 >/dev/null 2>&1"
    answers = f"curl -s -o /dev/null http://{front}:2222/"
    lab.at("shop", "load-balancer-1", "sh", "-c", f"({serve}) & until {answers}; do sleep 0.1; done")
    assert lab.at("shop", "load-balancer-1", "curl", "-s", f"http://{front}:2222/").returncode == 0
    assert lab.fetch("shop", f"http://{front}/healthz")
    assert lab.at("shop", "customers", "curl", "-s", "-m", "2", f"http://{front}:2222/").returncode == 28
    assert lab.at("shop", "web-1", "ping", "-c1", "-W1", front).returncode != 0, "no link joins them"


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_five_functions_of_the_paper_pass_pages_drop_attacks_and_count(lab: PacketLab) -> None:
    await (await lab.start("dc", "data-centre")).result()
    front = lab.address("dc", "branch-optimizer-1")
    status = ("-o", "/dev/null", "-w", "%{http_code}")

    assert "<html" in lab.fetch("dc", f"http://{front}/", place="branch")
    attack = f"http://{front}/item?id=1%27%20OR%201=1"
    assert lab.fetch("dc", attack, *status, place="branch") == "403"
    assert lab.fetch("dc", f"http://{front}/item?id=1", *status, place="branch") == "200"

    before = json.dumps(lab.report("dc", "monitor-1"), sort_keys=True)
    inspected = lab.address("dc", "application-firewall-1")
    sent = 400
    pings = lab.at(
        "dc", "centre-optimizer-1", "ping", "-q", "-c", str(sent), "-i", "0.002", "-s", "700", inspected
    )
    assert f"{sent} received" in pings.stdout, pings.stdout
    after = lab.report("dc", "monitor-1")
    grown = {
        bucket: count - json.loads(before)["sizes"].get(bucket, 0)
        for bucket, count in dict(after["sizes"]).items()  # type: ignore[call-overload]
    }
    assert 2 * sent in grown.values(), f"each ping of 728 bytes and its answer: {grown}"


@pytest.mark.asyncio(loop_scope="module")
async def test_two_services_with_the_same_addresses_never_meet(lab: PacketLab) -> None:
    for service in ("one", "two"):
        await (await lab.start(service, "secure-shop")).result()
    assert lab.address("one", "load-balancer-1") == lab.address("two", "load-balancer-1")
    front = lab.address("one", "load-balancer-1")
    for service in ("one", "two"):
        answers = [json.loads(lab.fetch(service, f"http://{front}/whoami")) for _ in range(6)]
        assert {answer["service"] for answer in answers} == {service}
    await (await lab.start_terminate("one")).result()
    assert json.loads(lab.fetch("two", f"http://{front}/whoami"))["service"] == "two"


@on_switches_of_processes
@pytest.mark.asyncio(loop_scope="module")
async def test_a_killed_switch_comes_back_with_its_flows(lab: PacketLab) -> None:
    await (await lab.start("shop", "secure-shop")).result()
    front = lab.address("shop", "load-balancer-1")
    processes = lab.switch_processes("north")
    assert processes
    for process in processes:
        process.signal(signal.SIGKILL)
    assert lab.fetch("shop", f"http://{front}/healthz") == ""
    Keeper(lab.home).look()
    assert await eventually(lambda: lab.fetch("shop", f"http://{front}/healthz"), "the shop answers again")


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_a_chain_that_its_own_firewall_cuts_is_never_called_active(lab: PacketLab) -> None:
    text = (EXAMPLES / "secure-shop.yaml").read_text()
    cut = text.replace('allow: "tcp/80, icmp"', 'allow: "tcp/443"').replace("1.0.0", "1.0.1", 1)
    lab.onboard(cut)
    words = await failure(await lab.start("shop", "secure-shop", version="1.0.1"))
    assert "chain shopping" in words and "edge-firewall-1" in words and "tcp/80" in words
    assert lab.state() == lab.before
    assert lab.left() == []


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_an_image_that_nobody_has_fails_in_words_and_is_undone(lab: PacketLab) -> None:
    text = (EXAMPLES / "secure-shop.yaml").read_text()
    lab.onboard(text.replace("load-balancer:1.0", "load-balanser:1.0").replace("1.0.0", "1.0.2", 1))
    words = await failure(await lab.start("shop", "secure-shop", version="1.0.2"))
    assert "load-balanser" in words and "load-balancer" in words
    assert lab.state() == lab.before
    assert lab.left() == []


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_a_function_that_dies_is_told_with_its_place_and_its_last_words(lab: PacketLab) -> None:
    directory = lab.home / "functions" / "dying"
    directory.mkdir(parents=True)
    (directory / "function.yaml").write_text(
        "api_version: interlace/v1\nkind: Function\nname: dying\nversion: '1.0'\ndescription: Dies.\n"
        "forwarding: terminating\nhooks:\n  start: [sh, -c, 'echo my last words; exit 3']\n"
    )
    text = (EXAMPLES / "secure-shop.yaml").read_text()
    lab.onboard(text.replace("store:1.0", "dying:1.0").replace("1.0.0", "1.0.3", 1))
    words = await failure(await lab.start("shop", "secure-shop", version="1.0.3"))
    for told in ("PoP south", "shop-database-1", "exit code 3", "my last words"):
        assert told in words, words
    assert lab.state() == lab.before


@on_one_datapath
@pytest.mark.asyncio(loop_scope="module")
async def test_a_function_that_never_gets_ready_fails_the_service_once_and_in_its_words(
    lab: PacketLab,
) -> None:
    directory = lab.home / "functions" / "cold"
    directory.mkdir(parents=True)
    (directory / "function.yaml").write_text(
        "api_version: interlace/v1\nkind: Function\nname: cold\nversion: '1.0'\ndescription: Stays cold.\n"
        "forwarding: terminating\nhooks:\n  ready: [sh, -c, 'echo still warming up; exit 1']\n"
    )
    text = (EXAMPLES / "secure-shop.yaml").read_text()
    check = "    health_check: {type: tcp, port: 5432}\n"
    assert check in text
    lab.onboard(text.replace("store:1.0", "cold:1.0").replace(check, "").replace("1.0.0", "1.0.4", 1))
    words = await failure(await lab.start("shop", "secure-shop", version="1.0.4"))
    assert "still warming up" in words and "is not ready within 30 s" in words, words
    assert lab.state() == lab.before
