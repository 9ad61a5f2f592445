"""Expressions: what they mean, what they come to, and what is wrong with them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.expressions import Count, ExpressionError, Figure, Number, Operation, figures, parse
from monitoring.evaluating import Gauges
from monitoring.freshness import fresh
from monitoring.metrics import Sample, Snapshot
from monitoring.readings import Reading
from tests.unit.policy_world import START, sample


def test_what_is_read() -> None:
    assert parse("sum(requests_per_s) / instances") == Operation(
        "/", Figure("requests_per_s", "sum"), Count()
    )
    assert parse(" 2 ") == Number(2.0)
    assert parse("cpu") == parse("avg( cpu )") == parse("(cpu)")
    assert parse('p95("load-balancer".cpu, "2 min")') == Figure("cpu", "p95", "load-balancer", None, 120.0)
    assert parse('chain("shopping").loss') == Figure("chain_loss", chain="shopping")
    assert parse("web.instances") == Count("web")
    assert parse("avg(cpu,\n  '60 s')") == Figure("cpu", window_s=60.0)
    assert [each.metric for each in figures(parse("-max(cpu, 2 * (rx_mbps + tx_mbps), 3)"))] == [
        "cpu",
        "rx_mbps",
        "tx_mbps",
    ]


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("", 1, "nothing stands here"),
        ("   ", 4, "nothing stands here"),
        ("avg(cpu))", 9, "unmatched ')'"),
        ("  cpu cpu", 7, "this cannot stand here"),
        ("cpu ** 2", 1, "no such operation: there are + - * /"),
        ("1e999 * cpu", 1, "too large a number"),
        ("cpu # now", 5, "'#' has no place"),
        ("cpu ü 2", 5, "'ü' has no place"),
        ("cpu\x00", 4, "'\\x00' has no place"),
        ("avg(instances)", 5, "instances is one number: write it without avg()"),
        ("avg(avg(cpu))", 5, "no metric: write its name"),
        ("avg(cpu, cpu)", 10, 'avg takes one metric and perhaps a time such as "60 s"'),
        ("sum(cpu, '1 m')", 10, "'1 m': the unit 'm' is ambiguous"),
        ("avg()", 1, "avg takes a metric"),
        ("avg(of=cpu)", 1, "avg takes a metric"),
        ("chain(shopping).loss", 1, "a chain is named in quotes"),
        ("__import__('os').system('true')", 1, "no metric"),
        ("[cpu for cpu in ()]", 1, "no metric"),
        ("-" * 60 + "cpu", 32, "nested deeper than 30 levels"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, at: int, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert caught.value.at == at
    assert f"at character {at}: {message}" in str(caught.value)


@given(st.text(alphabet=st.characters(max_codepoint=0x2FF), max_size=500))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        assert 1 <= error.at <= len(text) + 1


@given(
    st.recursive(
        st.sampled_from(["cpu", "1", "instances"]), lambda inner: st.builds("({}-{})".format, inner, inner)
    )
)
def test_nested_arithmetic_is_read_or_refused_by_its_depth(text: str) -> None:
    try:
        parse(text)
    except ExpressionError as error:
        assert "nested" in str(error)


SNAPSHOT = Snapshot(
    at=START,
    samples=(
        sample("cpu", 0.2, START, "web-1"),
        sample("cpu", 0.4, START, "web-2"),
        sample("cpu", 0.9, START, "web-3"),
        sample("requests_per_s", 0.0, START, "web-1"),
        sample("cpu", 0.5, START, "load-balancer-1", "load-balancer"),
        sample("queue", 7.0, START, "").model_copy(update={"labels": {"component": "web"}}),
        Sample(metric="chain_latency_ms", labels={"chain": "shopping"}, at=START, value=12.5),
    ),
)


def value(text: str) -> Reading:
    instances = {"web": 3, "load-balancer": 1}
    return Gauges(fresh(SNAPSHOT, 15), instances, START.timestamp(), 15, {}).read(text, "web")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cpu", 0.5),
        ("sum(cpu)", 1.5),
        ("min(cpu)", 0.2),
        ("max(cpu)", 0.9),
        ("p50(cpu)", 0.4),
        ("p90(cpu)", 0.8),
        ("instances", 3),
        ("sum(cpu) / instances * 2 - 1", 0),
        ('max(cpu, "load-balancer".cpu, 0.1)', 0.5),
        ("min(0.1, cpu)", 0.1),
        ('"load-balancer".instances + 1', 2),
        ('chain("shopping").latency_ms', 12.5),
        ("queue", 7),
        ('avg(cpu, "15 s")', 0.5),
    ],
)
def test_what_it_comes_to(text: str, wanted: float) -> None:
    found = value(text)
    assert found.value is not None
    assert math.isclose(found.value, wanted, abs_tol=1e-9)
    assert found.doubts == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("cpu / 0", "division by zero"),
        ("cpu / (1 - 1)", "division by zero"),
        ("memory_mib", "nobody reports web.memory_mib"),
        ("cpu + memory_mib", "nobody reports web.memory_mib"),
        ("store.instances", "how many instances store has is not known"),
        ('avg(cpu, "60 s")', "cpu is not known for 60 s yet"),
        ("1e308 * 1e308 * cpu", "the result is no number"),
        ("avg(", "'avg(': at character 4"),
    ],
)
def test_no_value_has_its_reason(text: str, why: str) -> None:
    found = value(text)
    assert found.value is None
    assert why in found.why


def test_what_is_missing_of_a_value_is_told() -> None:
    found = value("avg(requests_per_s)")
    assert (found.value, found.why) == (0.0, "1 of 3 instances report web.requests_per_s")
