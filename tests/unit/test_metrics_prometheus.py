"""The source that asks a Prometheus: what it makes of its answers, and of what is none."""

import json
import math
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import InputError
from monitoring.metrics import Snapshot
from monitoring.sources.prometheus import PrometheusSource, authorization
from monitoring.sources.promql import query
from tests.unit.metrics_world import LABELS, Answering, Reply, hanging, in_turn, site

AT = datetime(2026, 1, 1, tzinfo=UTC)
SEEN = {**LABELS, "metric": "observed"}


def vector(*series: tuple[dict[str, str], object]) -> bytes:
    found = [{"metric": labels, "value": [AT.timestamp(), str(value)]} for labels, value in series]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": found}}).encode()


def snapshot(answer: Answering, **options: Any) -> Snapshot:
    with site(answer) as there:
        source = PrometheusSource(there.url, **options)
        try:
            return source.snapshot("shop", AT)
        finally:
            source.close()


def gap(answer: Answering) -> str:
    """The one gap of a snapshot without samples."""
    found = snapshot(answer)
    assert found.samples == ()
    [words] = found.gaps
    return words


def test_each_series_is_the_metric_that_it_says() -> None:
    seen = AT.timestamp() - 4
    answer = vector(
        (SEEN, seen),
        ({**LABELS, "metric": "cpu"}, 0.5),
        ({**LABELS, "metric": "custom", "__name__": "function_keys"}, 7),
        ({**LABELS, "metric": "gaps", "reason": "its own report: broken"}, 1),
    )
    found = snapshot(in_turn(answer))
    assert {each.metric: each.value for each in found.samples} == {"cpu": 0.5, "function_keys": 7}
    assert {each.at for each in found.samples} == {datetime.fromtimestamp(seen, UTC)}
    assert found.samples[0].labels == LABELS
    assert found.gaps == ("web-1: its own report: broken",)


def test_nan_stays_what_it_is() -> None:
    [sample] = snapshot(in_turn(vector((SEEN, 1), ({**LABELS, "metric": "cpu"}, "NaN")))).samples
    assert math.isnan(sample.value)


def test_a_measured_chain_comes_before_a_derived_one() -> None:
    def chain(kind: str) -> dict[str, str]:
        return {"metric": "chain_loss", "service": "shop", "chain": "buying", "kind": kind}

    found = snapshot(in_turn(vector((SEEN, 1), (chain("derived"), 0.2), (chain("measured"), 0.1))))
    told = {each.metric: each.value for each in found.samples}
    assert told == {"chain_loss": 0.1, "measured_chain_loss": 0.1, "derived_chain_loss": 0.2}


def test_nothing_of_a_service_is_a_gap_that_says_where_to_look() -> None:
    words = gap(in_turn(vector()))
    assert words.startswith("shop: Prometheus has nothing") and "honor_labels" in words


def test_prometheus_away_is_a_gap() -> None:
    source = PrometheusSource("http://127.0.0.1:9")
    assert "Prometheus at http://127.0.0.1:9: no answer: " in source.snapshot("shop", AT).gaps[0]
    [found] = source.history("shop", AT, AT + timedelta(hours=1), 60)
    assert found.samples == () and "no answer: " in found.gaps[0]


def test_a_silent_prometheus_is_a_gap_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.sources.prometheus._TIMEOUT_S", 0.2)
    assert "no answer: " in gap(hanging)


def test_a_refused_query_is_told_in_prometheus_own_words() -> None:
    said = {"status": "error", "errorType": "bad_data", "error": 'parse error: unexpected "}"'}
    assert gap(in_turn((400, json.dumps(said).encode()))).endswith('bad_data: parse error: unexpected "}"')


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ((401, b"Unauthorized"), "status 401, and no JSON object: Unauthorized"),
        ((200, b"<html><body>a login page</body></html>"), "no JSON object: <html>"),
        ((200, b"[" * 100_000), "no JSON object"),
        ((200, b"[]"), "no JSON object"),
        ((200, b"\xff\xfe"), "no JSON object"),
        ((200, b'{"status": "success"}'), "no vector"),
        ((200, b'{"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}}'), "no vector"),
        ((200, b'{"status": "success", "data": {"resultType": "vector", "result": {}}}'), "no vector"),
        ((200, b'{"status": "success", "data": {"resultType": "vector", "result": [7]}}'), "no vector"),
        (
            (200, b'{"status": "success", "data": {"resultType": "vector", "result": [{"metric": 1}]}}'),
            "no vector",
        ),
        ((200, vector((SEEN, "a lot"))), "no vector"),
    ],
)
def test_a_hostile_answer_is_a_gap(reply: Reply, words: str) -> None:
    assert words in gap(in_turn(reply))


def test_a_huge_answer_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.sources.prometheus._LARGEST", 2**20)
    assert "larger than 1 MiB" in gap(in_turn(b" " * 2**22))


def test_a_moment_of_overload_is_asked_again() -> None:
    good = vector((SEEN, 1), ({**LABELS, "metric": "cpu"}, 0.5))
    assert len(snapshot(in_turn((503, b"busy"), good)).samples) == 1
    assert "status 503, and no JSON object: busy" in gap(in_turn((503, b"busy")))


def test_a_seen_time_that_is_none_counts_as_now() -> None:
    [sample] = snapshot(in_turn(vector((SEEN, "1e300"), ({**LABELS, "metric": "cpu"}, 1)))).samples
    assert sample.at == AT


def test_history_has_a_snapshot_of_each_step() -> None:
    times = [AT.timestamp() + 60 * n for n in range(3)]
    series = [
        {"metric": SEEN, "values": [[t, str(t - 1)] for t in times]},
        {"metric": {**LABELS, "metric": "cpu"}, "values": [[times[1], "0.25"]]},
    ]
    body = {"status": "success", "data": {"resultType": "matrix", "result": series}}
    with site(in_turn(json.dumps(body).encode())) as there:
        source = PrometheusSource(there.url)
        found = source.history("shop", AT, AT + timedelta(minutes=2), 60)
        source.close()
        [(path, form)] = there.asked
    assert path == "/api/v1/query_range" and form["step"] == "60"
    assert [each.at.timestamp() for each in found] == times
    assert [[sample.value for sample in each.samples] for each in found] == [[], [0.25], []]


def test_many_services_together_are_one_query() -> None:
    both = [(each, 1) for each in (SEEN, {**SEEN, "service": "other"})]
    with site(in_turn(vector(*both))) as there:
        source = PrometheusSource(there.url, together=True)
        threads = [threading.Thread(target=source.snapshot, args=(name, AT)) for name in ("shop", "other")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        source.close()
        assert len(there.asked) == 1
        assert 'service="' not in there.asked[0][1]["query"]


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="INTERLACE_CREDENTIAL_OUR_PROM_TOKEN"):
        PrometheusSource("http://127.0.0.1:9", credential="our-prom")
    monkeypatch.setenv("INTERLACE_CREDENTIAL_OUR_PROM_USER", "reader")
    monkeypatch.setenv("INTERLACE_CREDENTIAL_OUR_PROM_PASSWORD", "geheim")
    assert authorization("our-prom") == {"Authorization": "Basic cmVhZGVyOmdlaGVpbQ=="}
    monkeypatch.setenv("INTERLACE_CREDENTIAL_OUR_PROM_TOKEN", "tok-123")
    with site(in_turn((403, b"forbidden"))) as there:
        source = PrometheusSource(there.url, credential="our-prom")
        [words] = source.snapshot("shop", AT).gaps
        source.close()
        assert there.headers[0]["Authorization"] == "Bearer tok-123"
    assert "tok-123" not in words and "geheim" not in words


def test_names_are_quoted_in_queries() -> None:
    assert 'service="a\\"b\\\\c\\n"' in query('a"b\\c\n', 60)
    assert "queue_depth" in query(None, 60, more=["queue_depth"])
