"""Infrastructure documents from public topologies."""

import pytest
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
