"""What the model makes of an operation that was measured, and what becomes of the targets."""

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from domain.errors import UnknownError
from domain.names import OperationKind
from interfaces.cli.measured_views import Report
from interfaces.picture.charts import drawing
from reliability.measured.figure import figure
from reliability.measured.prediction import configuration, papers_best, predicted_t_m, rows, time_out
from reliability.measured.readings import Reading
from reliability.measured.targets import Target, targets
from reliability.model.centralised import completion, lost
from tests.unit.measured_world import BESIDE_S, TASK_S, calibration, measured, reading, setting


def test_tasks_without_length_are_predicted_as_they_were_measured() -> None:
    z = configuration(calibration(), 0.0, setting(), t_h=2.0)
    assert completion(z) == pytest.approx(0.41)
    assert predicted_t_m(calibration(), 0.0) == pytest.approx(0.26)


def test_a_length_is_added_once_to_each_long_task() -> None:
    z = configuration(calibration(), TASK_S, setting(), t_h=2.0)
    assert z.n == 11
    assert completion(z) == pytest.approx(0.41 + 8 * TASK_S)
    assert predicted_t_m(calibration(), TASK_S) == pytest.approx(0.26 + 8 * TASK_S)


@pytest.mark.parametrize("s_p", [1, 2, 3])
def test_what_was_done_is_found_or_done_again(s_p: int) -> None:
    t_h = 2.0
    z = configuration(calibration(), TASK_S, setting(s_p=s_p), t_h)
    step = BESIDE_S + TASK_S
    assert lost(z) == pytest.approx(t_h + step + s_p * z.t_o)
    all_again = z.model_copy(update={"again": 1.0})
    assert lost(all_again) == pytest.approx(t_h + s_p * (step + z.t_o))


def test_a_lone_worker_must_be_there_again() -> None:
    assert time_out(setting(workers=2), None) == pytest.approx(1.3 + 0.6 + 0.1)
    assert time_out(setting(workers=1), 4.5) == 4.5
    assert time_out(setting(workers=1), 0.5) == pytest.approx(2.0)


def test_a_workflow_that_is_faster_than_the_script_has_nothing_between_tasks() -> None:
    fast = calibration().model_copy(update={"workflow_s": (0.1,)})
    assert configuration(fast, TASK_S, setting(), 2.0).t_o == 0


def test_a_row_is_of_the_worst_death() -> None:
    [row] = rows(measured(reading()))
    assert row.r_r == pytest.approx(13.9 / 10.8)
    assert row.r_a == pytest.approx(10.8 / 10.7)
    assert row.errors["r_r"] == pytest.approx(row.r_r_predicted / row.r_r - 1)
    assert row.reading.bandwidth == pytest.approx((20_000 + 36 * 500) / 1000 / 10.8)


def of(found: list[Target], words: str) -> Target:
    [one] = [each for each in found if words in each.what]
    return one


def judged(*readings: Reading, t_c: float = 10.8) -> list[Target]:
    found = measured(*readings, t_c=t_c)
    return targets(found, rows(found))


@pytest.mark.parametrize(("t_c", "met"), [(10.8, True), (11.2, False)])
def test_the_added_time_is_held_to_three_in_a_hundred(t_c: float, met: bool) -> None:
    assert of(judged(reading(), t_c=t_c), "R_a at most").met is met


def test_short_operations_are_not_judged() -> None:
    found = measured(reading())
    short = found.model_copy(update={"pairs": (found.pairs[0].model_copy(update={"t_m": (5.0,)}),)})
    target = of(targets(short, rows(short)), "R_a at most")
    assert (target.met, target.verdict) == (None, "not judged")


@pytest.mark.parametrize(("t_r", "met"), [(12.0, True), (16.0, False)])
def test_the_recovery_is_held_to_the_papers_best(t_r: float, met: bool) -> None:
    best = papers_best(calibration(), TASK_S)
    assert (best.n, best.s_p, best.h_r, best.time_out) == (8, 1, 2.0, 1.5)
    assert of(judged(reading(t_r=(t_r,))), "R_r at most").met is met


def test_a_lone_worker_or_rare_checkpoints_are_not_held_to_it() -> None:
    alone, rare = reading(setting(workers=1), replaced_s=4.0), reading(setting(s_p=3))
    assert of(judged(alone, rare), "R_r at most").met is None


def test_a_lone_workers_start_is_the_median_of_all_that_were_measured() -> None:
    alone = [reading(setting(workers=1, s_p=s_p), replaced_s=3.0 + s_p) for s_p in (1, 2, 3)]
    once_more = reading(setting(workers=1), kind=OperationKind.MIGRATE, replaced_s=4.0)
    found = rows(measured(*alone, once_more, reading()))
    assert [each.t_h for each in found] == [5.0, 5.0, 5.0, 5.0, 2.0]


def test_one_reading_beyond_a_tenth_misses_the_prediction() -> None:
    near = rows(measured(reading()))[0].r_r_predicted * 10.8
    assert of(judged(reading(t_r=(near,))), "is found").met is True
    assert (
        of(judged(reading(t_r=(near,)), reading(setting(s_p=2), t_r=(near * 1.3,))), "is found").met is False
    )


@pytest.mark.parametrize("periods", [(1,), (1, 2, 3)])
def test_the_figure_has_a_dot_for_each_period(periods: tuple[int, ...]) -> None:
    found = rows(measured(*(reading(setting(workers, s_p)) for s_p in periods for workers in (1, 2))))
    drawn = figure(found, 0.16)
    assert len(drawn.curves) == 2 * 2 + 2
    assert all([x for x, _ in each.points] == [float(s_p) for s_p in periods] for each in drawn.curves)
    picture = ET.fromstring(drawing(drawn))
    dots = picture.findall(".//{http://www.w3.org/2000/svg}circle")
    assert len(dots) == len(drawn.curves) * len(periods)


def test_the_figures_points_are_means_of_the_operations() -> None:
    one, other = reading(t_r=(13.0,)), reading(kind=OperationKind.MIGRATE, t_r=(15.0,))
    drawn = figure(rows(measured(one, other)), 0.16)
    [(period, ratio)] = drawn.curves[0].points
    assert period == 1.0
    assert ratio == pytest.approx(14.0 / 10.8)


def test_a_report_is_written_for_people_and_programs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = Report(measured(reading(), reading(setting(s_p=2))), ["Scale, 2 workers, s_p 3: it did not end"])
    written = report.write(tmp_path / "there", "{}")
    assert [each.name for each in written] == ["measured.csv", "measured.json", "measured.svg"]
    table = list(csv.DictReader(io.StringIO((tmp_path / "there" / "measured.csv").read_text())))
    assert [each["s_p"] for each in table] == ["1", "2"]
    report.show()
    shown = capsys.readouterr().out
    for words in ("R_r", "the Temporal server killed", "activity task scheduled 9000 (13)"):
        assert words in shown
    assert "not measured: Scale, 2 workers, s_p 3: it did not end" in shown
    assert report.as_json()["not_measured"] == ["Scale, 2 workers, s_p 3: it did not end"]


def test_where_nothing_could_be_measured_there_is_no_figure(tmp_path: Path) -> None:
    empty = measured().model_copy(update={"crashes": (), "checkpoints": ()})
    written = Report(empty, ["all"]).write(tmp_path, "{}")
    assert [each.name for each in written] == ["measured.csv", "measured.json"]


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnknownError, match="cannot make the directory"):
        Report(measured(reading()), []).write(tmp_path / "file" / "below", "{}")
