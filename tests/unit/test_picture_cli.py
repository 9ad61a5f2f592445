"""`interlace topology`: what it draws, and what it says where it cannot."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from domain.names import OperationKind
from lab.topologies import generate
from tests.forked import interlace
from tests.unit.cli_world import active, begin, catalogue_at
from tests.unit.planned_world import World


def told(home: Path, *words: str) -> dict[str, Any]:
    done = interlace(home, "topology", *words, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def young(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose one service is only being made."""
    home = tmp_path_factory.mktemp("young")
    store = catalogue_at(home)
    begin(store, "young")
    store.close()
    return home


def test_what_is_applied_is_drawn(tmp_path: Path) -> None:
    store = catalogue_at(tmp_path)
    active(store)
    active(store, "other", "op-2")
    store.close()
    file = tmp_path / "map.svg"
    done = interlace(tmp_path, "topology", "--service", "shop", "-o", file)
    assert (done.returncode, done.stdout) == (0, f"wrote {file}: 1 PoPs, 0 links\n")
    assert ET.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"
    [north] = told(tmp_path, "--service", "shop")["pops"]
    assert [(each["service"], each["name"]) for each in north["instances"]] == [
        ("shop", "users"),
        ("shop", "web-1"),
    ]
    assert north["others"] == {"other": 1}


def test_a_document_is_drawn_without_being_applied(tmp_path: Path) -> None:
    document = tmp_path / "europe.yaml"
    document.write_text(yaml.safe_dump(generate("topozoo/Abilene")))
    found = told(tmp_path, "--infra", str(document), "-o", str(tmp_path / "map.html"))
    assert len(found["pops"]) == 11
    assert found["totals"]["used"]["vcpus"] == 0
    assert found["written"] == str(tmp_path / "map.html")
    assert (tmp_path / "map.html").read_text().startswith("<!doctype html>")


def test_a_plan_is_drawn_with_what_comes_and_what_goes(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.operate(OperationKind.INSTANTIATE)
    order = world.order(OperationKind.MIGRATE, moves={"database-1": "west"})
    brief = world.make(world.survey(order))
    world.catalogue.close()
    found = told(tmp_path, "--plan", brief.plan_id)
    becoming = {
        (each["name"], pop["name"]): each["becoming"] for pop in found["pops"] for each in pop["instances"]
    }
    assert becoming["database-1", "west"] == "comes"
    assert becoming["database-1", "north"] == "goes"
    assert becoming["balancer-1", "north"] == "stays"
    pops = {pop["name"]: pop for pop in found["pops"]}
    used = {name: (pop["used_before"] or pop["used"])["vcpus"] for name, pop in pops.items()}
    assert used == {"north": 4, "south": 0, "west": 0}
    assert {name: pop["used"]["vcpus"] for name, pop in pops.items()} == {"north": 3, "south": 0, "west": 1}
    assert found["services"][0]["cost_before"] == first.cost_after
    done = told(tmp_path, "--plan", first.plan_id)
    assert {each["becoming"] for pop in done["pops"] for each in pop["instances"]} == {"comes"}
    assert {pop["name"]: pop["used"]["vcpus"] for pop in done["pops"]}["north"] == 4


def test_a_plan_that_is_over_is_drawn_and_said_to_be(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = world.operate(OperationKind.INSTANTIATE)
    brief = world.make(world.survey(world.order(OperationKind.MIGRATE, moves={"database-1": "west"})))
    file = tmp_path / "map.svg"
    fresh = interlace(tmp_path, "topology", "--plan", brief.plan_id, "-o", file)
    assert (fresh.returncode, fresh.stdout) == (0, f"wrote {file}: 3 PoPs, 2 links\n")
    world.operate(OperationKind.SCALE, component="web", by=1)
    world.catalogue.close()
    for plan, words in (
        (brief.plan_id, "cannot be applied: s1 was changed since, it is at revision 2 now"),
        (first.plan_id, "taken by operation "),
    ):
        done = interlace(tmp_path, "topology", "--plan", plan, "-o", file)
        assert done.returncode == 0
        wrote, note = done.stdout.splitlines()
        assert wrote.startswith("wrote ")
        assert note.startswith(f"note: {plan} is drawn as it was made: {words}")
        assert words in " ".join(ET.parse(file).getroot()[0].itertext())
        assert told(tmp_path, "--plan", plan)["plan"]["over"].startswith(words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say what to write: -o FILE.svg, -o FILE.html or --json"),
        (("-o", "map.png"), "map.png: a picture is written as .svg or .html"),
        (("-o", "map"), "map: a picture is written as .svg or .html"),
        (("-o", "/nowhere/map.svg"), "cannot write /nowhere/map.svg: No such file or directory"),
        (("-o", "map.svg", "--service", "shop", "--plan", "plan-1"), "exclude each other"),
        (("-o", "map.svg", "--infra", "/nowhere.yaml"), "cannot read /nowhere.yaml"),
        (("-o", "map.svg", "--plan", "plan-1"), "no plan 'plan-1'"),
        (("-o", "map.svg", "--service", "shpo"), "no service 'shpo'"),
        (("-o", "map.svg", "--service", "young"), "service young is INSTANTIATING and has no placement yet"),
    ],
)
def test_what_cannot_be_drawn_is_told(young: Path, words: tuple[str, ...], message: str) -> None:
    done = interlace(young, "topology", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_without_an_infrastructure_there_is_nothing_to_draw(tmp_path: Path) -> None:
    done = interlace(tmp_path, "topology", "-o", tmp_path / "map.svg")
    assert done.returncode == 2
    assert "no infrastructure yet" in done.stderr
    empty = tmp_path / "empty.yaml"
    empty.write_text("{api_version: interlace/v1, kind: Infrastructure, pops: {}}")
    done = interlace(tmp_path, "topology", "--infra", empty, "-o", tmp_path / "map.svg")
    assert done.returncode == 2
    assert "has no PoPs" in done.stderr
    assert not (tmp_path / "map.svg").exists()
