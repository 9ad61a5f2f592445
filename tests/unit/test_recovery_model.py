"""The recovery model's equations, by hand; and what it refuses."""

import math
from typing import Any

import pytest

from domain.errors import DocumentError
from reliability.model import centralised, distributed
from reliability.model.measures import (
    DESIGNS,
    Measures,
    Units,
    Weights,
    added_time_ratio,
    cost,
    measures,
    recovery_ratio,
    spread,
)
from reliability.model.parameters import Beat, Parameters, parameters
from reliability.model.ranges import outside

FOUR = Parameters(
    n=4,
    t_m=10.0,
    t_i=(1.0, 2.0, 3.0, 4.0),
    t_o=0.5,
    l_a=(0.1, 0.2, 0.3, 0.4),
    l_b=0.1,
    l_next=0.25,
    l_hb=0.2,
    h_r=2.0,
    t_h=1.5,
    s_z=100.0,
    p_a=(10.0, 20.0, 30.0, 40.0),
    p_b=50.0,
    p_c=1.0,
)


def but(**changes: Any) -> Parameters:
    return Parameters(**{**FOUR.model_dump(), **changes})


def test_equation_1() -> None:
    assert added_time_ratio(12.0, 10.0) == 1.2
    assert recovery_ratio(10.0, 5.0) == 1.5


def test_equation_2() -> None:
    assert centralised.completion(FOUR) == pytest.approx(10 + 5 * 0.5 + 1.0 + 4 * 0.1)


@pytest.mark.parametrize(
    ("s_p", "work"),
    [(1, 4.0 + 0.4 + 0.1 + 0.5), (2, 7.0 + 0.7 + 0.2 + 1.0), (4, 10.0 + 1.0 + 0.4 + 2.0)],
)
def test_equation_3_takes_the_most_of_s_p_tasks_in_a_row(s_p: int, work: float) -> None:
    assert centralised.lost(but(s_p=s_p)) == pytest.approx(0.2 + 1.5 + work)


def test_equation_3_as_printed_has_two_tasks_more() -> None:
    assert centralised.lost(but(printed=[3])) == pytest.approx(1.7 + 9.0 + 0.9 + 0.3 + 1.5)
    assert centralised.lost(but(printed=[3], s_p=2)) == pytest.approx(centralised.lost(but(s_p=4)))


def test_the_first_sharing_may_come_late() -> None:
    assert centralised.lost(but(s_o=3)) == pytest.approx(1.7 + 6.0 + 0.6 + 0.3 + 1.5)
    assert centralised.lost(but(s_o=3, shared="prepared")) == pytest.approx(1.7 + 6.0 + 0.6 + 0.3 + 2.0)


@pytest.mark.parametrize(
    ("s_p", "s_o", "count"), [(1, None, 4), (2, None, 2), (3, None, 1), (2, 1, 2), (1, 4, 1)]
)
def test_how_often_a_state_is_shared(s_p: int, s_o: int | None, count: int) -> None:
    assert centralised.sharings(but(s_p=s_p, s_o=s_o)) == count


def test_equation_4() -> None:
    t_c = centralised.completion(FOUR)
    assert centralised.reliability_bandwidth(FOUR) == pytest.approx(2 * 0.1 * 2 + 4 * 100 / t_c)
    assert centralised.reliability_bandwidth(but(printed=[4])) == pytest.approx(0.1 * 2 + 4 * 100 / t_c)
    three = but(orchestrators=3, replicas=2)
    beats = 6 * 0.1 * 2 + 4 * 2 * 3 * 0.1 * 2
    assert centralised.reliability_bandwidth(three) == pytest.approx(beats + 2 * 4 * 100 / t_c)
    assert centralised.microservice_beats(but(replicas=2, h_m=7.0)) == 7.0


def test_equations_5_and_9() -> None:
    assert centralised.operating_bandwidth(FOUR) == pytest.approx(300 / centralised.completion(FOUR))
    assert distributed.operating_bandwidth(FOUR) == pytest.approx(400 / 11)
    assert distributed.operating_bandwidth(but(p_next=(1.0, 2.0, 3.0, 5.0))) == pytest.approx(1.0)


def test_equations_6_to_8() -> None:
    assert distributed.completion(FOUR) == pytest.approx(11.0)
    assert distributed.lost(FOUR) == pytest.approx(0.2 + 1.5 + 4.0)
    assert distributed.reliability_bandwidth(FOUR) == pytest.approx(2 * 4 * 0.1 * 2 + (400 + 4) / 11)
    assert distributed.reliability_bandwidth(but(printed=[8])) == pytest.approx(0.8 + 404 / 11)


def test_each_microservice_may_beat_in_its_own_way() -> None:
    slow, quick = Beat(h_r=1.0, t_h=9.0, l_hb=0.1), Beat(h_r=10.0, t_h=0.3, l_hb=0.1)
    mixed = but(beats=(slow, quick, quick, quick))
    assert distributed.lost(mixed) == pytest.approx(0.1 + 9.0 + 1.0)
    assert distributed.heartbeat_bandwidth(mixed) == pytest.approx(2 * 0.1 * 31)


def test_processes() -> None:
    assert centralised.processes(FOUR) == 4 + 2 - 1
    assert distributed.processes(FOUR) == 2 * 4 - 1
    assert centralised.processes(but(replicas=2, orchestrators=3)) == 8 + 3 - 1


def test_equation_10() -> None:
    found = Measures(t_c=0, t_l=0, r_a=1.1, r_r=1.5, b_tot=200.0, q_r=11)
    assert cost(found, Weights(r_a=1, r_r=2, b_tot=3, q_r=4), Units(b_tot=1, q_r=1)) == pytest.approx(
        1.1 + 3 + 600 + 44
    )
    other = found.model_copy(update={"r_a": 1.2, "b_tot": 300.0, "q_r": 13})
    units = spread([found, other])
    assert (units.r_a, units.r_r, units.b_tot, units.q_r) == pytest.approx((0.1, 1.0, 100.0, 2.0))


def test_a_longest_task_takes_its_share() -> None:
    split = Parameters(n=5, t_m=100.0, longest=0.6).tasks
    assert split == pytest.approx((10.0, 10.0, 60.0, 10.0, 10.0))
    assert Parameters(n=1, t_m=50.0).tasks == (50.0,)


def test_the_defaults_are_within_the_papers_ranges() -> None:
    assert list(outside(Parameters())) == []
    found = list(outside(Parameters(n=20, s_z=9000.0, h_r=1.0, t_h=2.0)))
    assert [each.split()[0] for each in found] == ["n", "s_z", "t_h"]


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"n": 0}, "n", "greater than or equal to 1, not 0"),
        ({"n": -3}, "n", "greater than or equal to 1"),
        ({"t_h": 0.1}, "t_h", "at least that, better 1.5 s"),
        ({"s_p": 11}, "s_p", "at most n = 10"),
        ({"s_o": 11}, "s_o", "at most n = 10"),
        ({"s_z": -1}, "s_z", "greater than or equal to 0, not -1"),
        ({"h_r": 0}, "h_r", "greater than 0"),
        ({"h_r": math.nan}, "h_r", "finite"),
        ({"t_m": math.inf}, "t_m", "finite"),
        ({"t_o": "soon"}, "t_o", "valid number"),
        ({"orchestrators": 1}, "orchestrators", "greater than or equal to 2"),
        ({"t_i": [1, 2]}, "t_i", "2 values for n = 10 tasks"),
        ({"n": 2, "t_i": [1, 2]}, "t_i", "add up to 3 s, and t_m is 65 s"),
        ({"n": 4, "longest": 0.2}, "longest", "at least 1/4"),
        ({"printed": [5]}, "printed.0", "3, 4 or 8"),
        ({"speed": 1}, "speed", "no such parameter; there are n, t_m"),
        ({"n": 1, "beats": [{"h_r": 1, "t_h": 0.5, "l_hb": 0}]}, "beats.0.t_h", "at least that"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parameters(given)
    told = [each for each in caught.value.issues if each.path == field]
    assert told
    assert any(words in each.message for each in told)


def test_all_that_is_wrong_is_told() -> None:
    with pytest.raises(DocumentError) as caught:
        parameters({"t_h": 0.1, "s_p": 11, "p_a": [1.0]})
    assert [each.path for each in caught.value.issues] == ["s_p", "t_h", "p_a"]


def test_both_designs_are_measured() -> None:
    for design in DESIGNS:
        found = measures(FOUR, design)
        assert found.r_a == pytest.approx(found.t_c / 10)
        assert found.r_r == pytest.approx(1 + found.t_l / found.t_c)
