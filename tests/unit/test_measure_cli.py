"""What `interlace reliability measure` refuses, and what it takes its grid to be."""

import pytest
from typer.testing import CliRunner, Result

from domain.names import OperationKind
from interfaces.cli.main import app
from interfaces.cli.measuring_grid import Wanted, profile_of, tasks_of
from interfaces.cli.reliability_measure import wanted_of
from lab.recovering.monolith import Call, Done
from lab.recovering.subjects import SUBJECTS


def measure(*words: str) -> Result:
    return CliRunner().invoke(app, ["reliability", "measure", *words])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--operation", "heal"], "'heal' is not measured; there are instantiate, scale, migrate"),
        (["--workers", "0"], "greater than or equal to 1"),
        (["--checkpoint-period", "9"], "less than or equal to 8"),
        (["--heartbeat", "0.3"], "'0.3': interval and time-out in s"),
        (["--heartbeat", "a/b"], "'a/b': interval and time-out in s"),
        (["--heartbeat", "0.3/-1"], "interval and time-out in s, from 0.05 to 60"),
        (["--heartbeat", "nan/1"], "interval and time-out in s, from 0.05 to 60"),
        (["--heartbeat", "2/1"], "less than the heartbeat interval of 2 s"),
        (["--scale", "0"], "greater than or equal to 0.001"),
        (["--repeat", "0"], "greater than or equal to 1"),
    ],
)
def test_wrong_words_are_refused(words: list[str], told: str) -> None:
    ended = measure(*words)
    assert ended.exit_code == 2
    assert told in " ".join(ended.output.replace("│", " ").split())


def test_the_help_says_what_is_timed() -> None:
    shown = " ".join(measure("--help").output.replace("│", " ").split())
    assert "t_m" in shown and "--heartbeat" in shown


def full(quick: bool = False) -> Wanted:
    return wanted_of(None, None, None, None, None, None, None, None, quick)


def test_the_full_grid_is_the_three_operations_at_ten_seconds() -> None:
    wanted = full()
    assert [*wanted.kinds] == [OperationKind.INSTANTIATE, OperationKind.SCALE, OperationKind.MIGRATE]
    assert 8 * wanted.task_s >= 10
    assert {(each.workers, each.s_p) for each in wanted.settings} == {
        (w, s) for w in (1, 2) for s in (1, 2, 3)
    }
    assert len(wanted.settings) == 18
    assert wanted.settings[0].workers == 2


def test_a_quick_one_is_small_but_for_what_is_said() -> None:
    assert len(full(quick=True).settings) == 2
    said = wanted_of(["Scale"], [1, 1], [3], ["0.5/2"], 0.5, None, None, None, True)
    assert [*said.kinds] == [OperationKind.SCALE]
    [only] = said.settings
    assert (only.workers, only.s_p, only.beat) == (1, 3, "0.5/2/1")
    assert said.task_s == pytest.approx(65 * 0.5 / 8, abs=0.001)


def test_workers_are_given_what_a_setting_says() -> None:
    setting = full().settings[0]
    profile = profile_of(setting)
    assert (profile.heartbeat_interval, profile.heartbeat_timeout) == (setting.heartbeat_s, setting.timeout_s)
    assert (profile.sticky_timeout, profile.steps_per_checkpoint) == (setting.sticky_s, setting.s_p)


def test_of_steps_side_by_side_the_longest_counts() -> None:
    def done(*seconds: float) -> Done:
        side_by_side = tuple(Call(name="resource.delete", seconds=each) for each in seconds)
        return Done(seconds=1.0, waves=((Call(name="instance.create", seconds=0.5),), side_by_side))

    found = tasks_of([done(0.1, 0.3), done(0.2, 0.1), done(0.9, 0.1)], SUBJECTS[OperationKind.INSTANTIATE])
    assert [(each.name, each.seconds, each.long) for each in found] == [
        ("instance.create", 0.5, True),
        ("resource.delete", 0.3, False),
    ]


@pytest.mark.parametrize("kind", SUBJECTS)
def test_what_is_prepared_is_what_the_operation_needs(kind: OperationKind) -> None:
    subject = SUBJECTS[kind]
    prepared = subject.preparation("one")
    assert (prepared is None) == (kind is OperationKind.INSTANTIATE)
    assert subject.request("one").service == "one"
