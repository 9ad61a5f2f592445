"""Steps under way, in every view: what waits, why, until when, and what may be done about it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.phases import Phase
from domain.requests import OperationProgress, StepProgress, StepState
from interfaces.cli.steps import counts, lasting, pause, remedies, told
from interfaces.cli.views import Lines, drawn

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def step(state: StepState, name: str = "create web-3 on berlin", **more: object) -> StepProgress:
    return StepProgress.model_validate({"name": name, "state": state, "id": "1.create.web-3", **more})


def progress(*steps: StepProgress, **more: object) -> OperationProgress:
    fields = {"operation_id": "scale-1", "service": "shop", "phase": Phase.PROVISIONING, "steps": steps}
    return OperationProgress.model_validate({**fields, **more})


def test_a_step_says_when_it_is_tried_again_and_why() -> None:
    again = NOW + timedelta(seconds=4)
    waiting = step("retrying", attempt=2, next_attempt_at=again, cause="PoP berlin says: overloaded")
    assert told(waiting, NOW) == "create web-3 on berlin, attempt 3 in 4 s: PoP berlin says: overloaded"
    soon = waiting.model_copy(update={"next_attempt_at": NOW + timedelta(seconds=0.5)})
    assert told(soon, NOW) == "create web-3 on berlin, attempt 3 at once: PoP berlin says: overloaded"
    assert told(step("running", attempt=3, cause="overloaded")) == "create web-3 on berlin, attempt 3"
    assert told(step("done", note="2 connections cut")) == "create web-3 on berlin (2 connections cut)"
    assert told(step("running")) == "create web-3 on berlin"


def test_only_what_may_be_done_is_offered() -> None:
    offered = "1.create.web-3 waits for you: interlace retry|edit|skip|give-up shop"
    assert remedies(step("held", editable=True, skippable=True), "shop") == offered
    assert remedies(step("held"), "shop").endswith("interlace retry|give-up shop")


def test_a_pause_says_why_and_how_it_ends() -> None:
    assert pause(progress()) is None
    assert pause(progress(paused="")) == "paused (interlace resume shop)"
    assert pause(progress(paused="change freeze")) == "paused: change freeze (interlace resume shop)"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "0.2 s"),
        (3.5, "3.5 s"),
        (12.3, "12 s"),
        (89, "89 s"),
        (125, "2 min 5 s"),
        (7260, "2 h 1 min"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    assert lasting(seconds) == words


def test_each_change_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()
    at = datetime.now(UTC) + timedelta(seconds=30.4)
    retrying = step("retrying", attempt=1, next_attempt_at=at, cause="overloaded")
    to_come = step("waiting", "delete web-1 on bonn", id="2.delete.web-1")
    for _ in range(2):
        lines.show(progress(step("running"), to_come), {})
    for _ in range(2):
        lines.show(progress(retrying, to_come), {})
    lines.show(progress(step("running", attempt=2), to_come, paused="freeze"), {})
    lines.show(progress(step("done", attempt=2), to_come), {"a/2": "retry 1: the worker died"})
    held = step("held", "delete web-1 on bonn", id="2.delete.web-1", cause="forbidden", skippable=True)
    lines.show(progress(held, phase=Phase.DELETING), {})
    lines.show(None, {})
    for more in ("", " (and was undone)"):
        lines.show(progress(held, phase=Phase.UNDOING, failure=f"given up by an operator{more}"), {})
    assert capsys.readouterr().out.splitlines() == [
        "Provisioning",
        "  running  create web-3 on berlin",
        "  retrying create web-3 on berlin, attempt 2 in 30 s: overloaded",
        "  running  create web-3 on berlin, attempt 2",
        "  paused: freeze (interlace resume shop)",
        "  retry 1: the worker died",
        "  done     create web-3 on berlin, attempt 2",
        "  resumed",
        "Deleting",
        "  held     delete web-1 on bonn: forbidden",
        "           2.delete.web-1 waits for you: interlace retry|skip|give-up shop",
        "  waiting: no worker answers at the moment",
        "Undoing",
        "  because: given up by an operator",
    ]


def test_a_small_screen_shows_first_what_needs_eyes() -> None:
    done = [step("done", f"create web-{number}", id=f"d{number}") for number in range(20)]
    to_come = [step("waiting", f"delete web-{number}", id=f"w{number}") for number in range(20)]
    held = step("held", "create lb-1", cause="quota", editable=True)
    many = progress(*done[:10], held, *done[10:], *to_come, paused="freeze")
    assert drawn(many, 4).plain.splitlines() == [
        "Provisioning",
        "  41 steps: 20 waiting, 1 held, 20 done",
        "  ! create lb-1: quota",
        "    1.create.web-3 waits for you: interlace retry|edit|give-up shop",
        "  ✓ create web-17",
        "  ✓ create web-18",
        "  ✓ create web-19",
        "  paused: freeze (interlace resume shop)",
    ]
    assert len(drawn(many, 100).plain.splitlines()) == 1 + 41 + 1 + 1


def test_counts() -> None:
    assert counts([]) == ""
    assert counts([step("done"), step("running"), step("done")]) == "1 running, 2 done"
