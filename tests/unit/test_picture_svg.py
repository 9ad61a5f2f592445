"""The picture as a file: sound, self-contained and safe."""

from xml.etree import ElementTree as ET

from domain.infrastructure import Resources
from domain.records import Usage
from interfaces.picture.facts import InstanceFacts, Topology
from interfaces.picture.svg import svg
from tests.unit.picture_world import drawn, line, public
from tests.unit.placement_world import infra, pop

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>alert('&\")</script>]]>\x00-1"


def classed(root: ET.Element, *names: str) -> list[ET.Element]:
    return [each for each in root.iter() if set(names) <= set(each.get("class", "").split())]


def told(group: ET.Element) -> str:
    return group.findtext(f"{SVG}title") or ""


def hostile() -> Topology:
    """With an instance that no descriptor could name like this."""
    topology = drawn()
    instance = InstanceFacts(service="shop", name=HOSTILE, kind="vnf", resources=Resources.of(1, 1024, 0))
    first = topology.pops[0].model_copy(update={"instances": (instance,)})
    return topology.model_copy(update={"pops": (first, *topology.pops[1:])})


def test_everything_is_there_and_tells_of_itself() -> None:
    root = ET.fromstring(svg(drawn()))
    pops = {each.get("data-pop"): told(each) for each in classed(root, "pop")}
    assert set(pops) == {"a", "b", "c"}
    assert "75 % taken" in pops["b"]
    assert "vCPU: 6 of 8, 2 free" in pops["b"]
    assert "shop/wall-1: vnf, 2 vCPU, 2 GiB" in pops["b"]
    links = {each.get("data-link"): told(each) for each in classed(root, "link")}
    assert "950 Mbit/s of 1 Gbit/s" in links["a-b"]
    assert [told(each).splitlines()[0] for each in classed(root, "course")] == [
        "shop/buying",
        "shop/looking",
        "shop/rows",
    ]
    words = {each.text for each in root.iter(f"{SVG}text")}
    assert {"a", "b", "c", "◆ wall-1", "▸ users", "1.5000 EUR/h", "buying: 4 ms of 20 ms"} <= words


def test_links_and_pops_have_the_colour_of_their_load() -> None:
    root = ET.fromstring(svg(drawn()))
    looks = {each.get("data-link"): each for each in classed(root, "link")}
    assert classed(looks["a-b"], "wire", "load4")
    assert classed(looks["b-c"], "wire", "load0")
    [full] = [each for each in classed(root, "pop") if each.get("data-pop") == "b"]
    assert classed(full, "gauge", "load3")


def test_each_course_has_a_colour_of_its_own_and_chains_show_their_direction() -> None:
    root = ET.fromstring(svg(drawn()))
    chain, other, link = classed(root, "course")
    for number, course in enumerate((chain, other, link)):
        assert classed(course, "lane", f"course{number}")
    assert classed(chain, "head", "course0")
    assert classed(link, "lane", "both")
    assert not classed(link, "head")


def test_a_name_stays_text() -> None:
    text = svg(hostile())
    root = ET.fromstring(text)
    assert "<script" not in text
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>alert('&\")</script>]]>-1" in (each.text or "") for each in root.iter(f"{SVG}text"))


def test_it_asks_for_nothing_from_elsewhere() -> None:
    text = svg(drawn(public("sndlib/germany50")))
    assert text.count("http") == text.count("http://www.w3.org/2000/svg") == 1
    assert "url(" not in text
    assert "href" not in text
    assert text.isascii()


def test_huge_and_tiny_numbers_are_drawn_as_numbers() -> None:
    topology = drawn(line(), Usage(pops={"a": Resources.of(10**9, 10**9, 0)}, links={"a-b": 1e12}))
    root = ET.fromstring(svg(topology))
    numbers = [each.get(name, "") for each in root.iter() for name in ("d", "x", "y", "r", "stroke-width")]
    assert not [each for each in numbers if "n" in each or "e" in each]
    words = " ".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert "1,000,000,000 of 24 vCPU taken" in words
    assert "1,000,000,000 Gbit/s of 2 Gbit/s of all links" in words


def test_a_pop_tells_what_it_sells() -> None:
    sold = pop(
        prices={"vcpu_hour": 0.05, "memory_gib_hour": 0.005, "licences": {"waf": 0.3}},
        energy={"watts_per_vcpu": 12, "price_kwh": 0.25},
        capabilities=["dpdk", "gpu"],
        region="north",
    )
    document = infra({"a": sold}).model_copy(update={"licences": {"waf": 0.5, "nat": 0.1}})
    [told_of_a] = [told(each) for each in classed(ET.fromstring(svg(drawn(document))), "pop")]
    assert told_of_a.splitlines()[5:] == [
        "EUR/h: 0.05 a vCPU, 0.005 a GiB of memory",
        "licences: nat 0.1, waf 0.3",
        "energy: 0.25 EUR/kWh, 12 W a vCPU, 0 W an instance",
        "offers: dpdk, gpu",
        "run by: modelled, region north",
    ]
