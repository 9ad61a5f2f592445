"""A chart as SVG, with what was decided and raised over it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from domain.watching import AlarmRecord, Decision
from interfaces.picture import palette
from interfaces.picture.elements import Element, element, path
from interfaces.report.marks import Band, bands, ended, failed, sort_of, spans_of
from interfaces.report.scales import HEIGHT, WIDTH, Times, Values
from interfaces.report.story import Chart, Curve, Level, Point, Story

LEFT, RIGHT = 56.0, 14.0
_TOP, _FOOT = 8.0, 22.0
_LANE = 19.0
_LANES = 14
_MARKS = 30.0
_APART = 17.0
_LETTER = 5.6
_NOTE = 16.0
_LABEL = 11.0


def chart_drawing(chart: Chart, story: Story, times: Times) -> Element:
    """One chart; its title and its legend are not in it."""
    whole = chart.title == "Instances"
    known = [value for curve in chart.curves for value in curve.values]
    scale = Values.holding([*known, *(each.value for each in chart.levels)], whole)
    return _frame(
        HEIGHT + _TOP + _FOOT,
        f"{chart.title} over time",
        element(
            "g",
            *_bands(bands(story.alarms, times), HEIGHT),
            *_grid(scale),
            *_times(times, HEIGHT),
            *_operations(story, times, HEIGHT),
            *(_level(each, scale) for each in chart.levels),
            *(_line(curve, scale, times) for curve in reversed(chart.curves)),
            *_level_words(chart.levels, scale),
            element("path", class_="cursor", d=f"M0 0V{HEIGHT:g}"),
            transform=f"translate({LEFT:g} {_TOP:g})",
        ),
    )


def decisions_drawing(story: Story, times: Times) -> Element:
    """The decisions by their numbers, and below them what people noted."""
    places = [times.x(each.decided_at.timestamp()) for each in story.decisions]
    rows = _rows((x, x + _APART) for x in places)
    marks = [
        _mark(number, each, x, row * _MARKS)
        for number, (each, x, row) in enumerate(zip(story.decisions, places, rows, strict=True), start=1)
    ]
    top = _MARKS * (max(rows) + 1 if rows else 0)
    notes, below = _notes(story, times, top)
    return _frame(below + 4, "Decisions", element("g", *marks, *notes, transform=f"translate({LEFT:g} 2)"))


def _mark(number: int, each: Decision, x: float, y: float) -> Element:
    sort = sort_of(each)
    look = f"mark {sort.look}{' failed' if failed(each) else ''}"
    return element(
        "g",
        element("title", text=f"{each.what}\n{each.policy}: {each.reason}"),
        element("path", class_=look, d=sort.shape, transform="translate(0 8)"),
        element("text", text=f"{number}", class_="small", x=0.0, y=26.0, text_anchor="middle"),
        transform=f"translate({x:.1f} {y:g})",
    )


def _notes(story: Story, times: Times, top: float) -> tuple[list[Element], float]:
    """Each beside its moment, to the left of it where there is no room; and where the last of them ends."""
    spans = [_span(times.x(note.at.timestamp()), len(note.text) * _LETTER + 10) for note in story.notes]
    rows = _rows(spans)
    drawn: list[Element] = []
    for note, (left, right), row in zip(story.notes, spans, rows, strict=True):
        x, y = times.x(note.at.timestamp()), top + row * _NOTE
        words, anchor = (right - 4, "end") if right == x else (left + 4, "start")
        drawn.append(element("path", class_="noted", d=path((x, y), (x, y + _NOTE))))
        drawn.append(element("text", text=note.text, class_="small", x=words, y=y + 11.0, text_anchor=anchor))
    return drawn, top + _NOTE * (max(rows) + 1 if rows else 0)


def _span(x: float, room: float) -> tuple[float, float]:
    return (x, x + room) if x + room < WIDTH or x < room else (x - room, x)


def alarms_drawing(story: Story, times: Times) -> Element | None:
    """A bar for each alarm over the time that it was active; a row for each that it was about."""
    key = _subject
    spans = sorted(spans_of(story.alarms, times), key=lambda each: (key(each[0]), each[1]))
    rows = [(name, list(group)) for name, group in groupby(spans, key=lambda each: key(each[0]))]
    rows.sort(key=lambda row: row[1][0][1])
    if not rows:
        return None
    height = _LANE * min(len(rows), _LANES)
    drawn = [_row(*row, number, times) for number, row in enumerate(rows[:_LANES])]
    return _frame(
        height + _TOP + _FOOT,
        "Alarms over time",
        element("g", *_times(times, height), *drawn, transform=f"translate({LEFT:g} {_TOP:g})"),
    )


def _subject(alarm: AlarmRecord) -> str:
    return f"{alarm.kind} {alarm.subject}"


def _row(name: str, spans: Sequence[tuple[AlarmRecord, float, float]], number: int, times: Times) -> Element:
    y = number * _LANE
    bars = [
        element(
            "rect",
            element("title", text=f"{each.severity}: {each.words}"),
            class_=f"alarm {each.severity}",
            x=times.x(start),
            y=y + 2.5,
            width=max(2.0, times.x(end) - times.x(start)),
            height=_LANE - 5,
            rx=2.5,
        )
        for each, start, end in spans
    ]
    room = len(name) * _LETTER + 12
    after = max(times.x(end) for _, _, end in spans) + 6
    before = min(times.x(start) for _, start, _ in spans) - 6
    x, anchor = (after, "start") if after + room < WIDTH else (before, "end")
    if anchor == "end" and before < room:
        x, anchor = 6.0, "start"
    label = element("text", text=name, class_="said", x=x, y=y + 13.0, text_anchor=anchor, font_size=_LABEL)
    return element("g", *bars, label)


def _frame(height: float, label: str, inside: Element) -> Element:
    width = LEFT + WIDTH + RIGHT
    return element(
        "svg", inside, viewBox=f"0 0 {width:g} {height:g}", role="img", aria_label=label, class_="chart"
    )


def _rows(spans: Iterable[tuple[float, float]]) -> list[int]:
    """For each the first row in which it is upon none before it."""
    ends: list[float] = []
    found = []
    for left, right in spans:
        row = next((n for n, end in enumerate(ends) if left >= end), len(ends))
        ends[row : row + 1] = [right]
        found.append(row)
    return found


def _bands(found: Iterable[Band], height: float) -> Iterator[Element]:
    for band in found:
        yield element(
            "rect",
            class_=f"band {band.severity}",
            x=band.left,
            y=0.0,
            width=max(1.0, band.right - band.left),
            height=height,
        )


def _grid(scale: Values) -> Iterator[Element]:
    for value, words in scale.ticks():
        y = scale.y(value)
        yield element(
            "path", class_="grid base" if value == scale.low else "grid", d=path((0.0, y), (WIDTH, y))
        )
        yield element("text", text=words, class_="small", x=-8.0, y=y + 3.6, text_anchor="end")


def _times(times: Times, height: float) -> Iterator[Element]:
    for at, words in times.ticks():
        x = times.x(at)
        anchor = "start" if x < 20 else "end" if x > WIDTH - 10 else "middle"
        yield element("path", class_="grid", d=path((x, 0.0), (x, height)))
        yield element("text", text=words, class_="small", x=x, y=height + 15, text_anchor=anchor)


def _operations(story: Story, times: Times, height: float) -> Iterator[Element]:
    """From each decision to its end; and the moments that somebody noted."""
    for each in story.decisions:
        left, right = times.x(each.decided_at.timestamp()), times.x(ended(each.ended_at, times))
        look = f"{sort_of(each).look}{' failed' if failed(each) else ''}"
        yield element(
            "rect", class_=f"under-way {look}", x=left, y=0.0, width=max(0.0, right - left), height=height
        )
        yield element("path", class_=f"decided {look}", d=path((left, 0.0), (left, height)))
    for note in story.notes:
        x = times.x(note.at.timestamp())
        yield element("path", element("title", text=note.text), class_="noted", d=path((x, 0.0), (x, height)))


def _level(each: Level, scale: Values) -> Element:
    y = scale.y(each.value)
    return element("path", class_=f"level hue{each.hue % palette.COURSES}", d=path((0.0, y), (WIDTH, y)))


def _level_words(levels: Sequence[Level], scale: Values) -> Iterator[Element]:
    """Above their lines; those that would be upon others are left out."""
    taken: list[float] = []
    for each in sorted(levels, key=lambda level: -level.value):
        y = scale.y(each.value)
        at = y - 4 if y > 14 else y + 12
        if all(abs(at - other) > 12 for other in taken):
            taken.append(at)
            yield element("text", text=each.words, class_="said", x=WIDTH - 6, y=at, text_anchor="end")


def _line(curve: Curve, scale: Values, times: Times) -> Element:
    look = f"curve hue{curve.hue % palette.COURSES}{' faint' if curve.faint else ''}"
    drawn = "".join(_stretch(part, curve.steps, scale, times) for part in _stretches(curve.points))
    return element("path", class_=look, d=drawn or "M0 0", stroke_dasharray=palette.dash(curve.hue))


def _stretches(points: Sequence[Point]) -> Iterator[list[tuple[float, float]]]:
    """Those without a break."""
    for known, group in groupby(points, key=lambda point: point[1] is not None):
        if known:
            yield [(at, value) for at, value in group if value is not None]


def _stretch(points: Sequence[tuple[float, float]], steps: bool, scale: Values, times: Times) -> str:
    if len(points) == 1:  # a dot
        x, y = times.x(points[0][0]), scale.y(points[0][1])
        return path((x - 1, y), (x + 1, y))
    drawn: list[tuple[float, float]] = []
    for at, value in points:
        x, y = times.x(at), scale.y(value)
        if steps and drawn and drawn[-1][1] != y:
            drawn.append((x, drawn[-1][1]))
        drawn.append((x, y))
    return path(*drawn)
