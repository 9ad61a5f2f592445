"""The Kubernetes VIM of one PoP."""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from adaptors.vim.kubernetes.api import Api
from adaptors.vim.kubernetes.calls import Call, Refusal, answering
from adaptors.vim.kubernetes.configuring import Configurer
from adaptors.vim.kubernetes.connection import Connection, connection_to
from adaptors.vim.kubernetes.making import Maker
from adaptors.vim.kubernetes.measuring import measured
from adaptors.vim.kubernetes.networks import Networks
from adaptors.vim.kubernetes.occupancy import occupancy
from adaptors.vim.kubernetes.settings import KubernetesSettings, settings_of
from adaptors.vim.kubernetes.viewing import View
from adaptors.vim.kubernetes.watching import PodWatch
from adaptors.vim.kubernetes.workloads import Workloads
from adaptors.vim.port import Figures, Progress
from domain.errors import InputError
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, PopAccess, VimInstance
from domain.networking import PopNetwork
from domain.steering import ImageTraits


class KubernetesVim:
    """Serves the ports `Vim`, `ConnectedVim` and `MeasuringVim`; all that it knows stands in the cluster."""

    def __init__(
        self, access: PopAccess, settings: KubernetesSettings, connect: Callable[[], Connection], home: Path
    ) -> None:
        self._pop = access.name
        self._realm = settings.realm(access.name)
        self._declared = access.capacity
        self._credential = access.credential or ""
        self._settings = settings
        self._connect = connect
        self._home = home

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        with self._asked("create", f"instance {spec.name}"):
            if spec.pop != self._pop:
                raise Refusal(f"the instance is meant for PoP {spec.pop}")
            progress(f"creating instance {spec.name}")
            ours = spec.model_copy(update={"pop": self._realm})
            return self._maker(progress, f"creating instance {spec.name}").create(ours)

    def read(self, name: str) -> VimInstance | None:
        with self._asked("read", f"instance {name}"):
            return self._view().one(name)

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        wanted = ", ".join(f"{key}={value}" for key, value in tags.items()) or "any tags"
        with self._asked("list", f"instances with {wanted}"):
            return self._view().all(tags)

    def delete(self, name: str, progress: Progress) -> None:
        with self._asked("delete", f"instance {name}"):
            progress(f"deleting instance {name}")
            self._maker(progress, f"deleting instance {name}").delete(name)

    def capacity(self) -> tuple[Resources, Resources]:
        with self._asked("capacity", "the PoP"):
            return occupancy(self._api(), self._realm, self._declared, self._settings)

    def configure(
        self, name: str, config: Mapping[str, str | int | float | bool], progress: Progress
    ) -> None:
        with self._asked("configure", f"instance {name}"):
            progress(f"configuring instance {name}")
            maker = self._maker(progress, f"configuring instance {name}")
            Configurer(maker, self._home).configure(name, config)

    def ailment(self, name: str) -> str | None:
        with self._asked("read", f"instance {name}"):
            return self._view().ailment(name)

    def figures(self, names: Collection[str]) -> dict[str, Figures]:
        with self._asked("read", "metrics"):
            return measured(self._api(), self._view().pods_of_instances(names))

    def traits(self, image: str) -> ImageTraits:
        return self._settings.traits(image)

    def connect(self, name: str, part: PopNetwork, progress: Progress) -> None:
        with self._asked("connect", f"network {name}"):
            self._networks(progress, f"connecting {name}").connect(name, part)

    def disconnect(self, name: str, progress: Progress) -> None:
        with self._asked("disconnect", f"network {name}"):
            self._networks(progress, f"disconnecting {name}").disconnect(name)

    def networks(self) -> frozenset[str]:
        with self._asked("list", "networks"):
            return self._networks().names()

    def unconnected(self, name: str, part: PopNetwork) -> tuple[str, ...]:
        with self._asked("read", f"network {name}"):
            return self._networks().missing(name, part)

    @contextmanager
    def _asked(self, operation: str, resource: str) -> Iterator[None]:
        with answering(Call(self._pop, operation, resource, self._credential)):
            yield

    def _api(self, progress: Progress | None = None, what: str = "") -> Api:
        return Api(self._connect(), self._settings.timeout, progress, what)

    def _view(self) -> View:
        api = self._api()
        return View(api, Workloads(api, self._realm, self._settings), self._settings)

    def _networks(self, progress: Progress | None = None, what: str = "") -> Networks:
        api = self._api(progress, what)
        return Networks(api, Workloads(api, self._realm, self._settings), self._realm)

    def _maker(self, progress: Progress, what: str) -> Maker:
        connection = self._connect()
        return Maker(
            connection, watch_of(connection), self._realm, self._settings, self._home, progress, what
        )


_watches: dict[int, tuple[Connection, PodWatch]] = {}
_lock = threading.Lock()


def watch_of(connection: Connection) -> PodWatch:
    """The one watch of pods over a connection."""
    with _lock:
        if id(connection) not in _watches:
            _watches[id(connection)] = connection, PodWatch(connection)
        return _watches[id(connection)][1]


def open_kubernetes(access: PopAccess, home: Path) -> KubernetesVim:
    """The Kubernetes VIM of a PoP; the cluster is not asked yet."""
    settings, credential = settings_of(access), access.credential
    if credential is None:
        raise InputError(
            f"PoP {access.name}: a Kubernetes needs a credential: the name of a context in the kubeconfig"
        )
    return KubernetesVim(access, settings, lambda: connection_to(credential), home)
