"""The picture as a page: in one piece, loading nothing, and safe whatever names it shows."""

import json
import re
from html.parser import HTMLParser
from typing import Any

from domain.infrastructure import Resources
from interfaces.picture.facts import InstanceFacts
from interfaces.picture.page import page
from tests.unit.picture_world import drawn, public

Attributes = dict[str, str | None]


class Reader(HTMLParser):
    """Elements with their attributes, and the texts of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, Attributes]] = []
        self.scripts: list[str] = []
        self._in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_script = tag == "script"

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts.append(data)
            self._in_script = False

    def all(self, tag: str, name: str, value: str | None = None) -> list[Attributes]:
        """Elements that have an attribute, of a value where one is given."""
        found = [attributes for each, attributes in self.elements if each == tag and name in attributes]
        return [each for each in found if value is None or each[name] == value]

    @property
    def told(self) -> dict[str, Any]:
        """What the script has to tell."""
        data: dict[str, Any] = json.loads(self.scripts[0])
        return data


def test_it_loads_nothing() -> None:
    text = page(drawn(public("sndlib/germany50")))
    read = Reader(text)
    loading = {"src", "href", "srcset", "action", "data", "poster", "xlink:href"}
    assert not [each for each in read.elements if loading & set(each[1])]
    assert not {tag for tag, _ in read.elements} & {"link", "iframe", "object", "embed", "img", "base"}
    assert not re.search(r"@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
    [policy] = read.all("meta", "http-equiv", "Content-Security-Policy")
    assert (policy["content"] or "").startswith("default-src 'none';")
    assert text.isascii()


def test_it_tells_of_every_pop_and_link() -> None:
    topology = drawn()
    read = Reader(page(topology))
    assert {each["data-pop"] for each in read.all("g", "class", "pop")} == {"a", "b", "c"}
    told = read.told
    assert set(told["pops"]) == {"a", "b", "c"}
    assert ["GiB memory", "2 of 8, 6 free"] in told["pops"]["b"]["rows"]
    assert ["shop/wall-1", "vnf, 2 vCPU, 2 GiB"] in told["pops"]["b"]["rows"]
    assert told["links"]["a-b"]["ends"] == ["a", "b"]
    assert ["shop/buying", "a → b"] in told["links"]["a-b"]["rows"]
    assert {each["value"] for each in read.all("option", "value")} == {"a", "b", "c"}


def test_each_course_can_be_switched_off() -> None:
    read = Reader(page(drawn()))
    boxes = [each["data-course"] for each in read.all("input", "type", "checkbox")]
    assert boxes == [each["data-course"] for each in read.all("g", "class", "course")] == ["0", "1", "2"]


def test_a_name_ends_no_script_and_starts_none() -> None:
    name = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    topology = drawn()
    instance = InstanceFacts(service="shop", name=name, kind="vnf", resources=Resources.of(1, 1024, 0))
    pops = (topology.pops[0].model_copy(update={"instances": (instance,)}), *topology.pops[1:])
    read = Reader(page(topology.model_copy(update={"pops": pops})))
    assert len(read.all("script", "type", "application/json")) == 1
    assert [tag for tag, _ in read.elements].count("script") == 2
    assert not read.all("img", "src")
    assert [f"shop/{name}", "vnf, 1 vCPU, 1 GiB"] in read.told["pops"]["a"]["rows"]


def test_labels_are_written_for_several_magnifications() -> None:
    read = Reader(page(drawn(public("topozoo/TataNld"))))
    zooms = [float(each["data-zoom"] or 0) for each in read.all("g", "class", "layer")]
    assert zooms == sorted(zooms)
    assert 1.0 in zooms
    assert zooms[0] < 0.5
    assert zooms[-1] > 1
