"""What others use of a cloud is read from its VIM, and told."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from activities.others import OthersUse, used_by_others
from activities.pops import Pops
from adaptors.vim.port import Vim
from catalogue.store import Catalogue, open_catalogue
from domain.errors import VimUnavailableError
from domain.infrastructure import Infrastructure, Resources
from domain.instances import InstanceStatus, VimInstance
from domain.names import CLOUD_KINDS

DECLARED = Resources.of(16, 16_384, 100)


class FakeCloud:
    """As much of the port `Vim` as tells capacity: ours are of 2 vcpus each."""

    def __init__(self, total: Resources, used: Resources, ours: int) -> None:
        self.total, self.used, self.ours = total, used, ours
        self.asked = 0
        self.away = False

    def capacity(self) -> tuple[Resources, Resources]:
        if self.away:
            raise VimUnavailableError("PoP cloud: capacity: no route to host")
        self.asked += 1
        return self.total, self.used

    def list(self, _: Any) -> tuple[VimInstance, ...]:
        return tuple(
            VimInstance(
                name=f"shop-web-{number}",
                external_id=str(number),
                address="192.0.2.1",
                status=InstanceStatus.RUNNING,
                tags={},
                resources=Resources.of(2, 1024, 0),
            )
            for number in range(self.ours)
        )


class CloudPops(Pops):
    """Pops all of whose VIMs are one fake cloud."""

    cloud: Any = None

    def vim(self, pop: str) -> Vim:
        assert pop == "cloud"
        found: Vim = self.cloud
        return found


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with closing(open_catalogue(f"sqlite:///{tmp_path / 'catalogue.db'}")) as store:
        capacity = {"vcpus": 16, "memory": "16 GiB", "disk": "100 GiB"}
        store.infrastructure.apply(
            Infrastructure.model_validate(
                {
                    "api_version": "interlace/v1",
                    "kind": "Infrastructure",
                    "pops": {
                        "cloud": {"vim": {"kind": CLOUD_KINDS[0]}, "capacity": capacity},
                        "record": {"vim": {"kind": "modelled"}, "capacity": capacity},
                    },
                }
            )
        )
        yield store


@pytest.mark.parametrize(
    ("total", "used", "ours", "others"),
    [
        (DECLARED, Resources.of(4, 2048, 0), 2, Resources.of(0, 0, 0)),
        (DECLARED, Resources.of(7, 4096, 10), 2, Resources.of(3, 2048, 10)),
        (Resources.of(12, 16_384, 100), Resources.of(4, 2048, 0), 2, Resources.of(4, 0, 0)),
        (Resources.of(64, 65_536, 1000), Resources.of(2, 1024, 0), 2, Resources.of(0, 0, 0)),
    ],
    ids=["only ours", "others' too", "less there than declared", "more there than declared"],
)
def test_what_nobody_of_ours_uses_is_others(
    total: Resources, used: Resources, ours: int, others: Resources
) -> None:
    assert used_by_others(FakeCloud(total, used, ours), DECLARED) == others  # type: ignore[arg-type]


def test_clouds_are_asked_at_most_once_in_a_while_and_keep_what_was_read(catalogue: Catalogue) -> None:
    pops = CloudPops(catalogue, Path())
    pops.cloud = FakeCloud(DECLARED, Resources.of(7, 4096, 10), 2)
    others = OthersUse(catalogue, pops)
    others.refresh()
    others.refresh()
    assert pops.cloud.asked == 1
    used = catalogue.infrastructure.usage().pops
    assert (used["cloud"].vcpus, used["record"].vcpus) == (3, 0)
    pops.cloud.away = True
    OthersUse(catalogue, pops).refresh()
    assert catalogue.infrastructure.others()["cloud"].vcpus == 3


def test_without_an_infrastructure_nobody_is_asked(tmp_path: Path) -> None:
    with closing(open_catalogue(f"sqlite:///{tmp_path / 'empty.db'}")) as store:
        OthersUse(store, CloudPops(store, tmp_path)).refresh()
