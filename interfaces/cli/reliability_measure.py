"""`interlace reliability measure`: the recovery model held against the running system."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from interfaces.cli.output import Json

if TYPE_CHECKING:
    from domain.names import OperationKind
    from interfaces.cli.measured_views import Report
    from interfaces.cli.measuring_grid import Wanted

T = TypeVar("T")

_BEATS = ("0.15/0.75/0.4", "0.3/1.3/0.6", "1/3/1")
_OPERATIONS = ("instantiate", "scale", "migrate")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(measure)


def measure(
    operations: Annotated[
        list[str] | None,
        typer.Option("--operation", help="instantiate, scale or migrate; may be said again. All of them."),
    ] = None,
    workers: Annotated[
        list[int] | None,
        typer.Option(min=1, max=8, help="Worker processes; may be said again. 1 and 2."),
    ] = None,
    periods: Annotated[
        list[int] | None,
        typer.Option(
            "--checkpoint-period",
            min=1,
            max=8,
            help="s_p, steps to a checkpoint; again: more. 1, 2, 3.",
        ),
    ] = None,
    heartbeats: Annotated[
        list[str] | None,
        typer.Option(
            "--heartbeat",
            metavar="S/S[/S]",
            help="Heartbeat interval, heartbeat time-out and sticky time-out; may be said again. "
            f"{', '.join(_BEATS)}.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(min=0.001, max=7.0, help="What a second of the paper's tasks is here; 0.16."),
    ] = None,
    repeat: Annotated[
        int | None, typer.Option(min=1, max=50, help="Of script and workflow in turn, for R_a; 3.")
    ] = None,
    moments: Annotated[
        int | None,
        typer.Option(min=1, max=10, help="At which a worker dies, within one heartbeat interval; 3."),
    ] = None,
    lanes: Annotated[
        int | None, typer.Option(min=1, max=16, help="Labs side by side, where workers are killed; 3.")
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A small grid, in under 3 minutes; what else is said of the grid comes first."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write measured.svg, .csv and .json there."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Time operations on the modelled VIM, kill workers at the worst moments, and hold the model against it.

    Each operation has eight tasks that follow one another, of the middle of the paper's t_m (65 s), scaled.
    It is carried out by a plain script (t_m), by the workflow (t_c), and with SIGKILL to the worker that has
    a task, just before that is done (t_r); in labs of their own, of which nothing is left. What the model
    predicts comes from the tasks' lengths, the time-outs, and operations whose tasks have no length.

    For example: `interlace reliability measure --quick -o measured`

    Exit codes: 0 whatever the numbers are, 1 something could not be measured, 2 wrong input.
    """
    import asyncio

    from interfaces.cli.output import emit_json

    wanted = wanted_of(operations, workers, periods, heartbeats, scale, repeat, moments, lanes, quick)
    try:
        report = asyncio.run(_measured(wanted))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(1) from None
    told = report.as_json()
    written = _write(report, output, told) if output else []
    if as_json:
        emit_json({**told, "files": [str(each) for each in written]})
    else:
        report.show()
        for path in written:
            print(f"wrote {path}")
    if report.failures:
        raise typer.Exit(1)


def _write(report: "Report", output: Path, told: dict[str, object]) -> list[Path]:
    import json

    return report.write(output, json.dumps(told, indent=2, default=str) + "\n")


async def _measured(wanted: "Wanted") -> "Report":
    import asyncio
    import signal

    from interfaces.cli.measured_views import Report
    from interfaces.cli.measuring import campaign

    running = asyncio.current_task()
    assert running
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    async with campaign(wanted, _say) as made:
        return Report(await made.run(), made.found.failures)


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def wanted_of(
    operations: Sequence[str] | None,
    workers: Sequence[int] | None,
    periods: Sequence[int] | None,
    heartbeats: Sequence[str] | None,
    scale: float | None,
    repeat: int | None,
    moments: int | None,
    lanes: int | None,
    quick: bool,
) -> "Wanted":
    """What was asked for; the rest as a quick or a full measurement has it."""
    from interfaces.cli.measuring_grid import Wanted

    return Wanted(
        kinds=_kinds(operations or _OPERATIONS[: 1 if quick else None]),
        workers=_once(workers or ((2,) if quick else (1, 2))),
        periods=_once(periods or ((1, 2) if quick else (1, 2, 3))),
        beats=[_beat(each) for each in _once(heartbeats or (_BEATS[:1] if quick else _BEATS))],
        scale=scale or (0.08 if quick else 0.16),
        repeat=repeat or (1 if quick else 3),
        moments=moments or (1 if quick else 3),
        lanes=lanes or (2 if quick else 3),
    )


def _once(given: Iterable[T]) -> list[T]:
    return list(dict.fromkeys(given))


def _kinds(words: Sequence[str]) -> "list[OperationKind]":
    from domain.names import OperationKind

    known = {kind.lower(): kind for kind in OperationKind if kind.lower() in _OPERATIONS}
    if unknown := [word for word in words if word.lower() not in known]:
        raise typer.BadParameter(
            f"{unknown[0]!r} is not measured; there are {', '.join(known)}", param_hint="--operation"
        )
    return list(dict.fromkeys(known[word.lower()] for word in words))


def _beat(text: str) -> tuple[float, float, float]:
    """Interval, heartbeat time-out and sticky time-out: where not said, two intervals, and 0.4 s at least."""
    try:
        values = [float(part) for part in text.split("/")]
    except ValueError:
        values = []
    if len(values) not in (2, 3) or not all(0.05 <= each <= 60 for each in values):
        raise typer.BadParameter(
            f"{text!r}: interval and time-out in s, from 0.05 to 60, such as 0.3/1.3, or with the sticky "
            "time-out 0.3/1.3/0.6",
            param_hint="--heartbeat",
        )
    interval, timeout = values[:2]
    if timeout < interval:
        raise typer.BadParameter(
            f"{text!r}: the time-out of {timeout:g} s is less than the heartbeat interval of {interval:g} s, "
            f"so every worker would count as dead; at least {interval:g}",
            param_hint="--heartbeat",
        )
    return interval, timeout, values[2] if len(values) == 3 else max(0.4, 2 * interval)
