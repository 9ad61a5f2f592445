"""The figures, the conclusions held against them, and the commands that show both."""

import csv
import json
import time
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from domain.errors import DocumentError, InputError
from interfaces.cli.main import app
from interfaces.cli.recovering import configuration, reproduced
from interfaces.picture.charts import drawing
from reliability.figures.claims import Claim, Verdict
from reliability.figures.curves import Curve, Figure
from reliability.model.measures import Units, measures
from reliability.model.parameters import Parameters


def said(*words: object) -> Result:
    return CliRunner().invoke(app, ["reliability", *map(str, words)])


def answer(*words: object) -> Any:
    done = said(*words, "--json")
    assert done.exit_code == 0, done.exception
    return json.loads(done.stdout)


@cache
def claims(*values: str) -> Mapping[str, Claim]:
    return {each.says: each for each in reproduced(configuration(values), Units()).claims}


def claim(words: str, *values: str) -> Claim:
    [found] = [each for says, each in claims(*values).items() if words in says]
    return found


def test_the_figures_are_drawn_and_written(tmp_path: Path) -> None:
    began = time.perf_counter()
    done = answer("figures", "-o", tmp_path / "made" / "here")
    assert time.perf_counter() - began < 60
    assert [Path(each).name for each in done["files"]] == [
        f"fig{number}.{suffix}" for number in (6, 7, 8) for suffix in ("csv", "svg")
    ]
    for each in map(Path, done["files"]):
        if each.suffix == ".svg":
            texts = [part.text for part in ET.parse(each).iter() if part.tag.endswith("text")]
            assert any("centralised" in (text or "") for text in texts)


def test_figure_6_is_the_model_over_the_heartbeat_rate(tmp_path: Path) -> None:
    said("figures", "-o", tmp_path)
    head, *rows = csv.reader((tmp_path / "fig6.csv").open())
    assert len(head) == 7
    [row] = [row for row in rows if row[0] == "1"]
    by_hand = measures(Parameters(h_r=1.0, t_h=5.0), "centralised").r_r
    assert float(row[head.index("R_r, centralised, t_h = 5 h_i")]) == pytest.approx(by_hand, abs=1e-6)


def test_figure_7_has_the_papers_order(tmp_path: Path) -> None:
    said("figures", "-o", tmp_path)
    _, *rows = csv.reader((tmp_path / "fig7.csv").open())
    assert [int(row[0]) for row in rows] == list(range(3, 21))
    for row in rows:
        three, two, one, twins = map(float, row[1:5])
        assert three > two > one
        assert twins == pytest.approx(one, abs=0.01)
    assert all(float(a[5]) < float(b[5]) for a, b in pairwise(rows))


def test_figure_8_marks_the_cheapest() -> None:
    drawn = reproduced(Parameters(), Units()).figures[2]
    assert [each.marked[0] for each in drawn.curves if each.marked] == [6, 6, 20, 20, 3, 3]


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("falls with a rising heartbeat rate", Verdict.HOLDS),
        ("fall is logarithmic", Verdict.FAILS),
        ("gain in R_r diminishes", Verdict.HOLDS),
        ("does not improve any more", Verdict.FAILS),
        ("does not depend on t_h", Verdict.HOLDS),
        ("minimal part of B_tot", Verdict.ONLY_IF),
        ("significantly higher", Verdict.ONLY_IF),
        ("does not depend on s_p", Verdict.ONLY_IF),
        ("sharing more often", Verdict.HOLDS),
        ("R_r falls with a rising n", Verdict.HOLDS),
        ("R_a rises with a rising n", Verdict.ONLY_IF),
        ("almost similar", Verdict.ONLY_IF),
        ("between 5 and 8", Verdict.ONLY_IF),
        ("R_r alone counts", Verdict.HOLDS),
        ("resources are favoured", Verdict.HOLDS),
        ("recovers faster than beginning", Verdict.HOLDS),
        ("k = j - s_p - 1", Verdict.FAILS),
        ("a microservice's death", Verdict.ONLY_IF),
        ("three heartbeat intervals", Verdict.ONLY_IF),
    ],
)
def test_what_becomes_of_each_claim(words: str, verdict: Verdict) -> None:
    assert claim(words).verdict is verdict


def test_a_verdict_goes_by_the_numbers() -> None:
    assert claim("almost similar", "printed=[3]", "t_m=60").verdict is Verdict.ONLY_IF
    assert claim("almost similar", "t_o=0.9", "t_m=10").verdict is Verdict.FAILS
    assert claim("does not depend on s_p", "t_s=0.5").verdict is Verdict.FAILS
    assert claim("between 5 and 8", "t_o=5", "l_next=5").verdict is Verdict.FAILS
    assert claim("minimal part", "h_s=0.001").verdict is Verdict.HOLDS
    assert claim("minimal part", "h_s=90").verdict is Verdict.FAILS
    assert claim("recovers faster", "s_o=3").verdict is Verdict.HOLDS


def test_a_claim_that_depends_says_on_what() -> None:
    for each in claims().values():
        assert bool(each.condition) == (each.verdict is Verdict.ONLY_IF), each


def test_people_read_the_claims() -> None:
    done = said("figures")
    assert done.exit_code == 0
    assert "  > fails" in done.stdout
    assert "19 claims: 8 hold, 3 fail, 8 hold only if something is so" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--set", "n"), "NAME=VALUE, such as n=8"),
        (("--set", "n=0"), "n: input should be greater than or equal to 1, not 0"),
        (("--set", "n=5", "--set", "n=6"), "n is set already"),
        (("--set", "h_r=2", "--set", "t_h=0.1"), "t_h: 0.1 s are over before the next heartbeat"),
        (("--set", "l_a=[1,2]"), "2 values for n = 10 tasks"),
        (("--set", "h_r=true"), "valid number"),
        (("--set", "t_m=" + "[" * 10_000), "valid number"),
        (("--set", "speed=3"), "no such parameter; there are n, t_m"),
    ],
)
@pytest.mark.parametrize("command", ["figures", "predict"])
def test_what_cannot_be_is_refused(command: str, words: tuple[str, ...], told: str) -> None:
    done = said(command, *words)
    assert isinstance(done.exception, InputError)
    assert told in str(done.exception)


def test_units_of_the_cost_may_be_the_spread() -> None:
    units = answer("figures", "--spread")["units"]
    both = [measures(Parameters(n=n), "distributed").q_r for n in (3, 20)]
    assert units["q_r"] == both[1] - measures(Parameters(n=3), "centralised").q_r
    told = reproduced(Parameters(), None).claims
    assert any("of R_a" in each.condition for each in told)


def test_what_would_take_for_ever_is_not_simulated() -> None:
    for words in (("predict", "--simulate", "--set", "h_r=100000"), ("figures", "--set", "h_r=5000")):
        done = said(*words)
        assert isinstance(done.exception, InputError)
        assert "heartbeats" in str(done.exception)


def test_figures_refuse_what_does_not_fit_them(tmp_path: Path) -> None:
    each = "l_b=" + json.dumps([0.1] * 10)
    done = said("figures", "--set", each)
    assert "the figures vary the number of tasks" in str(done.exception)
    done = said("figures", "--set", "longest=0.2")
    assert isinstance(done.exception, DocumentError)
    assert "with n = 3" in str(done.exception)
    (tmp_path / "file").write_text("")
    done = said("figures", "-o", tmp_path / "file" / "below")
    assert "cannot make the directory" in str(done.exception)


def test_one_configuration_is_predicted() -> None:
    done = answer("predict", "--set", "n=8", "--set", "t_m=40", "--set", "s_p=2", "--simulate")
    z = Parameters(n=8, t_m=40.0, s_p=2)
    assert done["measures"]["centralised"]["t_l"] == pytest.approx(measures(z, "centralised").t_l)
    assert done["simulated_t_l"]["centralised"] == pytest.approx(measures(z, "centralised").t_l)
    assert answer("predict")["simulated_t_l"] is None


def test_what_lies_beyond_the_paper_is_said() -> None:
    done = said("predict", "--set", "n=30", "--set", "shared=prepared")
    assert "beyond the paper: n = 30 is outside [5, 15]" in done.stdout


def test_a_line_that_is_level_can_be_drawn() -> None:
    level = Curve(name="level", points=((1.0, 2.0), (2.0, 2.0)), colour=0)
    drawn = drawing(Figure(number=6, title="t", note="", along="x", left="y", curves=(level,)))
    assert "NaN" not in drawn
    ET.fromstring(drawn)
