"""`interlace why-not`: from files and from the catalogue, for people and for programs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from catalogue.documents import read_descriptor
from catalogue.store import Catalogue, open_catalogue
from domain.errors import DocumentError, InterlaceError, UnknownError
from domain.infrastructure import Infrastructure
from interfaces.cli.main import app
from tests.unit.explain_world import SHOP
from tests.unit.placement_world import infra, pop, wire

ROOMY = infra({"a": pop(8, capabilities=["dpdk"])})
TIGHT = infra({"a": pop(1, capabilities=["dpdk"]), "b": pop(8)}, {"ab": wire("a", "b", 1000, 5, price=0.001)})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    url = f"sqlite:///{tmp_path / 'catalogue.db'}"
    monkeypatch.setenv("INTERLACE_CATALOGUE_URL", url)
    monkeypatch.setenv("INTERLACE_HOME", str(tmp_path))
    found = open_catalogue(url)
    yield found
    found.close()


def said(*words: str) -> Result:
    return CliRunner().invoke(app, ["why-not", *words])


def files(tmp_path: Path, where: Infrastructure = TIGHT) -> tuple[str, str]:
    shop, world = tmp_path / "shop.yaml", tmp_path / "infra.yaml"
    shop.write_text(SHOP)
    world.write_text(yaml.safe_dump(where.model_dump(mode="json")))
    return str(shop), str(world)


def test_what_fits(tmp_path: Path) -> None:
    shop, world = files(tmp_path, ROOMY)
    result = said(shop, "--infra", world)
    assert (result.exit_code, result.stdout) == (0, "it fits: 4.0000 EUR per hour\n")


def test_what_does_not_fit(tmp_path: Path) -> None:
    shop, world = files(tmp_path)
    result = said(shop, "--infra", world)
    assert result.exit_code == 1
    assert result.stdout.startswith("these cannot be had together:\n  - gate needs dpdk (only a)\n")
    assert "  - gate needs 2 vcpus and 1 GiB of memory: a has 1 of 1 vcpus free\n" in result.stdout
    assert "  - have 1 vcpu more at a (4.0500 EUR per hour)\n" in result.stdout


def test_for_programs(tmp_path: Path) -> None:
    shop, world = files(tmp_path)
    answer = json.loads(said(shop, "--infra", world, "--json").stdout)
    assert (answer["feasible"], answer["minimal"], answer["cut_short"]) == (False, True, False)
    assert [each["path"] for each in answer["conflict"]] == [
        "components.gate.requires",
        "components.gate.resources",
    ]
    change = answer["relaxations"][0]["changes"][0]
    assert change["document"] in ("service", "infrastructure")
    assert all(way["cost_per_hour"] > 0 for way in answer["relaxations"])


def test_from_the_catalogue_by_name_and_version(store: Catalogue) -> None:
    store.descriptors.onboard(read_descriptor(SHOP.encode(), "shop.yaml"))
    store.infrastructure.apply(ROOMY)
    assert said("shop").exit_code == 0
    assert said("shop:1").exit_code == 0
    assert isinstance(said("shop:2").exception, UnknownError)
    store.infrastructure.apply(TIGHT)
    assert said("shop").exit_code == 1


@pytest.mark.parametrize("words", [("nothing",), ("nothing.yaml",), ("a/b.json",)])
def test_what_is_unknown(store: Catalogue, words: tuple[str, ...]) -> None:
    failure = said(*words).exception
    assert isinstance(failure, InterlaceError)
    assert failure.exit_code == 2


def test_a_wrong_descriptor_is_told_with_its_line(tmp_path: Path) -> None:
    shop, world = files(tmp_path)
    Path(shop).write_text(SHOP.replace("vcpus: 2", "vcpus: many"))
    failure = said(shop, "--infra", world).exception
    assert isinstance(failure, DocumentError)
    assert failure.issues[0].line is not None


@pytest.mark.parametrize("limit", ["0", "nan", "inf", "3601"])
def test_a_time_limit_of_nothing_or_without_end_is_refused(tmp_path: Path, limit: str) -> None:
    assert said(*files(tmp_path)[:1], "--infra", files(tmp_path)[1], "--time-limit", limit).exit_code == 2
