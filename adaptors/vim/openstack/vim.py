"""The OpenStack VIM of one PoP."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TypeVar

from openstack.exceptions import raise_from_response

from adaptors.vim.openstack import connecting, hosting
from adaptors.vim.openstack.attending import Errand, attended
from adaptors.vim.openstack.building import build
from adaptors.vim.openstack.calls import Call, answering
from adaptors.vim.openstack.capacity import capacity_of
from adaptors.vim.openstack.clouds import cloud_of
from adaptors.vim.openstack.images import image_of
from adaptors.vim.openstack.measuring import measured
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.ports import missing_points
from adaptors.vim.openstack.removing import remains, remove
from adaptors.vim.openstack.servers import (
    ailment_of,
    instance_of,
    points_of,
    reconfigured,
    servers_of,
)
from adaptors.vim.openstack.settings import settings_of
from adaptors.vim.port import Figures, Progress
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, PopAccess, VimInstance
from domain.networking import PopNetwork
from domain.steering import ImageTraits

T = TypeVar("T")


class OpenstackVim:
    """Serves the ports `Vim`, `ConnectedVim`, `HostedVim`, `MeasuringVim` and `LeavingVim`.

    What it keeps in memory is its cloud.
    """

    def __init__(self, place: Place, credential: str) -> None:
        self._place = place
        self._credential = credential

    def create(self, spec: InstanceSpec, progress: Progress) -> VimInstance:
        call = self._call("create", _described(spec))
        if spec.pop != self._place.pop:
            raise call.refused(f"the instance is meant for PoP {spec.pop}")
        return self._do(call, progress, lambda errand: build(self._place, spec, errand))

    def read(self, name: str) -> VimInstance | None:
        with answering(self._call("read", f"instance {name}")):
            found = servers_of(self._place.connection, self._place.pop, name)
        return instance_of(found[0]) if found else None

    def list(self, tags: Mapping[str, str]) -> tuple[VimInstance, ...]:
        wanted = ", ".join(f"{key}={value}" for key, value in tags.items()) or "any tags"
        with answering(self._call("list", f"instances with {wanted}")):
            servers = servers_of(self._place.connection, self._place.pop)
        oldest = {each.name: each for each in reversed(servers)}
        found = (instance_of(oldest[name]) for name in sorted(oldest))
        return tuple(each for each in found if tags.items() <= each.tags.items())

    def delete(self, name: str, progress: Progress) -> None:
        call = self._call("delete", f"instance {name}")
        self._do(call, progress, lambda errand: remove(self._place, name, errand))

    def remains(self) -> frozenset[str]:
        with answering(self._call("list", "what instances left")):
            return remains(self._place)

    def capacity(self) -> tuple[Resources, Resources]:
        with answering(self._call("capacity", "the PoP")):
            return capacity_of(self._place)

    def configure(
        self, name: str, config: Mapping[str, str | int | float | bool], progress: Progress
    ) -> None:
        def change(errand: Errand) -> None:
            with self._place.cloud.locks.of(f"{self._place.pop} {name}", errand):
                server = hosting.running(self._place, name)
                wanted = reconfigured(server, config)
                if wanted != server.metadata:
                    _replace_metadata(self._place, server.id, wanted)

        self._do(self._call("configure", f"instance {name}"), progress, change)

    def ailment(self, name: str) -> str | None:
        with answering(self._call("read", f"instance {name}")):
            found = servers_of(self._place.connection, self._place.pop, name)
            if not found:
                return "it is not there"
            ailment = ailment_of(found[0])
            if ailment is not None:
                return ailment
            lost = missing_points(self._place, points_of(found[0]))
        return None if not lost else ", ".join(f"its port {p.connection_point} is not there" for p in lost)

    def figures(self, names: Collection[str]) -> dict[str, Figures]:
        with answering(self._call("read", "diagnostics")):
            return measured(self._place, names)

    def traits(self, image: str) -> ImageTraits:
        with answering(self._call("read", f"image {image}")):
            return image_of(self._place, image).traits

    def connect(self, name: str, part: PopNetwork, progress: Progress) -> None:
        call = self._call("connect", f"network {name}")
        self._do(call, progress, lambda errand: connecting.connect(self._place, name, part, errand))

    def disconnect(self, name: str, progress: Progress) -> None:
        call = self._call("disconnect", f"network {name}")
        self._do(call, progress, lambda errand: connecting.disconnect(self._place, name, errand))

    def networks(self) -> frozenset[str]:
        with answering(self._call("list", "networks")):
            return connecting.networks(self._place)

    def unconnected(self, name: str, part: PopNetwork) -> tuple[str, ...]:
        with answering(self._call("read", f"network {name}")):
            return tuple(connecting.unconnected(self._place, name, part))

    def resize(self, name: str, resources: Resources, progress: Progress) -> str:
        call = self._call("resize", f"instance {name}")
        return self._do(call, progress, lambda errand: hosting.resize(self._place, name, resources, errand))

    def move(self, name: str, live: bool, progress: Progress) -> str:
        call = self._call("move", f"instance {name}")
        return self._do(call, progress, lambda errand: hosting.move(self._place, name, live, errand))

    def _do(self, call: Call, progress: Progress, work: Callable[[Errand], T]) -> T:
        with answering(call):
            return attended(f"{call.operation} of {call.resource}", progress, work)

    def _call(self, operation: str, resource: str) -> Call:
        return Call(self._place.pop, operation, resource, self._credential)


def open_openstack(access: PopAccess, home: Path) -> OpenstackVim:
    """The OpenStack of a PoP; nothing is asked of it yet."""
    settings = settings_of(access)
    credential = str(access.credential)
    cloud = cloud_of(credential, settings.region)
    return OpenstackVim(Place(access.name, access.capacity, settings, cloud, home), credential)


def _described(spec: InstanceSpec) -> str:
    asked = spec.resources
    size = f"{asked.vcpus} vcpus, {asked.memory} MiB memory, {asked.disk} GiB disk"
    return f"instance {spec.name} (image {spec.image}, {size})"


def _replace_metadata(place: Place, server: str, wanted: Mapping[str, str]) -> None:
    """All at once, so that no crash leaves a config half changed; the SDK can only add items."""
    response = place.compute.put(f"/servers/{server}/metadata", json={"metadata": dict(wanted)})
    raise_from_response(response)
