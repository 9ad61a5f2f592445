"""The source that scrapes the exporter: rates of counters, and all that an exposition may be instead."""

import math
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import InputError
from monitoring.metrics import Sample, Snapshot
from monitoring.sources.chain_samples import ChainFigures, ChainPath, derived
from monitoring.sources.direct import DirectSource
from monitoring.sources.opening import open_source
from monitoring.sources.port import MetricsSource
from monitoring.sources.prometheus import PrometheusSource
from monitoring.sources.readings import quantile
from tests.unit.metrics_world import Answering, Reply, exposed, in_turn, line, site

SHARED_S = 2.1
"""After it, another scrape is made for looks at all services."""
T = 1_700_000_000.0
AT = datetime(2026, 1, 1, tzinfo=UTC)

CPU = "interlace_instance_cpu_seconds_total"
RX = "interlace_instance_receive_bytes_total"
REQUESTS = "interlace_instance_requests_total"
BUCKET = "interlace_instance_request_duration_seconds_bucket"
SUM = "interlace_instance_request_duration_seconds_sum"


def snapshots(answer: Answering, number: int = 1) -> list[Snapshot]:
    with site(answer) as there:
        source = DirectSource(there.url, pause=lambda _: None)
        try:
            return [source.snapshot("shop", AT) for _ in range(number)]
        finally:
            source.close()


def values(snapshot: Snapshot, instance: str = "web-1") -> dict[str, float]:
    return {each.metric: each.value for each in snapshot.samples if each.labels.get("instance") == instance}


def two(*lines: tuple[str, object, object], seconds: float = 10.0, **more: str) -> Snapshot:
    """Of two scrapes, in which each line's value went from one to another."""
    first = exposed(T, *(line(name, before, **more) for name, before, _ in lines))
    second = exposed(T + seconds, *(line(name, after, **more) for name, _, after in lines))
    [found] = snapshots(in_turn(first, second))
    return found


def test_rates_are_increases_over_the_time_between_two_looks() -> None:
    found = two((CPU, 10, 15), (REQUESTS, 100, 350))
    assert values(found) == {"cpu": pytest.approx(0.25), "requests_per_s": pytest.approx(25)}
    assert found.gaps == ()
    [cpu] = [each for each in found.samples if each.metric == "cpu"]
    assert cpu.at == datetime.fromtimestamp(T + 10, UTC)
    assert cpu.labels["component"] == "web" and cpu.labels["pop"] == "north"


def prepared(*bodies: bytes | Reply) -> Snapshot:
    """Of a look that was prepared, after another look that had the first two bodies."""
    with site(in_turn(*bodies)) as there:
        source = DirectSource(there.url, pause=lambda _: None)
        source.snapshot("shop", AT)
        source.prepare("shop")
        found = source.snapshot("shop", AT)
        source.close()
    return found


def risen(seen: float) -> bytes:
    """4 requests a second of 0.01 s, and 120 more of 0.2 s from two seconds before the look at T + 25 on."""
    high = max(0.0, seen - (T + 23))
    slow, all_ = 120 * high, 4 * (seen - T) + 120 * high
    durations = (line(BUCKET, all_ - slow, le="0.1"), line(BUCKET, all_, le="+Inf"))
    took = line(SUM, 0.01 * (all_ - slow) + 0.2 * slow)
    return exposed(seen, line(REQUESTS, all_), line(CPU, all_ / 100), *durations, took)


def test_a_load_that_rises_two_seconds_before_a_look_is_seen_by_it() -> None:
    calm, last, before, look = (risen(T + seconds) for seconds in (0, 10, 22, 25))
    found = values(prepared(calm, last, before, look))
    assert found["requests_per_s"] == pytest.approx(4 + 120 * 2 / 3)
    assert found["cpu"] == pytest.approx((4 + 120 * 2 / 3) / 100 / 2)
    assert found["latency_ms"] > 180


def test_what_was_prepared_just_before_a_look_is_no_time_for_a_rate() -> None:
    calm, last, before, look = (risen(T + seconds) for seconds in (0, 10, 24.9, 25))
    assert values(prepared(calm, last, before, look))["requests_per_s"] == pytest.approx(4 + 120 * 2 / 15)


def test_what_an_instance_did_not_tell_when_it_was_prepared_counts_from_the_last_look() -> None:
    calm, last, look = (risen(T + seconds) for seconds in (0, 10, 25))
    silent = exposed(T + 22, line(CPU, 0.88))
    found = values(prepared(calm, last, silent, look))
    assert found["requests_per_s"] == pytest.approx(4 + 120 * 2 / 15)
    assert found["cpu"] == pytest.approx((4 + 120 * 2 / 3) / 100 / 2)


def test_a_counter_that_began_anew_after_it_was_prepared_shows_what_came_since() -> None:
    calm, last, before = (risen(T + seconds) for seconds in (0, 10, 22))
    found = prepared(calm, last, before, exposed(T + 25, line(REQUESTS, 30)))
    assert values(found)["requests_per_s"] == pytest.approx(10)


def test_what_could_not_be_prepared_leaves_the_rates_between_two_looks() -> None:
    calm, last, look = (risen(T + seconds) for seconds in (0, 10, 25))
    found = prepared(calm, last, (500, b"oops"), look)
    assert values(found)["requests_per_s"] == pytest.approx(4 + 120 * 2 / 15)
    assert found.gaps == ()


def test_a_first_look_that_was_prepared_has_rates() -> None:
    with site(in_turn(risen(T + 22), risen(T + 25))) as there:
        source = DirectSource(there.url, together=True, first_window_s=0)
        source.prepare("shop")
        found = source.snapshot("shop", AT)
        source.close()
    assert values(found)["requests_per_s"] == pytest.approx(4 + 120 * 2 / 3)


def test_a_look_neither_waits_for_one_that_is_prepared_nor_is_confused_by_it() -> None:
    asked, answered = threading.Event(), threading.Event()

    def answer(path: str, query: Mapping[str, str]) -> Reply:
        if not asked.is_set():
            asked.set()
            answered.wait(60)
            return 200, risen(T + 22)
        return 200, risen(T + 25) if answered.is_set() else risen(T + 10)

    with site(answer) as there:
        source = DirectSource(there.url, together=True, first_window_s=0)
        preparing = threading.Thread(target=source.prepare, args=("shop",))
        preparing.start()
        assert asked.wait(60)
        source.snapshot("shop", AT)
        answered.set()
        preparing.join()
        time.sleep(SHARED_S)
        found = source.snapshot("shop", AT)
        source.close()
    assert values(found)["requests_per_s"] == pytest.approx(4 + 120 * 2 / 15)


def test_connection_points_add_up() -> None:
    first = exposed(T, line(RX, 0, connection_point="a"), line(RX, 0, connection_point="b"))
    second = exposed(T + 8, line(RX, 1e6, connection_point="a"), line(RX, 2e6, connection_point="b"))
    [found] = snapshots(in_turn(first, second))
    assert values(found)["rx_mbps"] == pytest.approx(3.0)


def test_gauges_need_one_look_only() -> None:
    gauges = (
        line("interlace_instance_memory_bytes", 3 * 2**20),
        line("interlace_instance_connections", 7),
        line("interlace_instance_latency_seconds", 0.02),
        line("interlace_instance_cpu_usage_cores", 0.5),
    )
    [found] = snapshots(in_turn(exposed(T, *gauges)))
    expected = {"memory_mib": 3, "connections": 7, "latency_ms": 20, "cpu": 0.25}
    assert values(found) == pytest.approx(expected)


def test_a_counter_that_fell_began_anew() -> None:
    assert values(two((CPU, 1000, 4)))["cpu"] == pytest.approx(0.2)
    assert values(two((REQUESTS, 50, 0)))["requests_per_s"] == 0


def test_an_instance_that_is_new_has_no_rate_yet_and_that_is_told() -> None:
    other = {"instance": "web-2"}
    first = exposed(T, line(REQUESTS, 1))
    newer = exposed(T + 10, line(REQUESTS, 500, **other), **other)
    [found] = snapshots(in_turn(first, exposed(T + 10, line(REQUESTS, 11)) + newer))
    assert values(found)["requests_per_s"] == 1
    assert "requests_per_s" not in values(found, "web-2")
    assert "web-2: no rates yet, it has been seen once" in found.gaps


def test_an_instance_on_another_pop_is_another() -> None:
    moved = {"pop": "south"}
    [found] = snapshots(in_turn(exposed(T, line(CPU, 9)), exposed(T + 10, line(CPU, 50, **moved), **moved)))
    assert "cpu" not in values(found)


def test_a_metric_that_is_missing_is_missing_not_zero() -> None:
    assert set(values(two((CPU, 1, 2)))) == {"cpu"}


def test_nan_is_kept_as_what_it_is() -> None:
    assert math.isnan(values(two((CPU, 1, "NaN")))["cpu"])
    assert values(two((CPU, 1, "+Inf")))["cpu"] == math.inf


@pytest.mark.parametrize("seen", ["NaN", "1e300", "-1e300", "+Inf"])
def test_an_instance_that_was_seen_at_no_time_gives_nothing(seen: str) -> None:
    stamp = line("interlace_instance_observed_timestamp_seconds", seen)
    body = "\n".join((stamp, line("interlace_instance_memory_bytes", 1), "")).encode()
    [found] = snapshots(in_turn(body))
    assert found.samples == ()


def test_two_scrapes_of_the_same_look_keep_the_rates() -> None:
    first, second = exposed(T, line(CPU, 1)), exposed(T + 10, line(CPU, 3))
    found = snapshots(in_turn(first, second, second), 2)
    assert [values(each)["cpu"] for each in found] == [pytest.approx(0.1)] * 2


def test_clock_that_went_back_gives_no_rate() -> None:
    assert "cpu" not in values(two((CPU, 1, 3), seconds=-60))


def test_durations_give_the_mean_and_the_95th_percentile() -> None:
    bounds = [("0.1", 0, 80), ("0.5", 0, 100), ("+Inf", 0, 100)]
    first = exposed(T, *(line(BUCKET, a, le=le) for le, a, _ in bounds), line(SUM, 0))
    second = exposed(T + 10, *(line(BUCKET, b, le=le) for le, _, b in bounds), line(SUM, 12))
    [found] = snapshots(in_turn(first, second))
    assert values(found) == {"latency_ms": pytest.approx(120), "latency_p95_ms": pytest.approx(400)}
    [idle] = snapshots(in_turn(second, second.replace(str(T + 10).encode(), str(T + 20).encode())))
    assert values(idle) == {}


def test_a_quantile_beyond_the_last_bound_is_that_bound() -> None:
    assert quantile(0.95, [(0.1, 0.0), (math.inf, 10.0)]) == 0.1


def test_gaps_are_told_in_words() -> None:
    gap = line("interlace_scrape_gap_info", 1, reason="PoP north: the emulator says: gone")
    [found] = snapshots(in_turn(exposed(T, gap)))
    assert "web-1: PoP north: the emulator says: gone" in found.gaps


def test_what_a_function_reports_by_its_own_name_is_there() -> None:
    [found] = snapshots(in_turn(exposed(T, line("function_queue_depth", 4))))
    assert values(found)["function_queue_depth"] == 4


def test_measured_chains_come_before_derived_ones_and_both_are_there() -> None:
    def chain(kind: str, value: float) -> str:
        labels = f'service="shop",chain="buying",tenant="default",kind="{kind}"'
        return f"interlace_chain_latency_seconds{{{labels}}} {value}"

    [found] = snapshots(in_turn(exposed(T, chain("derived", 0.004), chain("measured", 0.005))))
    told = {each.metric: each.value for each in found.samples if each.labels.get("chain") == "buying"}
    names = ("chain_latency_ms", "measured_chain_latency_ms", "derived_chain_latency_ms")
    assert told == dict(zip(names, map(pytest.approx, (5, 5, 4)), strict=True))
    [only] = snapshots(in_turn(exposed(T, chain("derived", 0.004))))
    assert {each.metric for each in only.samples} == {"chain_latency_ms", "derived_chain_latency_ms"}


def test_derived_figures_follow_the_chain() -> None:
    path = ChainPath(chain="buying", stages=(("fw-1",), ("web-1", "web-2")), links_ms=4)
    figures = {
        "fw-1": {"rx_packets_per_s": 100, "drops_per_s": 10, "rx_mbps": 8},
        "web-1": {"latency_ms": 10, "requests_per_s": 30, "errors_per_s": 0, "rx_mbps": 2},
        "web-2": {"latency_ms": 50, "requests_per_s": 10, "errors_per_s": 10, "rx_mbps": 1},
    }
    found = derived(path, _samples(figures))
    expected = {"latency_ms": 24, "loss": 1 - 0.9 * 0.75, "mbps": 3}
    assert found.model_dump() == pytest.approx(expected)
    assert derived(path, []) == ChainFigures(latency_ms=4)


def _samples(figures: Mapping[str, Mapping[str, float]]) -> list[Sample]:
    return [
        Sample(metric=metric, labels={"instance": name}, at=AT, value=value)
        for name, known in figures.items()
        for metric, value in known.items()
    ]


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((404, b"no service 'shop' is ACTIVE\n"), "no service 'shop' is ACTIVE"),
        ((503, b"the database is locked"), "the database is locked"),
        ((200, b"<html>hello</html>"), "no exposition"),
        ((200, b'{"a": 1}'), "no exposition"),
        ((200, b'x{a="b"} one'), "no exposition"),
        ((200, b"\xff\xfe\x00 \x00"), "no exposition"),
        ((200, b"x" * 2**21), "no exposition: a line of more than 1048576 bytes"),
    ],
)
def test_an_answer_that_is_none_is_a_gap(reply: Reply, words: str) -> None:
    [found] = snapshots(in_turn(reply))
    assert found.samples == ()
    assert any(words in gap and "the exporter at http://127.0.0.1:" in gap for gap in found.gaps), found.gaps


def test_an_empty_exposition_is_a_gap() -> None:
    [found] = snapshots(in_turn(b""))
    assert found.gaps == ("shop: none of its instances was seen",)


def test_a_dead_exporter_is_a_gap_and_when_it_is_back_all_goes_on() -> None:
    good = exposed(T, line(CPU, 1))
    later = exposed(T + 10, line(CPU, 3))
    found = snapshots(in_turn(good, good, (500, b"oops"), later), 3)
    assert [bool(each.samples) for each in found] == [False, False, True]
    assert values(found[2])["cpu"] == pytest.approx(0.1)
    source = DirectSource("http://127.0.0.1:9")
    assert "no answer: " in source.snapshot("shop", AT).gaps[0]


def test_a_huge_answer_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.sources.direct._LARGEST", 2**20)
    began = time.monotonic()
    [found] = snapshots(in_turn(b"# x\n" * 2**21))
    assert "larger than 1 MiB" in found.gaps[0]
    assert time.monotonic() - began < 20


def test_history_is_what_it_was_asked_for() -> None:
    with site(in_turn(exposed(T, line(CPU, 1)))) as there:
        source = DirectSource(there.url, pause=lambda _: None)
        for seconds in (0, 15, 20, 30):
            source.snapshot("shop", AT + timedelta(seconds=seconds))
        found = source.history("shop", AT, AT + timedelta(seconds=30), 15)
        early = source.history("shop", AT - timedelta(hours=1), AT, 15)
        source.close()
    assert [(each.at - AT).total_seconds() for each in found] == [0, 15, 30]
    assert "knows nothing from before" in early[0].gaps[0]


def test_all_services_together_are_one_scrape() -> None:
    body = exposed(T, line(CPU, 1)) + exposed(T, line(CPU, 1, service="other"), service="other")
    with site(in_turn(body)) as there:
        source = DirectSource(there.url, together=True, first_window_s=0)
        found = [source.snapshot(name, AT) for name in ("shop", "other", "absent")]
        source.close()
        assert there.asked == [("/instances", {})]
    assert [len(each.gaps) for each in found] == [1, 1, 1]
    assert found[2].gaps == ("absent: none of its instances was seen",)


def test_what_fails_for_all_services_together_is_not_tried_for_each() -> None:
    with site(in_turn((500, b"oops"))) as there:
        source = DirectSource(there.url, together=True, first_window_s=0)
        found = [source.snapshot(name, AT) for name in ("shop", "other")]
        source.close()
        assert len(there.asked) == 1
    assert all("oops" in each.gaps[0] for each in found)


def test_urls_say_which_source_is_meant() -> None:
    opened: list[MetricsSource] = [
        open_source("http://127.0.0.1:9464"),
        open_source("prometheus+https://example.org/prometheus"),
    ]
    assert [type(each) for each in opened] == [DirectSource, PrometheusSource]
    for url in ("", "127.0.0.1:9464", "ftp://host", "http://", "prometheus+http://"):
        with pytest.raises(InputError, match=r"prometheus\+http://127.0.0.1:9090"):
            open_source(url)
