"""The exporter over HTTP: a real server, a real catalogue; PoPs as they are, or fakes that fail."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from activities.pops import Pops
from adaptors.vim.modelled.instances import insert
from adaptors.vim.modelled.world import World
from adaptors.vim.port import Observation, PortCounters
from catalogue.store import Catalogue
from domain.errors import InputError, VimRefusedError, VimUnavailableError
from domain.instances import InstanceSpec
from domain.names import OperationKind
from domain.phases import OperationState
from domain.watching import LOOKED, Alarm, AlarmKind, Decision, Severity
from tests.unit.cli_world import active, begin, catalogue_at
from workers.exporter.reports import reported
from workers.exporter.server import exporting
from workers.settings import Settings
from workers.telemetry import address

NOBODY = "127.0.0.1:9"
"""Where no Temporal is."""

Series = dict[str, list[tuple[dict[str, str], float]]]


class Exporter:
    """Serves in this process, and is asked over HTTP."""

    def __init__(self, store: Catalogue, home: Path, stack: ExitStack) -> None:
        settings = Settings(home=home, catalogue_url="")
        where = stack.enter_context(exporting(store, settings, "127.0.0.1:0", 0, NOBODY))
        self.where = where
        self.client = stack.enter_context(httpx.Client(base_url=f"http://{where}", timeout=30))

    def series(self, path: str, **headers: str) -> Series:
        answer = self.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        found: Series = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                found.setdefault(sample.name, []).append((sample.labels, sample.value))
        return found

    def reasons(self, path: str = "/instances", **headers: str) -> list[str]:
        gaps = self.series(path, **headers).get("interlace_scrape_gap_info", [])
        return [labels["reason"] for labels, _ in gaps if labels["instance"] == "web-1"]


Made = Callable[[Catalogue], Exporter]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Made]:
    with ExitStack() as stack:
        yield lambda store: Exporter(store, tmp_path, stack)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Catalogue]:
    found = catalogue_at(tmp_path)
    yield found
    found.close()


PORT = (
    *("create", "read", "list", "delete", "capacity", "configure", "ailment", "traits", "switch"),
    *("routes", "ready", "drain", "export_state", "import_state", "log", "command"),
)


class FakeVim:
    """An emulated PoP whose instances are as a test says."""

    def __init__(
        self, observe: Callable[[str], Observation], ailment: Callable[[str], str | None] | None = None
    ) -> None:
        for name in PORT:
            setattr(self, name, self._unused)
        self.observe = observe
        if ailment:
            self.ailment = ailment

    def _unused(self, *_: Any) -> Any:
        raise AssertionError("nobody asks for this")


def emulated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    observe: Callable[[str], Observation],
    ailment: Callable[[str], str | None] | None = None,
) -> Catalogue:
    """A service whose one instance is observed like this."""
    store = catalogue_at(tmp_path, "emulator")
    active(store)
    monkeypatch.setattr(Pops, "vim", lambda self, pop: FakeVim(observe, ailment))
    return store


HEALTHY = Observation(
    healthy=True,
    detail="ok",
    cpu_s=12.5,
    memory_mib=20,
    ports={"http": PortCounters(rx_packets=3, rx_bytes=300, tx_packets=2, tx_bytes=200, rx_dropped=1)},
    connections=4,
    function={"requests": 7, "errors": 1, "queue": 9, "words": "many", "dropped": {"packets": 5}},
)


def test_interlace_itself_is_told_from_the_catalogue(store: Catalogue, make: Made) -> None:
    active(store)
    store.operations.finish("op-1", 1, OperationState.COMPLETED)
    begin(store, "other", "op-2")
    found = make(store).series("/metrics")
    ended = {"kind": "Instantiate", "outcome": "completed"}
    assert (ended, 1) in found["interlace_operations_total"]
    assert ({**ended, "le": "1.0"}, 1) in found["interlace_operation_duration_seconds_bucket"]
    assert found["interlace_operations_running"] == [({"kind": "Instantiate"}, 1)]
    assert ({"state": "ACTIVE", "tenant": "default"}, 1) in found["interlace_services"]
    assert ({"state": "INSTANTIATING", "tenant": "default"}, 1) in found["interlace_services"]
    assert found["interlace_placement_gap_ratio"][0][0]["service"] == "shop"
    assert found["interlace_pop_capacity_vcpus"] == [({"pop": "north"}, 4)]
    assert found["interlace_temporal_up"] == [({}, 0)]


def test_alarms_and_what_policies_decided_are_counted(store: Catalogue, make: Made) -> None:
    active(store)
    now = datetime.now(UTC)
    for subject in ("web-1", "web-2"):
        ill = {"kind": AlarmKind.ILL, "severity": Severity.MAJOR, "words": "no answer"}
        store.alarms.raise_(Alarm(service="shop", subject=subject, **ill), now)
    decided = {"policy": "web-healing", "component": "web", "kind": OperationKind.HEAL, "what": "web-1"}
    for outcome in ("under way", "done"):
        ended = {"reason": "no answer", "decided_at": now, "outcome": outcome}
        store.decisions.note(
            Decision.model_validate({"decision_id": "1", "service": "shop", **decided, **ended})
        )
    exporter = make(store)
    found = exporter.series("/metrics")
    labels = {"service": "shop", "kind": "ill", "severity": "major"}
    assert found["interlace_alarms_active"] == [(labels, 2)]
    assert found["interlace_policy_decisions_total"] == [({"kind": "Heal", "outcome": "done"}, 1)]
    store.alarms.reconcile("shop", (), LOOKED, now)
    store.decisions.forget("shop")
    found = exporter.series("/metrics")
    assert "interlace_alarms_active" not in found
    assert found["interlace_policy_decisions_total"] == [({"kind": "Heal", "outcome": "done"}, 1)]


def test_a_modelled_instance_is_up_and_what_is_not_measured_is_told(store: Catalogue, make: Made) -> None:
    active(store)
    exporter = make(store)
    assert exporter.series("/instances")["interlace_instance_up"][0][1] == 0
    assert "not healthy: it is not there" in exporter.reasons()
    model(store)
    time.sleep(1.1)  # a look a moment ago would still do
    found = exporter.series("/instances")
    labels = {"service": "shop", "component": "web", "instance": "web-1", "pop": "north", "tenant": "default"}
    assert found["interlace_instance_up"] == [(labels, 1)]
    assert found["interlace_instance_vcpus"] == [(labels, 1)]
    assert "interlace_instance_memory_bytes" not in found
    assert "a modelled VIM measures nothing of its instances" in exporter.reasons()


def model(store: Catalogue) -> None:
    """What the catalogue says that runs, runs in the modelled world too."""
    deployment = store.services.deployment("shop")
    assert deployment is not None
    home = Path(store.overview._database.url.database or "").parent
    for each in deployment.instances:
        tags = {"service": "shop", "component": each.component, "instance": each.name}
        spec = InstanceSpec(
            name=each.resource,
            pop=each.pop,
            image=each.image,
            resources=each.resources,
            kind="microservice",
            tags={**tags, "operation": "op-1", "tenant": "default"},
        )
        with World(home).writing() as connection:
            insert(connection, spec, 0)


def test_what_is_observed_is_exposed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made) -> None:
    found = make(emulated(tmp_path, monkeypatch, lambda _: HEALTHY)).series("/instances?service=shop")
    one = {name: values[0][1] for name, values in found.items()}
    expected = {
        "interlace_instance_cpu_seconds_total": 12.5,
        "interlace_instance_memory_bytes": 20 * 2**20,
        "interlace_instance_receive_bytes_total": 300,
        "interlace_instance_transmit_packets_total": 2,
        "interlace_instance_receive_drops_total": 1,
        "interlace_instance_connections": 4,
        "interlace_instance_requests_total": 7,
        "interlace_instance_request_errors_total": 1,
        "interlace_instance_refused_packets_total": 5,
        "function_queue": 9,
    }
    assert {name: one.get(name) for name in expected} == expected
    assert "function_words" not in one


def test_processor_time_never_falls_a_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made
) -> None:
    readings = iter((100.0, 99.5, 3.0))
    monkeypatch.setattr("workers.exporter.looking._FRESH_S", 0.0)

    def observe(name: str) -> Observation:
        return HEALTHY.model_copy(update={"cpu_s": next(readings) if "web-1" in name else 0.0})

    exporter = make(emulated(tmp_path, monkeypatch, observe))
    name = "interlace_instance_cpu_seconds_total"
    assert [exporter.series("/instances")[name][0][1] for _ in range(3)] == [100, 100, 3]


def test_an_instance_that_vanished_is_down_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made
) -> None:
    exporter = make(emulated(tmp_path, monkeypatch, raising(REFUSED), lambda _: "is not there"))
    found = exporter.series("/instances")
    assert found["interlace_instance_up"][0][1] == 0
    assert "interlace_instance_cpu_seconds_total" not in found
    assert exporter.reasons() == ["not healthy: is not there"]


def test_one_that_is_well_but_cannot_be_observed_is_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made
) -> None:
    exporter = make(emulated(tmp_path, monkeypatch, raising(REFUSED), lambda _: None))
    assert exporter.series("/instances")["interlace_instance_up"][0][1] == 1
    assert exporter.reasons() == [str(REFUSED)]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (VimUnavailableError("PoP north: the emulator says: no route"), "no route"),
        (ZeroDivisionError("a fault of ours"), "ZeroDivisionError: a fault of ours"),
    ],
)
def test_of_one_that_nobody_could_look_at_nobody_says_that_it_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made, error: Exception, words: str
) -> None:
    exporter = make(emulated(tmp_path, monkeypatch, raising(error)))
    found = exporter.series("/instances")
    assert "interlace_instance_up" not in found
    assert "interlace_instance_observed_timestamp_seconds" in found
    assert any(words in reason for reason in exporter.reasons())


def test_a_vim_that_refuses_to_tell_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made
) -> None:
    exporter = make(emulated(tmp_path, monkeypatch, raising(REFUSED), raising(REFUSED)))
    assert "interlace_instance_up" not in exporter.series("/instances")


REFUSED = VimRefusedError("PoP north: the emulator says: there is none of this name")


def raising(error: Exception) -> Callable[[str], Any]:
    def ask(_: str) -> Any:
        raise error

    return ask


def test_what_hangs_is_told_in_time_and_not_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made
) -> None:
    asked: list[str] = []
    release = threading.Event()

    def hang(name: str) -> Observation:
        asked.append(name)
        release.wait(60)
        return HEALTHY

    monkeypatch.setattr("workers.exporter.looking._FRESH_S", 0.0)
    exporter = make(emulated(tmp_path, monkeypatch, hang))
    impatient = {"X-Prometheus-Scrape-Timeout-Seconds": "1"}
    began = time.monotonic()
    assert exporter.reasons(**impatient) == exporter.reasons(**impatient) == ["no answer within 0.5 s"]
    assert "interlace_instance_up" not in exporter.series("/instances", **impatient)
    assert time.monotonic() - began < 30
    assert len(asked) == len(set(asked)) == 2, "web-1 and the endpoint, once each"
    release.set()


def test_two_scrapes_at_the_same_moment_look_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Made
) -> None:
    asked: list[str] = []

    def slow(name: str) -> Observation:
        asked.append(name)
        time.sleep(0.3)
        return HEALTHY

    exporter = make(emulated(tmp_path, monkeypatch, slow))
    threads = [threading.Thread(target=exporter.series, args=("/instances",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == len(set(asked)) == 2, "web-1 and the endpoint, once each"


def test_discovery_names_each_service_and_the_asker_sees_our_address(store: Catalogue, make: Made) -> None:
    active(store)
    exporter = make(store)
    groups = json.loads(exporter.client.get("/sd").text)
    assert all(set(group) == {"targets", "labels"} for group in groups)
    assert {tuple(group["targets"]) for group in groups} == {(exporter.where,)}
    [shop] = [group["labels"] for group in groups if group["labels"].get("service")]
    assert shop["__metrics_path__"] == "/instances" and shop["__param_service"] == "shop"
    assert exporter.client.get("/sd").headers["Content-Type"].startswith("application/json")


def test_wrong_requests_are_refused_in_words(store: Catalogue, make: Made) -> None:
    exporter = make(store)
    assert exporter.client.get("/instances?service=nobody").text == "no service 'nobody' is ACTIVE\n"
    assert exporter.client.get("/instances?service=nobody").status_code == 404
    assert exporter.client.get("/etc/passwd").status_code == 404
    assert exporter.client.post("/metrics").status_code == 405
    assert "/instances" in exporter.client.get("/").text


def test_a_taken_or_senseless_address_is_refused(store: Catalogue, tmp_path: Path, make: Made) -> None:
    taken = make(store).where
    settings = Settings(home=tmp_path, catalogue_url="")
    with pytest.raises(InputError, match="nobody can listen there"), exporting(store, settings, taken, 0):
        pass
    for text in ("", "9464", ":9464", "host:", "host:99999", "host:x"):
        with pytest.raises(InputError, match=r"like 127\.0\.0\.1:9464"):
            address(text, "--listen")
    assert address("[::1]:0", "--listen") == ("::1", 0)


@pytest.mark.parametrize(
    "report",
    [
        {"requests": True, "errors": "3", "latency_ms": [1], "durations_s": 7, "dropped": None},
        {"requests": -1, "responses": {"200": "x"}, "latency_ms": {"mean": float("nan")}},
        {"requests": 10**400, "durations_s": {"sum": 1, "buckets": {"x": 1}}},
        {"durations_s": {"sum": 1, "buckets": {"0.1": 5, "+Inf": 2}}},
        {"durations_s": {"sum": 1, "buckets": {"0.1": 5}}},
    ],
)
def test_a_report_may_hold_anything(report: Mapping[str, Any]) -> None:
    found = reported(report)
    assert found.requests is None or found.requests == 0
    assert (found.durations, found.latency_ms, found.refused_packets) == (None, None, None)


def test_reports_are_understood_in_each_functions_words() -> None:
    web = reported({"responses": {"200": 5, "404": 2, "503": 1}})
    assert (web.requests, web.errors) == (8, 1)
    proxy = reported({"requests": 9, "upstream_failures": 2})
    assert (proxy.requests, proxy.errors) == (9, 2)
    buckets = {"10.0": 9, "0.5": 4, "+Inf": 9}
    timed = reported({"durations_s": {"sum": 3.5, "buckets": buckets}})
    assert timed.durations == ((("0.5", 4), ("10.0", 9), ("+Inf", 9)), 3.5)
