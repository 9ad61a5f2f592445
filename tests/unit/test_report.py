"""The report of a service over time: what it draws, what it tells, and that it is safe and in one piece."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.policies import Policies
from domain.watching import AlarmKind, Severity
from interfaces.report.curves import Curves, Wanted, counted
from interfaces.report.marks import HEALED, IN, MOVED, OUT, Band, bands, sort_of
from interfaces.report.page import page
from interfaces.report.scales import WIDTH, Times, Values, lasting, said
from interfaces.report.story import Chart, Note
from interfaces.report.telling import Subject, charts
from monitoring.healing import Health
from monitoring.metrics import Sample, Snapshot
from tests.unit.report_world import (
    ALARMS,
    DECISIONS,
    LOOKS,
    START,
    alarm,
    decision,
    load,
    moment,
    replicas,
    snapshots,
    story,
)
from tests.unit.test_picture_page import Reader


def found() -> dict[str, Chart]:
    return {each.title: each for each in story().charts}


def test_it_loads_nothing() -> None:
    text = page(story())
    read = Reader(text)
    loading = {"src", "href", "srcset", "action", "data", "poster", "xlink:href"}
    assert not [each for each in read.elements if loading & set(each[1])]
    assert not {tag for tag, _ in read.elements} & {"link", "iframe", "object", "embed", "img", "base"}
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    [policy] = read.all("meta", "http-equiv", "Content-Security-Policy")
    assert (policy["content"] or "").startswith("default-src 'none';")
    assert text.isascii()


@pytest.mark.parametrize("medium", ["@media (prefers-color-scheme: dark)", "@media print"])
def test_it_has_colours_for_the_night_and_for_paper(medium: str) -> None:
    assert medium in page(story())


def test_names_end_no_element() -> None:
    wicked = "</script><script>alert(1)</script>"
    told = story(
        service=wicked,
        notes=(Note(at=START, text=wicked),),
        decisions=(decision(1, 3, wicked, reason=wicked, told=wicked, policy=wicked),),
        gaps=((wicked, 1),),
    )
    assert wicked not in page(told)
    assert [tag for tag, _ in Reader(page(told)).elements].count("script") == 2


def test_load_and_instances_are_those_of_each_look() -> None:
    whole = [number for number in range(LOOKS) if number * 2 != 30]
    web, balancer = found()["Load"].curves
    assert [web.name, balancer.name] == ["web", "load-balancer"]  # those with policies first; no endpoint
    assert web.values == pytest.approx([load(2.0 * number) for number in whole])
    [instances, _] = found()["Instances"].curves
    assert instances.steps
    assert instances.values == tuple(float(replicas(2.0 * number)) for number in whole)


def test_what_was_not_had_is_a_gap_and_no_zero() -> None:
    for chart in story().charts:
        for curve in chart.curves:
            assert curve.points[15] == (moment(30).timestamp(), None)
    drawn = re.findall(r'class="curve hue0" d="([^"]+)"', page(story(decisions=(), alarms=())))
    assert drawn and all(path.count("M") == 2 for path in drawn if len(path) > 20)
    assert "the exporter does not answer: timed out" in page(story())


def test_an_instance_that_is_gone_is_not_counted_by_its_last_rates() -> None:
    """Prometheus has these for a while."""

    def sample(instance: str, metric: str) -> Sample:
        labels = {"component": "web", "instance": instance}
        return Sample(metric=metric, labels=labels, at=START, value=1)

    rates = tuple(sample(name, "requests_per_s") for name in ("web-1", "web-2"))
    assert counted(Snapshot(at=START, samples=rates), {"web"}) == {}
    there = (*rates, sample("web-1", "memory_mib"))
    assert counted(Snapshot(at=START, samples=there), {"web"}) == {"web": 1}
    health = {name: Health(component="web", well=False) for name in ("web-1", "web-3")}
    assert counted(Snapshot(at=START, samples=there, health=health), {"web"}) == {"web": 2}


def test_a_policys_value_stands_in_the_chart_of_what_it_goes_by() -> None:
    """Else in one of its own."""
    assert list(found()) == ["Load", "Instances", "Latency", "Processor", "web-target"]
    assert [each.words for each in found()["Processor"].levels] == [
        "web-threshold: out above 80",
        "web-threshold: in below 20",
    ]
    assert [(each.value, each.words) for each in found()["Latency"].levels] == [
        (20, "web-migration: leaves above 20")
    ]
    assert [(each.value, each.words) for each in found()["web-target"].levels] == [
        (20, "web-target: target 20")
    ]
    assert [each.value for each in found()["Instances"].levels] == [1, 4]
    assert found()["Load"].levels == ()


def test_a_forecasts_load_is_held_against_what_the_instances_carry() -> None:
    given = {"component": "web", "kind": "predicted", "metric": "sum(requests_per_s)", "per_instance": 20}
    subject = Subject("shop", "default", ("web",), Policies.model_validate({"scaling": [given]}), {})
    [own] = [each for each in charts(subject, snapshots(), 30.0) if each.title == "web-predicted"]
    carried = next(each for each in own.curves if each.faint)
    assert carried.steps and set(carried.values) == {20.0, 60.0}


def test_the_same_expression_is_known_however_it_is_written() -> None:
    curves = Curves((), 15.0, {"web"}, ())
    assert curves.same(Wanted("cpu", "web"), Wanted("avg( web.cpu )", "store"))
    assert curves.same(Wanted('chain("a").latency_ms', "web"), Wanted('chain("a").latency_ms', ""))
    assert not curves.same(Wanted("cpu", "web"), Wanted("cpu", "store"))
    assert not curves.same(Wanted("sum(cpu)", "web"), Wanted("cpu", "web"))


def test_a_policy_without_any_value_is_shown_to_have_had_none() -> None:
    given = {"component": "web", "metric": "orders", "scale_out_above": 8, "scale_in_below": 2}
    subject = Subject("shop", "default", ("web",), Policies.model_validate({"scaling": [given]}), {})
    looked = charts(subject, snapshots(), 30.0)
    assert looked[-1].title == "web-threshold" and not looked[-1].curves[0].values
    assert ">no value</output>" in page(story(charts=looked))


def test_each_decision_is_drawn_and_told_with_its_end() -> None:
    text = page(story())
    assert [sort_of(each) for each in DECISIONS] == [OUT, IN, HEALED, MOVED]
    for each in DECISIONS:
        assert text.count(f'datetime="{each.decided_at.isoformat()}"') == 1
        assert f">{each.what}</td>" in text
    assert text.count('class="under-way move failed"') == len(story().charts)
    assert "no other PoP has &lt;room&gt; &amp; board" in text
    assert ">failed</span>" in text and text.count(">done</span>") == 3
    assert "customers ask for 55 pages a second" in text


def test_what_is_under_way_goes_on_to_the_end() -> None:
    open_ = decision(1, 60, "web: 1 to 2 instances", outcome="under way", ended_at=None)
    text = page(story(decisions=(open_,)))
    drawn = re.findall(r'class="under-way out" x="([\d.]+)" y="0" width="([\d.]+)"', text)
    assert drawn and all(float(x) + float(width) == pytest.approx(WIDTH, abs=0.2) for x, width in drawn)


def test_where_alarms_meet_the_worst_counts() -> None:
    times = Times(moment(0).timestamp(), moment(100).timestamp())
    minor = alarm(AlarmKind.THRESHOLD, "a", 10, 40, Severity.MINOR)
    major = alarm(AlarmKind.ILL, "b", 20, 30, Severity.MAJOR)
    beyond = alarm(AlarmKind.ILL, "c", 95, None, Severity.CRITICAL)
    assert bands((minor, major, beyond), times) == (
        Band(100, 200, Severity.MINOR),
        Band(200, 300, Severity.MAJOR),
        Band(300, 400, Severity.MINOR),
        Band(950, 1000, Severity.CRITICAL),
    )


def test_an_alarm_is_told_with_how_long_it_was_active() -> None:
    text = page(story())
    assert ">8.0 s</td>" in text and ">15 s, still active</td>" in text
    assert text.count('class="alarm ') == len(ALARMS)


def test_a_service_of_which_nothing_is_known_has_a_report_that_says_so() -> None:
    text = page(story(charts=(), decisions=(), alarms=(), notes=(), gaps=()))
    assert "Nothing was measured in this time." in text
    assert "The policies began nothing in this time." in text
    assert "No alarm was active in this time." in text


@example([5e-324], False)
@given(st.lists(st.floats(-1e9, 1e9), max_size=20), st.booleans())
def test_any_values_are_within_their_scale(values: list[float], whole: bool) -> None:
    scale = Values.holding(values, whole)
    ticks = [value for value, _ in scale.ticks()]
    assert 2 <= len(ticks) <= 9
    assert all(one < other for one, other in pairwise(ticks))
    room = 1e-6 * (scale.high - scale.low)
    assert all(scale.low - room <= value <= scale.high + room for value in [*values, 0.0])


@given(st.floats(1, 1e9), st.floats(0.5, 3e8))
def test_any_time_has_some_round_moments(start: float, span: float) -> None:
    times = Times(start, start + span)
    ticks = times.ticks()
    assert len(ticks) <= 11
    assert all(start <= at <= start + span for at, _ in ticks)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(4.04, "4.0 s"), (59, "59 s"), (90, "1 min 30 s"), (7200, "2 h"), (200_000, "2 d 7 h")],
)
def test_times_are_short(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


@pytest.mark.parametrize(
    ("value", "words"), [(0, "0"), (12345.6, "12,346"), (10.0, "10"), (0.25, "0.25"), (0.00123, "0.00123")]
)
def test_numbers_are_short(value: float, words: str) -> None:
    assert said(value) == words
