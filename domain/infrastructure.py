"""The infrastructure document: points of presence (PoPs), the links between them, and their prices."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from domain.models import CURRENCY_PATTERN, Documented, Name
from domain.objectives import Objective
from domain.spelling import hint
from domain.units import BandwidthMbps, DiskGib, LatencyMs, MemoryMib


class Location(Documented):
    """A place on the globe (WGS 84)."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Resources(Documented):
    """What an instance asks for, or what a PoP offers."""

    vcpus: int = Field(ge=0, le=10**12)
    memory: MemoryMib
    disk: DiskGib = 0

    def __add__(self, other: "Resources") -> "Resources":
        return _resources(self.vcpus + other.vcpus, self.memory + other.memory, self.disk + other.disk)

    def fits_in(self, offer: "Resources") -> bool:
        return self.vcpus <= offer.vcpus and self.memory <= offer.memory and self.disk <= offer.disk

    def times(self, count: int) -> "Resources":
        return _resources(self.vcpus * count, self.memory * count, self.disk * count)

    @classmethod
    def of(cls, vcpus: int, memory_mib: int, disk_gib: int) -> "Resources":
        """Resources from plain numbers, which the field parsers refuse because they have no unit."""
        return _resources(vcpus, memory_mib, disk_gib)


def _resources(vcpus: int, memory_mib: int, disk_gib: int) -> Resources:
    """Unchecked: sums of many may be above what a single one may have."""
    return Resources.model_construct(vcpus=vcpus, memory=memory_mib, disk=disk_gib)


Price = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
"""In the document's currency."""


class Prices(Documented):
    """What a PoP charges, in the document's currency."""

    vcpu_hour: Price = 0.0
    memory_gib_hour: Price = 0.0
    disk_gib_hour: Price = 0.0
    licences: dict[Name, Price] = {}
    """Licence -> price for one instance and hour here; what is not named has the infrastructure's price."""


class Energy(Documented):
    """What instances draw at a PoP, and what that costs."""

    watts_per_vcpu: float = Field(default=0.0, ge=0, le=1e6, allow_inf_nan=False)
    watts_per_instance: float = Field(default=0.0, ge=0, le=1e6, allow_inf_nan=False)
    """Whatever its size."""
    price_kwh: Price = 0.0


class VimSettings(Documented):
    """Which VIM runs the PoP and how to reach it. The credential is a name; a worker resolves it."""

    kind: Name
    """The adaptor, such as modelled."""
    credential: str | None = None
    """A name in clouds.yaml, a kubeconfig or the environment of the worker; never the secret itself."""
    settings: dict[str, Any] = {}
    """What only this kind of adaptor knows; the adaptor validates it."""


class Pop(Documented):
    """A point of presence: a place that offers resources through one VIM."""

    vim: VimSettings
    location: Location | None = None
    region: Name | None = None
    capacity: Resources
    capabilities: frozenset[Name] = frozenset()
    prices: Prices = Prices()
    energy: Energy = Energy()


class PhysicalLink(Documented):
    """A link between two PoPs. Full duplex: the bandwidth is that of each direction."""

    between: tuple[Name, Name]
    bandwidth: BandwidthMbps
    latency: LatencyMs
    """One way."""
    price_mbps_hour: Price = 0.0
    """For each reserved Mbit/s."""

    @model_validator(mode="after")
    def _joins_two(self) -> "PhysicalLink":
        if self.between[0] == self.between[1]:
            raise ValueError(f"a link joins two PoPs, but both ends are {self.between[0]!r}")
        return self


class Infrastructure(Documented):
    """The whole of an infrastructure file, `kind: Infrastructure`."""

    api_version: Literal["interlace/v1"]
    kind: Literal["Infrastructure"]
    currency: str = Field(default="EUR", pattern=CURRENCY_PATTERN)
    objective: Objective = "cost"
    """The operator's default; a descriptor may say another."""
    licences: dict[Name, Price] = {}
    """Licence -> price for one instance and hour, at every PoP that does not say another."""
    pops: dict[Name, Pop]
    links: dict[Name, PhysicalLink] = {}


def dangling_link_ends(infrastructure: Infrastructure) -> list[tuple[tuple[str | int, ...], str]]:
    """Link ends that name no PoP, each as (field path, complaint)."""
    return [
        (("links", name, "between", end), f"no PoP {pop!r}; {hint(pop, infrastructure.pops)}")
        for name, link in infrastructure.links.items()
        for end, pop in enumerate(link.between)
        if pop not in infrastructure.pops
    ]
