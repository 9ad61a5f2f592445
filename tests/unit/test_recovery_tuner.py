"""The tuner: the cheapest of all, what its answer means, and what binds where nothing reaches the target."""

import json
import time
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from domain.errors import InputError
from interfaces.cli.main import app
from reliability.model.measures import Units, Weights, cost, measures
from reliability.model.parameters import Parameters
from reliability.simulation.worst import worst
from reliability.tuner.search import INTERVALS_S, Asked, Limits, tune


def said(*words: object) -> Result:
    return CliRunner().invoke(app, ["reliability", "tune", *map(str, words)])


def answer(*words: object) -> Any:
    return json.loads(said(*words, "--json").stdout)


def asked(recovery: float | None, weights: Weights | None = None, **changes: Any) -> Asked:
    z = Parameters(**changes)
    return Asked(z=z, fixed=frozenset(changes), limits=Limits(r_r=recovery), weights=weights or Weights())


@settings(max_examples=25, deadline=None)
@given(
    target=st.floats(1.05, 2.0),
    n=st.integers(2, 12),
    t_m=st.floats(10, 120),
    weights=st.builds(Weights, r_a=st.just(1.0), r_r=st.floats(0, 5), b_tot=st.floats(0, 5)),
)
def test_nothing_cheaper_reaches_the_target(target: float, n: int, t_m: float, weights: Weights) -> None:
    found = tune(asked(target, weights, n=n, t_m=t_m))
    assume(found.reached)
    best = found.best
    assert best.measures == measures(best.z, "centralised")
    assert best.measures.r_r <= target
    for s_p in range(1, n + 1):
        for h_i in INTERVALS_S:
            t_h = max(3 * h_i, h_i + 1.0) + max(0.6, 2 * h_i) + 0.1
            other = {"h_r": 1 / h_i, "t_h": t_h, "s_p": s_p, "h_m": 0.1 / h_i, "replicas": 2}
            by_hand = measures(Parameters.model_validate({"n": n, "t_m": t_m, **other}), "centralised")
            assert by_hand.r_r > target or cost(by_hand, weights, Units()) >= best.cost - 1e-9


def test_the_answer_recovers_in_the_simulation_as_it_says() -> None:
    answered = tune(asked(1.35, n=5, t_m=20.0))
    best = answered.best
    assert answered.reached
    found = worst(best.z, "centralised")
    assert found.t_r / found.t_c == pytest.approx(best.measures.r_r)
    assert found.t_r / found.t_c <= 1.35


def test_knobs_add_up_to_the_models_time_out() -> None:
    found = tune(asked(1.2))
    knobs = found.knobs
    noticing = knobs.heartbeat_timeout_s + knobs.sticky_timeout_s + knobs.retry_first_pause_s
    assert noticing == pytest.approx(found.best.z.time_out)
    assert knobs.heartbeat_timeout_s == pytest.approx(knobs.heartbeat_interval_s + 1.0)
    slow = tune(asked(None, h_r=0.1)).knobs
    assert (slow.heartbeat_timeout_s, slow.sticky_timeout_s) == (30.0, 20.0)
    assert knobs.workers_per_queue == 2
    assert tune(asked(1.2, replicas=4)).knobs.workers_per_queue == 4


def test_a_looser_target_is_not_dearer() -> None:
    weights = Weights(r_a=0, r_r=0, b_tot=1, q_r=0)
    costs = [tune(asked(target, weights)).best.cost for target in (1.15, 1.3, 1.6, 3.0)]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > costs[-1]


def test_what_is_set_is_kept() -> None:
    found = tune(asked(None, s_p=4, h_r=0.5))
    assert (found.best.z.s_p, found.best.z.h_r, found.tried) == (4, 0.5, 1)


def test_the_longest_task_binds() -> None:
    found = tune(asked(1.2, longest=0.6))
    assert not found.reached
    [binding] = found.binding
    assert binding.what == "r_r"
    assert "cut that task" in binding.why
    assert found.best.z.s_p == 1


def test_checkpoints_that_are_set_too_far_apart_bind() -> None:
    [binding] = tune(asked(1.2, s_p=5)).binding
    assert "5 tasks between two checkpoints" in binding.why
    assert "share more often" in binding.why


def test_heartbeats_that_are_set_too_seldom_bind() -> None:
    [binding] = tune(asked(1.2, h_r=0.1)).binding
    assert "beat more often" in binding.why


def test_limits_that_shut_each_other_out_are_both_named() -> None:
    done = answer("--recovery-ratio", 1.15, "--bandwidth", 60)
    assert not done["reached"]
    assert [each["what"] for each in done["binding"]] == ["r_r", "b_tot"]


@pytest.mark.parametrize(
    ("option", "limit", "what"),
    [("--added-time", 1.001, "r_a"), ("--processes", 3, "q_r"), ("--bandwidth", 1, "b_tot")],
)
def test_a_limit_that_nothing_keeps_is_named(option: str, limit: float, what: str) -> None:
    done = said(option, limit, "--json")
    assert done.exit_code == 1
    assert [each["what"] for each in json.loads(done.stdout)["binding"]] == [what]


def test_people_read_the_knobs() -> None:
    done = said("--recovery-ratio", 1.2)
    assert done.exit_code == 0
    assert "heartbeat time-out" in done.stdout
    assert "the cheapest of 260" in done.stdout
    done = said("--recovery-ratio", 1.01)
    assert done.exit_code == 1
    assert "binds:     the recovery ratio R_r: 1.127 is the least there is" in done.stdout


def test_greek_names_mean_the_same() -> None:
    latin, greek = (answer("--weights", each) for each in ("r_a=1,b_tot=2", "alpha=1,gamma=2"))
    assert latin == greek


def test_many_tasks_are_searched_in_time() -> None:
    """On the processor; `tune` is to take 2 s, and a bound that noise reaches tells nothing."""
    began = time.process_time()
    found = tune(asked(1.2, n=1000, t_m=10_000.0, t_o=0.01, l_a=0.01, l_b=0.01))
    assert time.process_time() - began < 20
    assert found.reached


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--recovery-ratio", "0.9"), "--recovery-ratio 0.9: should be greater than 1"),
        (("--bandwidth", "-1"), "--bandwidth -1: should be greater than 0"),
        (("--recovery-ratio", "nan"), "--recovery-ratio nan"),
        (("--weights", "speed=1"), "of r_a, r_r, b_tot, q_r"),
        (("--weights", "r_a"), "NAME=NUMBER"),
        (("--weights", "r_a=0"), "at least one above 0"),
        (("--weights", "r_a=-1"), "r_a: should be greater than or equal to 0"),
        (("--weights", "r_a=much"), "valid number"),
        (("--weights", "r_a=1,alpha=2"), "r_a is said twice"),
        (("--set", "t_h=2"), "t_h: tune works that out"),
        (("--set", "n=0"), "n: input should be"),
    ],
)
def test_what_cannot_be_is_refused(words: tuple[str, ...], told: str) -> None:
    done = said(*words)
    assert isinstance(done.exception, InputError)
    assert told in str(done.exception)
