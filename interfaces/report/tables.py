"""What was decided, raised, noted and not had, as tables; and what it comes to, as a few numbers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from domain.watching import AlarmRecord, Decision
from interfaces.picture.elements import Element, element
from interfaces.report.marks import SORTS, failed, sort_of
from interfaces.report.scales import lasting, said
from interfaces.report.story import Chart, Story

_Tile = tuple[str, str, str, str]
"""What it is of, a number, its unit, and what more there is to say."""
_WORDS = ("No", "", "When", "Policy", "What", "Why", "How it ended")


def decisions_table(story: Story) -> Element:
    """A row for each decision, by the number that it has over the charts."""
    if not story.decisions:
        return element("p", text="The policies began nothing in this time.", class_="quiet")
    rows = [_decided(number, each, story) for number, each in enumerate(story.decisions, start=1)]
    return _table("decisions", _WORDS, rows)


def _decided(number: int, each: Decision, story: Story) -> Element:
    sort = sort_of(each)
    look = f"mark {sort.look}{' failed' if failed(each) else ''}"
    drawn = element(
        "svg",
        element("path", d=sort.shape, class_=look),
        viewBox="-9 -9 18 18",
        width=18,
        height=18,
        role="img",
        aria_label=sort.words,
    )
    return element(
        "tr",
        _cell(f"{number}", "number"),
        element("td", drawn),
        element("td", _clock(each.decided_at, story), class_="when"),
        _cell(each.policy, "name"),
        _cell(each.what, "strong"),
        _cell(each.reason),
        element("td", *_outcome(each)),
    )


def _outcome(each: Decision) -> Iterator[Element]:
    look = "bad" if failed(each) else "good" if each.outcome == "done" else "open"
    yield element("span", text=each.outcome, class_=f"pill {look}")
    if each.ended_at:
        took = lasting((each.ended_at - each.decided_at).total_seconds())
        yield element("span", text=f" after {took}", class_="quiet")
    if each.told:
        yield element("div", text=each.told, class_="quiet")


def alarms_table(story: Story) -> Element:
    """A row for each time that something was wrong."""
    if not story.alarms:
        return element("p", text="No alarm was active in this time.", class_="quiet")
    rows = [_raised(each, story) for each in story.alarms]
    return _table("alarms", ("Since", "For", "Severity", "Kind", "Of", "What is wrong"), rows)


def _raised(each: AlarmRecord, story: Story) -> Element:
    end = each.cleared_at or story.end
    lasted = lasting(max(0.0, (end - each.raised_at).total_seconds()))
    return element(
        "tr",
        element("td", _clock(each.raised_at, story), class_="when"),
        _cell(lasted if each.cleared_at else f"{lasted}, still active", "when"),
        element("td", element("span", text=each.severity, class_=f"pill {each.severity}")),
        _cell(each.kind, "name"),
        _cell(each.subject, "name"),
        _cell(each.words),
    )


def notes_table(story: Story) -> Element | None:
    """What people noted."""
    if not story.notes:
        return None
    rows = [
        element("tr", element("td", _clock(each.at, story), class_="when"), _cell(each.text))
        for each in story.notes
    ]
    return _table("notes", ("When", "Noted"), rows)


def gaps_list(story: Story) -> Element | None:
    """What could not be had, folded where it is much."""
    if not story.gaps:
        return None
    lines = [
        element(
            "li", element("span", text=words), element("span", text=f" at {count} moments", class_="quiet")
        )
        for words, count in story.gaps
    ]
    summary = element("summary", text=f"What could not be had ({len(lines)})")
    return element("details", summary, element("ul", *lines), class_="gaps")


def tiles(story: Story) -> Element:
    """What it comes to."""
    found = [*_measured(story.charts), *_done(story)]
    return element("dl", *(_tile(*each) for each in found), class_="tiles")


def _measured(charts: Iterable[Chart]) -> Iterator[_Tile]:
    for chart in charts:
        curve = next((each for each in chart.curves if each.values), None)
        if curve is None or chart.title not in ("Load", "Instances", "Latency", "Processor"):
            continue
        low, high = min(curve.values), max(curve.values)
        unit = "%" if chart.unit.startswith("%") else chart.unit
        if chart.title == "Instances":
            yield f"{chart.title} of {curve.name}", f"{low:g} to {high:g}", "", _hours(curve.points)
        else:
            yield f"{chart.title} of {curve.name}", said(high), unit, f"at most; at least {said(low)}"


def _hours(points: Sequence[tuple[float, float | None]]) -> str:
    total = sum((later - at) * (value or 0.0) for (at, value), (later, _) in pairwise(points)) / 3600
    return f"{total:.1f} instance-hours" if total >= 1 else f"{total * 60:.1f} instance-minutes"


def _done(story: Story) -> Iterator[_Tile]:
    sorts = Counter(sort_of(each).words for each in story.decisions if not failed(each))
    words = ", ".join(f"{sorts[sort.words]} {sort.words}" for sort in SORTS if sorts[sort.words])
    bad = sum(map(failed, story.decisions))
    told = f"{words}{'; ' if words and bad else ''}{f'{bad} came to nothing' if bad else ''}"
    yield "Decisions", f"{len(story.decisions)}", "", told or "nothing was begun"
    active = sum(each.cleared_at is None for each in story.alarms)
    yield "Alarms", f"{len(story.alarms)}", "", f"{active} still active"


def _tile(name: str, number: str, unit: str, words: str) -> Element:
    return element(
        "div",
        element("dt", text=name),
        element("dd", element("span", text=number, class_="big"), element("span", text=unit, class_="unit")),
        element("dd", text=words, class_="quiet"),
    )


def _clock(at: datetime, story: Story) -> Element:
    same = story.start.date() == story.end.date()
    return element("time", text=f"{at:%H:%M:%S}" if same else f"{at:%m-%d %H:%M:%S}", datetime=at.isoformat())


def _cell(text: str, look: str | None = None) -> Element:
    return element("td", text=text, class_=look)


def _table(look: str, heads: Sequence[str], rows: Sequence[Element]) -> Element:
    head = element("thead", element("tr", *(element("th", text=each, scope="col") for each in heads)))
    return element("div", element("table", head, element("tbody", *rows), class_=look), class_="wide")
