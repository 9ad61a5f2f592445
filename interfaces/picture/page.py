"""A picture as one HTML page that loads nothing: a map to move about in, and what there is to tell of it."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from interfaces.picture import details, palette
from interfaces.picture.elements import Element, element, html
from interfaces.picture.facts import CourseFacts, Topology
from interfaces.picture.legend import Row, Section, heading, sections
from interfaces.picture.scene import Scene, scene_of
from interfaces.picture.shapes import shapes
from interfaces.picture.svg import sample

_HERE = Path(__file__).parent
_ZOOMS = (0.4, 0.5, 0.62, 0.8, 1.0, 1.25, 1.6, 2.1, 3.0, 4.5, 7.0)
"""Magnifications that the map is written for."""
_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What the page may load: only what is in it."""


def page(topology: Topology) -> str:
    """The file's text. Without scripts the map is still there, and tells by its titles."""
    return "<!doctype html>\n" + html(
        element("html", _head(topology), _body(topology, scene_of(topology, _ZOOMS)), lang="en")
    )


def _head(topology: Topology) -> Element:
    style = palette.variables() + palette.map_style() + (_HERE / "page.css").read_text("utf-8")
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_ALLOWED),
        element("title", text=f"{heading(topology)[0]} - topology"),
        element("style", text=style),
    )


def _body(topology: Topology, scene: Scene) -> Element:
    return element(
        "body",
        element("main", _map(scene), _tools(topology), class_="stage"),
        _aside(topology),
        element("script", text=_data(topology), type="application/json", id="told"),
        element("script", text=(_HERE / "page.js").read_text("utf-8")),
    )


def _map(scene: Scene) -> Element:
    return element(
        "svg",
        shapes(scene),
        id="map",
        viewBox=f"0 0 {scene.width:g} {scene.height:g}",
        role="group",
        aria_label="Map: arrow keys go from PoP to PoP, Enter keeps one, plus and minus zoom",
    )


def _tools(topology: Topology) -> Element:
    names = [element("option", value=pop.name) for pop in topology.pops]
    buttons = [
        element("button", text=sign, type="button", id=name, aria_label=says, title=says)
        for sign, name, says in (
            ("+", "closer", "Closer"),
            ("\N{MINUS SIGN}", "further", "Further"),
            ("⤢", "all", "All"),
        )
    ]
    return element(
        "div",
        element(
            "input", id="find", type="search", list="names", placeholder="Find a PoP", aria_label="Find a PoP"
        ),
        element("datalist", *names, id="names"),
        *buttons,
        class_="tools",
    )


def _aside(topology: Topology) -> Element:
    title, subtitle = heading(topology)
    hint = "Point at a PoP or a link to read of it; a click keeps it."
    return element(
        "aside",
        element("h1", text=title),
        element("p", text=subtitle, class_="quiet"),
        element("section", element("p", text=hint, class_="quiet"), id="details", aria_live="polite"),
        *map(_section, sections(topology)),
    )


def _section(section: Section) -> Element:
    return element("section", element("h2", text=section.title), element("ul", *map(_row, section.rows)))


def _row(row: Row) -> Element:
    words = [element("span", text=row.text)]
    if row.detail:
        words.append(element("small", text=row.detail))
    told = element("span", *words, class_="told")
    drawn = _sample(row)
    if row.course is None:
        return element("li", drawn, told)
    box = element("input", type="checkbox", checked="checked", data_course=row.course)
    return element("li", element("label", box, drawn, told))


def _sample(row: Row) -> Element | None:
    parts = [*sample(row, 1, 10)]
    return element("svg", *parts, width=40, height=20, aria_hidden="true") if parts else None


def _data(topology: Topology) -> str:
    """What the script tells, as JSON that cannot end the element it stands in."""
    passing: dict[str, list[CourseFacts]] = defaultdict(list)
    for course in topology.courses:
        for link in {step.link for step in course.steps}:
            passing[link].append(course)
    told = {
        "pops": {pop.name: {"rows": [*details.of_pop(pop, topology.currency)]} for pop in topology.pops},
        "links": dict(_links(topology, passing)),
    }
    return json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")


def _links(topology: Topology, passing: dict[str, list[CourseFacts]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for link in topology.links:
        rows = [*details.of_link(link, topology.currency, passing[link.name])]
        yield link.name, {"ends": link.between, "rows": rows}
