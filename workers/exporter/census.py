"""Who is to be watched: the places of all ACTIVE services, by what is committed of them."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalogue.overview import Standing
from catalogue.store import Catalogue
from domain.deployments import Deployment
from domain.phases import ServiceState


@dataclass(frozen=True)
class Place:
    """An instance, or what stands at an endpoint."""

    service: str
    component: str
    """Or the endpoint."""
    instance: str
    pop: str
    tenant: str
    resource: str
    """Its name in the VIM."""
    vim_kind: str
    vcpus: int
    memory_mib: int

    @property
    def labels(self) -> tuple[str, str, str, str, str]:
        """As `monitoring.exposition.INSTANCE_LABELS` name them."""
        return self.service, self.component, self.instance, self.pop, self.tenant


@dataclass(frozen=True)
class Watched:
    """A service that is ACTIVE."""

    name: str
    tenant: str
    deployment: Deployment
    places: tuple[Place, ...]


class Census:
    """Knows the services; what is large of one is read again only when an operation has changed it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[str, tuple[Standing, Watched]] = {}
        self._lock = threading.Lock()

    def services(self) -> Mapping[str, Watched]:
        """Those that are ACTIVE, by name."""
        with self._lock:
            rows = [row for row in self._catalogue.overview.services() if row.state == ServiceState.ACTIVE]
            self._known = {row.name: known for row in rows if (known := self._of(row)) is not None}
            return {name: watched for name, (_, watched) in self._known.items()}

    def _of(self, row: Standing) -> tuple[Standing, Watched] | None:
        known = self._known.get(row.name)
        if known is not None and known[0] == row:
            return known
        deployment = self._catalogue.services.deployment(row.name)
        if deployment is None:
            return None
        return row, Watched(row.name, row.tenant, deployment, tuple(_places(row, deployment)))


def _places(row: Standing, deployment: Deployment) -> Iterator[Place]:
    for each in deployment.instances:
        yield Place(
            service=row.name,
            component=each.component,
            instance=each.name,
            pop=each.pop,
            tenant=row.tenant,
            resource=each.resource,
            vim_kind=deployment.vim_kinds.get(each.pop, "unknown"),
            vcpus=each.resources.vcpus,
            memory_mib=each.resources.memory,
        )
