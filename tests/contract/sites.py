"""One PoP of each kind of VIM, as the contract suite needs it."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from adaptors.machine.place import Place
from adaptors.vim.emulator.running import status_of
from adaptors.vim.emulator.workspace import Workspace
from adaptors.vim.modelled.deeds import crash, vanish
from adaptors.vim.modelled.faults import Fault, Faults
from adaptors.vim.port import Progress, Vim
from adaptors.vim.registry import open_vim
from domain.errors import VimUnavailableError
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, PopAccess, VimInstance
from domain.steering import ImageTraits
from tests.contract import emulated, kubernetes_site, openstack_site, terraform_site
from tests.real.labs import running

POP = "berlin"
TOTAL = Resources.of(4, 4096, 40)


@dataclass(frozen=True)
class Site:
    """One PoP under test, of TOTAL capacity."""

    open: Callable[[], Vim]
    """A new handle on the same PoP, as another worker would have."""
    image: str
    lose_next_answer: Callable[[str], None]
    """Let the next call of an operation (create or delete) take effect and its answer be lost."""
    slow: Callable[[], Vim]
    """A handle whose creates and deletes wait for at least 1 s."""
    crash: Callable[[str], object]
    """Let the instance of that name fail by itself."""
    vanish: Callable[[str], object] | None = None
    """Delete the instance of that name behind everybody's back; None where only we could."""
    keeps_addresses: bool = True
    """Whether an address can be given that another instance has still."""
    wrong: Callable[[], Vim] | None = None
    """A handle with a credential called `wrong`, which its VIM refuses; None where it needs none."""
    refuses_too_many: bool = False
    """Whether of those that come at once more may be refused than do not fit."""
    away: Callable[[], Vim] | None = None
    """A handle on a VIM that does not answer."""


Making = Callable[[Path], AbstractContextManager[Site]]


class Forgetful:
    """A VIM the answers to whose calls may be lost after they took effect."""

    def __init__(self, vim: Vim, lost: list[str]) -> None:
        self._vim = vim
        self._lost = lost

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        made = self._vim.create(spec, progress)
        self._answer("create", spec.name)
        return made

    def read(self, name: str) -> VimInstance | None:
        return self._vim.read(name)

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        return self._vim.list(tags)

    def delete(self, name: str, progress: Progress) -> None:
        self._vim.delete(name, progress)
        self._answer("delete", name)

    def capacity(self) -> tuple[Resources, Resources]:
        return self._vim.capacity()

    def configure(
        self, name: str, config: Mapping[str, str | int | float | bool], progress: Progress
    ) -> None:
        self._vim.configure(name, config, progress)

    def ailment(self, name: str) -> str | None:
        return self._vim.ailment(name)

    def traits(self, image: str) -> ImageTraits:
        return self._vim.traits(image)

    def _answer(self, operation: str, name: str) -> None:
        if operation in self._lost:
            self._lost.remove(operation)
            raise VimUnavailableError(f"PoP {POP}: the answer to {operation} of {name} was lost")


@contextmanager
def modelled(home: Path) -> Iterator[Site]:
    """A record of a PoP."""

    def opened(**settings: Any) -> Vim:
        return open_vim("modelled", PopAccess(name=POP, capacity=TOTAL, settings=settings), home)

    def lose(operation: str) -> None:
        Faults(home).add(Fault.model_validate({"kind": "lost", "operation": operation, "times": 1}))

    def away() -> Vim:
        Faults(home).add(Fault.model_validate({"kind": "outage"}))
        return opened()

    yield Site(
        opened,
        "nginx",
        lose,
        lambda: opened(create_delay="1 s", delete_delay="1 s"),
        lambda name: crash(home, POP, name, "kernel panic"),
        vanish=lambda name: vanish(home, POP, name),
        away=away,
    )


def emulator(datapath: str) -> Making:
    """A PoP of this machine."""

    @contextmanager
    def made(home: Path) -> Iterator[Site]:
        emulated.require(home, datapath)
        directory = emulated.add_function(home, "worker", **emulated.WORKER)
        emulated.add_secret(home)
        lost: list[str] = []

        def opened() -> Vim:
            access = PopAccess(name=POP, capacity=TOTAL, settings={"datapath": datapath})
            return Forgetful(open_vim("emulator", access, home), lost)

        def slow() -> Vim:
            (directory / "slow").touch()
            return opened()

        def end_process(name: str) -> None:
            status = status_of(Workspace.of(Place.of(home), name))
            assert status is not None
            os.kill(status.pid, signal.SIGKILL)
            assert emulated.eventually(lambda: opened().ailment(name) is not None)

        with emulated.swept(home):
            yield Site(opened, "worker", lost.append, slow, end_process)

    return made


@contextmanager
def openstack(home: Path) -> Iterator[Site]:
    """A project of its own at a real OpenStack."""
    clouds = Path(running("openstack").environment["OS_CLIENT_CONFIG_FILE"])
    with openstack_site.tenancy(home, clouds, "pop2") as tenancy:
        entry = openstack_site.read_clouds(home)[tenancy.credential]
        wrong = {**entry, "auth": {**entry["auth"], "password": "not-this"}}
        nowhere = {**entry, "auth": {**entry["auth"], "auth_url": "http://127.0.0.1:9/v3"}}
        openstack_site.write_clouds(home, {"wrong": wrong, "away": nowhere})
        yield Site(
            tenancy.open,
            tenancy.image,
            tenancy.lose_next_answer,
            tenancy.open,
            tenancy.crash,
            vanish=tenancy.delete_by_hand,
            keeps_addresses=False,
            refuses_too_many=True,  # Nova counts again when all six have begun
            wrong=lambda: tenancy.of_credential("wrong"),
            away=lambda: tenancy.of_credential("away"),
        )


@contextmanager
def kubernetes(home: Path) -> Iterator[Site]:
    """Namespaces of its own at a real Kubernetes."""
    lab = Path(running("kubernetes").environment["KUBECONFIG"])
    with kubernetes_site.cluster_site(home, _with_an_absent_cluster(lab, home)) as cluster:
        cluster.add_quota(requests_cpu=str(TOTAL.vcpus), requests_memory=f"{TOTAL.memory}Mi")
        lost: list[str] = []
        yield Site(
            lambda: Forgetful(cluster.open(), lost),
            kubernetes_site.IMAGE,
            lost.append,
            lambda: Forgetful(cluster.slow(), lost),
            cluster.crash,
            vanish=cluster.delete_by_hand,
            keeps_addresses=False,
            wrong=lambda: cluster.open(credential="lab-wrong"),
            away=lambda: cluster.open(credential="away"),
        )


def _with_an_absent_cluster(kubeconfig: Path, home: Path) -> Path:
    """The same contexts, and one called `away`, at whose address nobody listens."""
    config = yaml.safe_load(kubeconfig.read_text())
    config["clusters"].append({"name": "away", "cluster": {"server": "https://127.0.0.1:9"}})
    user = config["users"][0]["name"]
    config["contexts"].append({"name": "away", "context": {"cluster": "away", "user": user}})
    path = home / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


@contextmanager
def terraform(home: Path) -> Iterator[Site]:
    """A cloud of its own that a real Terraform fills."""
    site = terraform_site.TerraformSite(home)
    lost: list[str] = []

    def away() -> Vim:
        site.away()
        return site.open()

    yield Site(
        lambda: Forgetful(site.open(), lost),
        terraform_site.IMAGE,
        lost.append,
        lambda: Forgetful(site.slow(), lost),
        site.crash,
        vanish=site.delete_by_hand,
        keeps_addresses=False,
        away=away,
    )


SITES: dict[str, Making] = {
    "modelled": modelled,
    "emulator-nft": emulator("nft"),
    "emulator-ovs": emulator("ovs"),
}
REAL_SITES: dict[str, Making] = {"openstack": openstack, "kubernetes": kubernetes, "terraform": terraform}
"""Those that are too slow for every run, or need a lab that is not there in a second."""
