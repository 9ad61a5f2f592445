"""Infrastructure documents from public topologies."""

from math import asin, cos, radians, sin, sqrt

import pytest
import topohub
import yaml

from catalogue.documents import read_infrastructure
from domain.errors import InputError, UnknownError
from lab.topologies import generate


@pytest.mark.parametrize("kind", ["modelled", "emulator"])
def test_the_kind_of_vim_is_that_of_every_pop(kind: str) -> None:
    document = generate("sndlib/abilene", vim=kind)
    read = read_infrastructure(yaml.safe_dump(document).encode(), "generated")
    assert {pop.vim.kind for pop in read.pops.values()} == {kind}
    assert not any(pop.vim.settings for pop in read.pops.values())


def test_a_delay_is_a_setting_of_modelled_vims_only() -> None:
    delayed = generate("sndlib/abilene", "2 s")
    assert all(pop["vim"]["settings"] == {"create_delay": "2 s"} for pop in delayed["pops"].values())
    with pytest.raises(InputError, match="create_delay is for modelled"):
        generate("sndlib/abilene", "2 s", "emulator")


def test_a_topology_that_does_not_exist_is_told() -> None:
    with pytest.raises(UnknownError, match="no topology 'sndlib/atlantis'"):
        generate("sndlib/atlantis")


def test_places_without_a_name_carry_links_and_hold_nothing() -> None:
    document = read_infrastructure(yaml.safe_dump(generate("backbone/europe")).encode(), "generated")
    bends = [pop for name, pop in document.pops.items() if name.startswith("waypoint")]
    assert (len(document.pops), len(document.links), len(bends)) == (852, 1287, 275)
    assert not any(pop.capacity.vcpus or pop.capacity.memory or pop.capacity.disk for pop in bends)


@pytest.mark.parametrize(
    "topology",
    [
        "gabriel/5/9",
        "gabriel/25/0",
        "gabriel/500/1",
        "sndlib/norway",
        "sndlib/newyork",
        "sndlib/polska",
        "topozoo/Geant2012",
        "backbone/africa",
        "caida/2024-08/1103",
    ],
)
def test_what_is_generated_of_each_family_is_an_infrastructure(topology: str) -> None:
    document = read_infrastructure(yaml.safe_dump(generate(topology)).encode(), "generated.yaml")
    known = topohub.get(topology)
    assert (len(document.pops), len(document.links)) == (len(known["nodes"]), len(known["edges"]))
    assert all(pop.location for pop in document.pops.values())


@pytest.mark.parametrize("topology", ["gabriel/5/9", "gabriel/100/0", "sndlib/norway", "sndlib/di-yuan"])
def test_a_drawn_plane_is_laid_on_the_globe_without_being_distorted(topology: str) -> None:
    document = read_infrastructure(yaml.safe_dump(generate(topology)).encode(), "generated.yaml")
    for link in document.links.values():
        one, other = (document.pops[end].location for end in link.between)
        assert one and other
        km = _distance_km((one.latitude, one.longitude), (other.latitude, other.longitude))
        assert link.latency == pytest.approx(km / 200, rel=0.02, abs=0.002)


def test_lengths_of_a_gabriel_graph_are_those_that_it_has() -> None:
    known = topohub.get("gabriel/25/0")
    latencies = [
        float(link["latency"].removesuffix(" ms")) for link in generate("gabriel/25/0")["links"].values()
    ]
    assert latencies == pytest.approx([edge["dist"] / 200 for edge in known["edges"]], abs=0.001)


@pytest.mark.parametrize(
    ("wrong", "right"), [("sndlib/germany5", "sndlib/germany50"), ("topozoo/geant2012", "topozoo/Geant2012")]
)
def test_a_misspelt_topology_is_told_with_what_was_perhaps_meant(wrong: str, right: str) -> None:
    with pytest.raises(UnknownError, match=f"no topology {wrong!r}; did you mean {right!r}"):
        generate(wrong)


def _distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Along a great circle."""
    (a, b), (c, d) = (map(radians, each) for each in (one, other))
    return 2 * 6371.0 * asin(sqrt(sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2))
