"""The closed forms against the simulation; and what the simulated designs promise."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reliability.model import centralised as central
from reliability.model.measures import DESIGNS, Design, measures
from reliability.model.parameters import Beat, Parameters
from reliability.simulation import centralised, distributed
from reliability.simulation.runs import Fault, Setting, requests
from reliability.simulation.worst import worst
from tests.unit.recovery_world import configurations

WITHIN = 1e-6
"""Seconds by which sums in another order may differ."""
SMALL = Parameters(n=5, t_m=12.0, h_r=1.0)


@settings(max_examples=20, deadline=None)
@given(z=configurations(), seed=st.integers(0, 1000), jitter=st.sampled_from([0.0, 0.5]))
@pytest.mark.parametrize("design", DESIGNS)
def test_the_form_is_never_below_the_simulated_worst(
    design: Design, z: Parameters, seed: int, jitter: float
) -> None:
    if z.time_out < z.h_i + jitter * z.l_hb:
        jitter = 0.0  # else the living are taken for dead: another test's matter
    form, found = measures(z, design), worst(z, design, seed, chances=2, jitter=jitter)
    assert found.t_c == pytest.approx(form.t_c, abs=WITHIN)
    assert found.t_r <= form.t_c + form.t_l + WITHIN


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("s_p", [1, 2, 3, 5])
@pytest.mark.parametrize("shared", ["answered", "prepared"])
def test_the_form_is_no_more_than_the_worst(design: Design, s_p: int, shared: str) -> None:
    z = Parameters.model_validate({**SMALL.model_dump(), "s_p": s_p, "shared": shared, "t_s": 0.1})
    assert worst(z, design).t_r - measures(z, design).t_c == pytest.approx(
        measures(z, design).t_l, abs=WITHIN
    )


@pytest.mark.parametrize("again", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("s_p", [1, 2, 3, 5])
def test_what_was_answered_is_found_again_in_a_share_of_its_time(s_p: int, again: float) -> None:
    tasks = (1.0, 4.0, 0.5, 3.0, 1.5)
    z = Parameters(n=5, t_m=sum(tasks), t_i=tasks, s_p=s_p, again=again)
    between = 0.15 + 2 * 0.105
    redone = [
        sum(again * task + between for task in tasks[max(0, j - s_p) : j - 1]) + tasks[j - 1] + between
        for j in range(1, 6)
    ]
    assert central.lost(z) == pytest.approx(0.105 + 1.5 + max(redone), abs=WITHIN)
    found = worst(z, "centralised")
    assert found.t_r - found.t_c <= central.lost(z) + WITHIN
    if s_p in (1, 5):  # else the costliest tasks in a row need not be between two sharings
        assert found.t_r - found.t_c == pytest.approx(central.lost(z), abs=WITHIN)


def test_equation_3_as_printed_is_two_tasks_too_long() -> None:
    printed = SMALL.model_copy(update={"printed": frozenset({3})})
    found = worst(SMALL, "centralised")
    two = 2 * (12.0 / 5 + 0.105 * 2 + 0.15)
    assert central.lost(printed) - (found.t_r - found.t_c) == pytest.approx(two, abs=WITHIN)


def test_equation_3_as_printed_is_too_short_where_the_first_sharing_is_late() -> None:
    late = Parameters(n=8, t_m=40.0, s_o=8, printed=frozenset({3}))
    found = worst(late, "centralised")
    assert found.t_r > central.completion(late) + central.lost(late) + 1


@pytest.mark.parametrize("count", [2, 3, 5])
def test_each_request_is_led_by_one_by_modulo(count: int) -> None:
    z = SMALL.model_copy(update={"orchestrators": count})
    asked = requests(200, seed=1, apart=0.01)
    run = centralised.simulate(z, asked)
    assert all(run.worked[each.uuid] == [each.uuid.int % count] for each in asked)
    shares = Counter(each.uuid.int % count for each in asked)
    assert len(shares) == count
    assert run.silences == 0


@pytest.mark.parametrize("count", [2, 3, 5])
def test_all_requests_of_the_dead_are_taken_over_once(count: int) -> None:
    z = SMALL.model_copy(update={"orchestrators": count})
    asked = requests(60, seed=2, apart=0.2)
    run = centralised.simulate(z, asked, [Fault(at=7.0, instance=0)])
    assert len(run.finished) == len(asked)
    assert run.silences == count - 1
    for each in asked:
        led = run.worked[each.uuid]
        assert len(led) == len(set(led)) <= 2
        assert led[-1] != 0 or run.finished[each.uuid] + each.at < 7.0


def test_two_deaths_one_after_the_other_lose_nothing() -> None:
    z = SMALL.model_copy(update={"orchestrators": 3})
    asked = requests(20, seed=3, apart=0.5)
    run = centralised.simulate(z, asked, [Fault(at=3.0, instance=0), Fault(at=9.0, instance=2)])
    assert len(run.finished) == len(asked)


def test_where_nobody_is_left_nothing_is_finished() -> None:
    run = centralised.simulate(
        SMALL, requests(3, seed=0), [Fault(at=3.0, instance=0), Fault(at=4.0, instance=1)]
    )
    assert run.finished == {}


@pytest.mark.parametrize("task", range(5))
def test_a_microservices_death_costs_no_more_than_an_orchestrators(task: int) -> None:
    z = SMALL.model_copy(update={"replicas": 2})
    [request] = asked = requests(1, seed=4)
    done = 0.15 + 0.105 + sum(z.tasks[: task + 1]) + task * (0.15 + 0.21)
    run = centralised.simulate(z, asked, [Fault(at=done - WITHIN, task=task)])
    lost = run.finished[request.uuid] - central.completion(z)
    assert lost == pytest.approx(0.105 + 3.0 + 0.105 + 12.0 / 5, abs=0.01)
    assert lost <= central.lost(z)


def test_bandwidth_is_what_was_sent() -> None:
    z = Parameters(n=6, t_m=30.0, s_p=2, orchestrators=3, replicas=2, h_r=2.0)
    [request] = asked = requests(1, seed=5)
    run = centralised.simulate(z, asked)
    t_c = run.finished[request.uuid]
    assert run.sent["shared"] == 2 * 3 * z.s_z
    assert run.sent["operating"] == pytest.approx(central.operating_bandwidth(z) * t_c)
    beats = run.sent["heartbeats"] + run.sent["heartbeats of microservices"]
    one_more_or_less = (6 + 6 * 2 * 3) * z.h_s
    assert beats == pytest.approx(central.heartbeat_bandwidth(z) * t_c, abs=one_more_or_less)


def test_bandwidth_of_the_distributed_design_is_what_was_sent() -> None:
    z = Parameters(n=6, t_m=30.0)
    [request] = asked = requests(1, seed=5)
    run = distributed.simulate(z, asked)
    form = measures(z, "distributed")
    assert run.finished[request.uuid] == pytest.approx(form.t_c)
    assert sum(run.sent.values()) == pytest.approx(form.b_tot * form.t_c, abs=2 * 6 * z.h_s)


def test_a_time_out_under_the_jitter_takes_the_living_for_dead() -> None:
    tight = Parameters(n=5, t_m=60.0, h_r=4.0, t_h=0.26, l_hb=0.2)
    [request] = asked = requests(1, seed=6)
    hasty = centralised.simulate(tight, asked, (), Setting(jitter=0.9))
    assert hasty.silences > 0
    assert len(hasty.worked[request.uuid]) > 1
    patient = tight.model_copy(update={"t_h": 0.75})
    assert centralised.simulate(patient, asked, (), Setting(jitter=0.9)).silences == 0


def test_microservices_of_the_distributed_design_may_beat_in_their_own_ways() -> None:
    beats = tuple(Beat(h_r=1.0 + task, t_h=4.0 / (1 + task), l_hb=0.05) for task in range(5))
    z = SMALL.model_copy(update={"beats": beats})
    found = worst(z, "distributed")
    assert found.t_r - found.t_c == pytest.approx(0.05 + 4.0 + 12.0 / 5, abs=WITHIN)
    assert found.fault.task == 0


def test_the_same_seed_is_the_same_run() -> None:
    asked = requests(5, seed=7, apart=1.0)
    one, other = (
        centralised.simulate(SMALL, asked, [Fault(at=6.0)], Setting(seed=8, jitter=0.5, beat_at_death=False))
        for _ in range(2)
    )
    assert one == other


@pytest.mark.parametrize("design", DESIGNS)
def test_no_moment_is_worse_than_those_that_are_tried(design: Design) -> None:
    z = Parameters(n=5, t_m=10.0, t_i=(1.0, 4.0, 0.5, 3.0, 1.5), s_p=2, h_r=1.0)
    simulate = centralised.simulate if design == "centralised" else distributed.simulate
    tasks: list[int | None] = [None] if design == "centralised" else [*range(z.n)]
    [request] = asked = requests(1, seed=9)
    limit = worst(z, design, seed=9).t_r
    moments = [number * 0.1 for number in range(round(limit * 10))]
    faults = [Fault(at, task, instance) for at in moments for task in tasks for instance in (0, 1)]
    assert max(simulate(z, asked, [each]).finished[request.uuid] for each in faults) <= limit + WITHIN
