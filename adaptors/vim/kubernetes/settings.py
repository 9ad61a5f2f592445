"""What a Kubernetes PoP may be told in its `vim.settings`."""

import re
from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from adaptors.vim.kubernetes.naming import label_name
from domain.errors import InputError
from domain.instances import PopAccess
from domain.models import Model
from domain.steering import ImageTraits
from domain.units import DurationS

_PREFIX = re.compile(r"[a-z0-9]([a-z0-9-]{0,29})?")


def _network(value: str) -> str:
    try:
        return str(IPv4Network(value))
    except ValueError as error:
        raise ValueError(f"{error}: a network looks like 10.1.0.0/16") from None


Cidr = Annotated[str, AfterValidator(_network)]


class KubernetesSettings(Model):
    """Settings of one Kubernetes PoP; the credential, a context of the kubeconfig, is said beside them."""

    model_config = ConfigDict(strict=True)

    namespace_prefix: str | None = None
    """Of the namespaces, one for each service and tenant; None: the PoP's name and a hyphen.

    What is made under one prefix is not seen under another: two Interlaces may share a cluster.
    """
    registry: str | None = None
    """Put before images that name no registry, such as registry.example/team."""
    storage_class: str | None = None
    """Where disks come from, as volumes that stay; None: disks are the nodes' own, and go with the pod."""
    disk_path: str = Field(default="/data", pattern=r"^/")
    """Where a volume is mounted."""
    exposure: Literal["cluster", "node-port", "load-balancer"] = "cluster"
    """How connection points that users reach are exposed."""
    address: Literal["cluster-ip", "external"] = "cluster-ip"
    """Which address of an instance others are told."""
    node_selector: dict[str, str] = {}
    """Labels that a node must have to count for this PoP."""
    egress: tuple[Cidr, ...] = ()
    """Beyond the cluster: where instances may speak to, other than by the service's links."""
    sources: tuple[Cidr, ...] = ()
    """Where the instances' packets come from, as other PoPs see them: the nodes', or those of a NAT.

    None said: the addresses of the cluster's nodes, and those that they give to pods.
    """
    functions: dict[str, ImageTraits] = {}
    """What images say of themselves, by `name:version` or by `name` for all of its versions."""
    timeout: DurationS = 10.0
    """Of one call to the API."""
    ready_timeout: DurationS = 300.0
    """How long an instance may take until it is ready, and the last of it until it is gone."""
    scheduling_timeout: DurationS = 10.0
    """How long no node may have room for an instance before it is refused; longer where nodes are added."""
    grace: DurationS = 30.0
    """From SIGTERM to SIGKILL."""

    @field_validator("egress", "sources", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """YAML and JSON know lists only."""
        return tuple(value) if isinstance(value, list) else value

    @field_validator("namespace_prefix")
    @classmethod
    def _label(cls, value: str | None) -> str | None:
        if value and not _PREFIX.fullmatch(value):
            raise ValueError(
                f"{value!r} cannot begin a namespace's name: at most 30 of a-z, 0-9 and -, a - not first"
            )
        return value

    @model_validator(mode="after")
    def _sensible(self) -> "KubernetesSettings":
        if self.address == "external" and self.exposure == "cluster":
            raise ValueError("address: external needs exposure: node-port or load-balancer")
        return self

    def realm(self, pop: str) -> str:
        """Whose objects in the cluster are this PoP's: with another prefix it is another's."""
        prefix = (self.namespace_prefix or "").strip("-")
        return label_name(f"{pop}-{prefix}") if prefix else pop

    def traits(self, image: str) -> ImageTraits:
        """Of an image that nothing is said of, nothing is special."""
        name = image.rpartition(":")[0] or image
        return self.functions.get(image) or self.functions.get(name) or ImageTraits()

    def image(self, image: str) -> str:
        """Where an image is pulled from: its own registry, if it names one."""
        first, slash, _ = image.partition("/")
        own = bool(slash) and (first == "localhost" or "." in first or ":" in first)
        return image if own or self.registry is None else f"{self.registry.rstrip('/')}/{image}"


def settings_of(access: PopAccess) -> KubernetesSettings:
    """The PoP's settings, or an InputError with every field that is wrong."""
    try:
        return KubernetesSettings.model_validate(access.settings)
    except ValidationError as error:
        issues = [f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in error.errors()]
        raise InputError(f"PoP {access.name}: settings of Kubernetes: {'; '.join(issues)}") from error
