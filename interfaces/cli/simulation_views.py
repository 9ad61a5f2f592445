"""A simulation for people: what was done, a small chart, and the courses side by side; and as CSV."""

import csv
import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from interfaces.cli.output import clock, table
from monitoring.simulation.courses import Course, Moment, Note, Simulation, Violation

_BLOCKS = " ▁▂▃▄▅▆▇█"
_LISTED = 12
_ROWS = 4
_MARGIN = 18


def show(found: Simulation, written: Sequence[Path]) -> None:
    """Print all of it."""
    policies = found.courses[0]
    first, last = policies.moments[0].at, policies.moments[-1].at
    hours = (last - first + found.interval_s) / 3600
    print(f"{found.component} of {found.service}: {_time(first)} to {_time(last)}, {hours:.1f} h")
    print(f"policies: {', '.join(found.policies)}; a look each {found.interval_s:g} s")
    print(f"assumed:  {found.world}; a new instance serves after {found.startup_s:g} s\n")
    _acts(policies)
    for line in chart(found, max(20, min(shutil.get_terminal_size((100, 24)).columns, 100) - _MARGIN)):
        print(line)
    print()
    _accounts(found)
    for course in found.courses:
        _violations(course)
    _notes(policies.notes)
    for path in written:
        print(f"wrote {path}")


def _time(seconds: float) -> str:
    return clock(datetime.fromtimestamp(seconds, UTC))


def _acts(course: Course) -> None:
    if not course.acts:
        print("they would have done nothing\n")
        return
    rows = [
        (clock(each.at), each.policy, f"{each.before} -> {each.after}", each.reason) for each in course.acts
    ]
    table(["time", "policy", "instances", "why"], rows)
    print()


def _accounts(found: Simulation) -> None:
    """The courses side by side."""
    rows: list[tuple[str, list[str]]] = [
        ("scalings", [f"{each.account.actions}" for each in found.courses]),
        ("instances", [f"{each.account.least} to {each.account.most}" for each in found.courses]),
        ("instance-hours", [f"{each.account.instance_hours:.1f}" for each in found.courses]),
    ]
    if found.price_per_hour is not None:
        costs = [f"{each.account.cost or 0.0:.2f} {found.currency}".rstrip() for each in found.courses]
        rows.append(("cost", costs))
    if found.targets:
        rows.append(
            ("targets not kept", [f"{each.account.violated_minutes:.1f} min" for each in found.courses])
        )
        if any(each.account.unknown_minutes for each in found.courses):
            unknown = [f"{each.account.unknown_minutes:.1f} min" for each in found.courses]
            rows.append(("not known", unknown))
    table(["", *(each.name for each in found.courses)], [(name, *cells) for name, cells in rows])
    print(f"targets: {', '.join(map(str, found.targets)) or 'none'}\n")


def _violations(course: Course) -> None:
    """The longest first, where they are many."""
    if not course.violations:
        return
    listed = sorted(course.violations, key=lambda each: -each.minutes)[:_LISTED]
    more = len(course.violations) - len(listed)
    which = f" (the longest {len(listed)} of {len(course.violations)})" if more else ""
    print(f"{course.name}, not kept{which}:")
    for each in sorted(listed, key=lambda each: each.start):
        print(f"  {_violation(each)}")
    print()


def _violation(each: Violation) -> str:
    return f"{clock(each.start)} for {each.minutes:.1f} min: {each.target}, at worst {each.worst:.4g}"


def _notes(notes: Sequence[Note]) -> None:
    if not notes:
        return
    print("told meanwhile:")
    for note in notes[:_LISTED]:
        until = "" if note.until == note.at else f" to {clock(note.until)}"
        print(f"  {clock(note.at)}{until}: {note.text}")
    if len(notes) > _LISTED:
        print(f"  and {len(notes) - _LISTED} more (--json has all)")
    print()


def chart(found: Simulation, width: int) -> Iterator[str]:
    """Load and instances over time, and a mark where a target was not kept."""
    course = found.courses[0]
    moments, targets = course.moments, found.targets
    width = min(width, len(moments))
    loads = [_most(part, lambda each: each.load) for part in _parts(moments, width)]
    if any(loads):
        yield from _bars("load", loads)
    yield from _bars(
        "instances", [_most(part, lambda each: each.instances) for part in _parts(moments, width)]
    )
    for name, run in ((each.name, each.moments) for each in found.courses):
        wrong = [_wrong(part, targets) for part in _parts(run, width)]
        if any(wrong):
            marks = "".join("x" if each else "." for each in wrong)
            yield f"{'not kept':<{_MARGIN}}{marks}  {name}"


def _wrong(part: Sequence[Moment], targets: Sequence[object]) -> bool:
    from monitoring.simulation.targets import Target

    return any(
        value is not None and isinstance(target, Target) and not target.kept(value)
        for moment in part
        for target, value in zip(targets, moment.values, strict=True)
    )


def _parts(moments: Sequence[Moment], width: int) -> Iterator[Sequence[Moment]]:
    for column in range(width):
        yield moments[column * len(moments) // width : (column + 1) * len(moments) // width]


def _most(part: Sequence[Moment], of: Callable[[Moment], float | None]) -> float:
    return max((value for each in part if (value := of(each)) is not None), default=0.0)


def _bars(name: str, values: Sequence[float]) -> Iterator[str]:
    """Bars of several rows; the scale stands beside the first and the last."""
    most = max(values) or 1.0
    for row in range(_ROWS - 1, -1, -1):
        label = f"{name} {most:g}" if row == _ROWS - 1 else ""
        cells = "".join(_cell(value / most * _ROWS - row) for value in values)
        yield f"{label:<{_MARGIN - 1}.{_MARGIN - 1}} {cells}".rstrip()


def _cell(part: float) -> str:
    return _BLOCKS[round(min(max(part, 0.0), 1.0) * (len(_BLOCKS) - 1))]


def csv_of(found: Simulation) -> str:
    """Every look: of each course the instances, those paid for, and the values of the targets."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ["time", "load"]
    for course in found.courses:
        columns += [f"{course.name}: {what}" for what in ("instances", "paid", *map(str, found.targets))]
    writer.writerow(columns)
    for moments in zip(*(each.moments for each in found.courses), strict=True):
        row: list[object] = [datetime.fromtimestamp(moments[0].at, UTC).isoformat(), moments[0].load]
        for each in moments:
            row += [each.instances, each.paid, *each.values]
        writer.writerow(["" if cell is None else cell for cell in row])
    return text.getvalue()
