"""The live chart of a watched service: bars over time in colours, and below them what was done."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import AwareDatetime
from rich.text import Text

from domain.models import Model
from domain.watching import AlarmRecord, Decision
from interfaces.cli.output import clock
from interfaces.cli.reported import FRESH_S
from interfaces.report.marks import HEALED, IN, MOVED, OUT, failed, sort_of
from interfaces.report.scales import lasting, said
from interfaces.report.story import Chart, Curve, Note
from interfaces.report.telling import Subject, charts
from monitoring.metrics import CHAIN, Snapshot

_BLOCKS = " ▁▂▃▄▅▆▇█"
_NAME, _VALUE = 24, 18
_LEAST = 20
"""Columns of a chart."""
_TALL = 3
"""Lines of a curve that matters, where there is room."""
_HUES = ("dodger_blue2", "green3", "magenta", "purple", "medium_purple1", "cyan")
_MARKS = {
    OUT: ("▲", "green3"),
    IN: ("▼", "medium_purple1"),
    HEALED: ("✚", "deep_pink2"),
    MOVED: ("➜", "orange1"),
}
_SEVERITIES = {"critical": "bold red", "major": "red", "minor": "yellow", "warning": "dim yellow"}


class Look(Model):
    """What a look found, and what was found before it."""

    state: str
    start: AwareDatetime
    snapshots: tuple[Snapshot, ...]
    """The oldest first."""
    decisions: tuple[Decision, ...] = ()
    alarms: tuple[AlarmRecord, ...] = ()
    notes: tuple[Note, ...] = ()


def drawn(subject: Subject, look: Look, width: int, height: int) -> Text:
    """The whole screen: what was done and is wrong last, charts of what is left of the height."""
    columns = max(_LEAST, width - _NAME - _VALUE)
    shots = look.snapshots[-columns:]
    below = [*_decisions(look.decisions, 4), *_alarms(look.alarms, 3), *_notes(look)]
    found = charts(subject, shots, FRESH_S)
    room = height - len(below) - 3
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{subject.service} ", style="bold")
    span = lasting((shots[-1].at - look.start).total_seconds())
    text.append(f"{look.state}  {clock(shots[-1].at)}  watched for {span}; Ctrl-C ends it\n", style="dim")
    for chart, curve, rows in _chosen(found, room):
        _bars(text, chart, curve, rows)
    times = [each.at for each in shots]
    text.append_text(_marks(look.decisions, times))
    for line in below:
        text.append_text(line).append("\n")
    return text


def _chosen(found: Sequence[Chart], room: int) -> Iterator[tuple[Chart, Curve, int]]:
    """Curves with the lines that each is given: what matters most is there before others, and taller."""
    known = [(chart, curve) for chart in found for curve in chart.curves]
    ranked = sorted(range(len(known)), key=lambda place: not _matters(*known[place]))[: max(1, room)]
    spare = room - len(ranked)
    tall = dict.fromkeys(ranked, 1)
    for place in ranked:
        if _matters(*known[place]) and spare > 0:
            more = min(_TALL - 1, spare)
            tall[place] += more
            spare -= more
    for place in sorted(ranked):
        yield *known[place], tall[place]


def _matters(chart: Chart, curve: Curve) -> bool:
    """The first component of each chart, which has policies if any has; and chains."""
    return bool(curve.values) and (curve is chart.curves[0] or curve.name.startswith(CHAIN))


def _bars(text: Text, chart: Chart, curve: Curve, rows: int) -> None:
    """Bars of some rows; the name stands beside the first, the value of now beside the last."""
    most = max(curve.values, default=0.0) or 1.0
    hue = _HUES[curve.hue % len(_HUES)]
    for row in range(rows - 1, -1, -1):
        name = f"{chart.title} {curve.name}" if row == rows - 1 else ""
        text.append(f"{name:<{_NAME - 1}.{_NAME - 1}} ")
        for _, value in curve.points:
            text.append(" " if value is None else _cell(value / most * rows - row), style=hue)
        if row == rows - 1 > 0:
            text.append(f" {said(most)}", style="dim")
        if row == 0:
            text.append(f" {said(curve.values[-1]) if curve.values else '-'}", style="bold")
            text.append(f" {chart.unit.partition(' ')[0]}", style="dim")
        text.append("\n")


def _cell(part: float) -> str:
    return _BLOCKS[round(min(max(part, 0.0), 1.0) * (len(_BLOCKS) - 1))]


def _marks(decisions: Sequence[Decision], times: Sequence[datetime]) -> Text:
    """Below the look after which each decision was made."""
    cells: list[tuple[str, str]] = [(" ", "")] * len(times)
    for each in decisions:
        column = sum(at <= each.decided_at for at in times) - 1
        if column >= 0:
            cells[column] = _mark(each)
    line = Text(" " * _NAME)
    for sign, style in cells:
        line.append(sign, style=style)
    return line.append("\n")


def _mark(decision: Decision) -> tuple[str, str]:
    sign, style = _MARKS.get(sort_of(decision), ("◆", "white"))
    return sign, "red" if failed(decision) else style


def _decisions(found: Sequence[Decision], most: int) -> Iterator[Text]:
    for each in found[-most:]:
        sign, style = _mark(each)
        line = Text().append(f"{sign} ", style=style)
        line.append(f"{each.decided_at:%H:%M:%S} {each.what} ")
        took = f" after {lasting((each.ended_at - each.decided_at).total_seconds())}" if each.ended_at else ""
        line.append(f"{each.outcome}{took} ", style="red" if failed(each) else "bold")
        yield line.append(f"{each.policy}: {each.reason}", style="dim")


def _alarms(found: Sequence[AlarmRecord], most: int) -> Iterator[Text]:
    for each in [one for one in found if one.cleared_at is None][-most:]:
        yield Text(
            f"! {each.severity} {each.kind} {each.subject}: {each.words}", style=_SEVERITIES[each.severity]
        )


def _notes(look: Look) -> Iterator[Text]:
    for note in look.notes[-1:]:
        yield Text(f"> {note.at:%H:%M:%S} {note.text}", style="italic")
