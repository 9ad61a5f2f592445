"""A story as one HTML page that loads nothing; by day, by night and on paper."""

import json
from collections.abc import Iterator
from pathlib import Path

from interfaces.picture import palette
from interfaces.picture.elements import Element, element, html
from interfaces.report.drawing import LEFT, RIGHT, alarms_drawing, chart_drawing, decisions_drawing
from interfaces.report.marks import SORTS, sort_of
from interfaces.report.scales import WIDTH, Times, lasting, said
from interfaces.report.story import Chart, Curve, Story
from interfaces.report.tables import alarms_table, decisions_table, gaps_list, notes_table, tiles

_HERE = Path(__file__).parent
_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What the page may load: only what is in it."""


def page(story: Story) -> str:
    """The file's text. Without scripts all of it is still there."""
    return "<!doctype html>\n" + html(element("html", _head(story), _body(story), lang="en"))


def _head(story: Story) -> Element:
    colours = palette.variables() + palette.by_day("print")
    style = colours + (_HERE / "report.css").read_text("utf-8")
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_ALLOWED),
        element("title", text=f"{story.service}: {_period(story)}"),
        element("style", text=style),
    )


def _body(story: Story) -> Element:
    times = Times(story.start.timestamp(), story.end.timestamp())
    return element(
        "body",
        element(
            "main",
            element(
                "header", element("h1", text=story.service), element("p", text=_about(story), class_="quiet")
            ),
            tiles(story),
            element("section", *_charts(story, times), class_="charts"),
            _section("Decisions", decisions_table(story)),
            _section("Alarms", alarms_table(story)),
            _section("Notes", notes_table(story)),
            gaps_list(story),
            element("footer", text="Made by interlace policies. Times are UTC.", class_="quiet"),
        ),
        element("script", text=_data(story, times), type="application/json", id="told"),
        element("script", text=(_HERE / "report.js").read_text("utf-8")),
    )


def _period(story: Story) -> str:
    same = story.start.date() == story.end.date()
    until = f"{story.end:%H:%M:%S}" if same else f"{story.end:%Y-%m-%d %H:%M:%S}"
    return f"{story.start:%Y-%m-%d %H:%M:%S} to {until} UTC"


def _about(story: Story) -> str:
    span = lasting((story.end - story.start).total_seconds())
    return f"{_period(story)} ({span}) \N{MIDDLE DOT} tenant {story.tenant} \N{MIDDLE DOT} {story.source}"


def _charts(story: Story, times: Times) -> Iterator[Element]:
    if story.decisions or story.notes:
        yield _figure("Decisions", "", _sorts(story), decisions_drawing(story, times))
    for number, chart in enumerate(story.charts):
        yield _figure(
            chart.title,
            chart.unit or chart.expression,
            _legend(chart, number),
            chart_drawing(chart, story, times),
        )
    if not story.charts:
        yield element("p", text="Nothing was measured in this time.", class_="quiet")
    if (drawn := alarms_drawing(story, times)) is not None:
        yield _figure("Alarms", "", [], drawn)


def _figure(title: str, unit: str, legend: list[Element], drawn: Element) -> Element:
    words = [element("b", text=title)]
    if unit:
        words.append(element("span", text=unit, class_="unit"))
    caption = element("figcaption", *words, element("span", *legend, class_="legend"))
    return element("figure", caption, drawn)


def _sorts(story: Story) -> list[Element]:
    """What the marks mean that there are."""
    there = {sort_of(each) for each in story.decisions}
    return [
        _key(
            element("path", d=sort.shape, class_=f"mark {sort.look}", transform="translate(10 9)"), sort.words
        )
        for sort in SORTS
        if sort in there
    ]


def _legend(chart: Chart, number: int) -> list[Element]:
    """Each curve with its last value, in whose place a script puts that under the pointer."""
    keys = [_of_curve(curve, f"{number}.{place}") for place, curve in enumerate(chart.curves)]
    hues = dict.fromkeys(each.hue % palette.COURSES for each in chart.levels)
    lines = [element("path", class_=f"level hue{hue}", d="M1 9H27") for hue in list(hues)[:1]]
    return keys + [_key(line, "policies and limits") for line in lines]


def _of_curve(curve: Curve, place: str) -> Element:
    look = f"curve hue{curve.hue % palette.COURSES}{' faint' if curve.faint else ''}"
    line = element("path", class_=look, d="M1 9H27", stroke_dasharray=palette.dash(curve.hue))
    last = said(curve.values[-1]) if curve.values else "no value"
    return _key(line, curve.name, element("output", text=last, data_curve=place))


def _key(drawn: Element, words: str, more: Element | None = None) -> Element:
    sample = element("svg", drawn, width=28, height=18, viewBox="0 0 28 18", aria_hidden="true")
    return element("span", sample, element("span", text=words), more, class_="key")


def _section(title: str, inside: Element | None) -> Element | None:
    return element("section", element("h2", text=title), inside) if inside is not None else None


def _data(story: Story, times: Times) -> str:
    """What the script tells, as JSON that cannot end the element it stands in."""
    told = {
        "times": [times.start, times.end],
        "left": LEFT,
        "width": WIDTH,
        "whole": LEFT + WIDTH + RIGHT,
        "charts": [[_points(curve) for curve in chart.curves] for chart in story.charts],
    }
    return json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")


def _points(curve: Curve) -> list[tuple[float, str | None]]:
    return [(round(at, 1), None if value is None else said(value)) for at, value in curve.points]
