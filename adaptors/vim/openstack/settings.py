"""What an OpenStack PoP may be told in its `vim.settings`."""

from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import Literal

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from domain.errors import InputError
from domain.instances import PopAccess
from domain.models import Model
from domain.units import DurationS

FlavorWay = Literal["find", "create", "nearest"]


class OpenstackSettings(Model):
    """Settings of one OpenStack PoP; the credential, a cloud's name in clouds.yaml, is said beside them."""

    model_config = ConfigDict(strict=True)

    region: str | None = None
    """None: that of clouds.yaml."""
    availability_zone: str | None = None
    """None: the cloud's default."""
    cidr: str = "10.64.0.0/16"
    """Of which each service gets a subnet of its own."""
    subnet_prefix: int = Field(default=24, ge=8, le=29)
    """How large each service's subnet is: 24 is a /24, of about 250 connection points."""
    network: str | None = None
    """An existing network, by name or id, on which all services stand; None: each gets its own."""
    external_network: str | None = None
    """By name or id: where routers lead and floating IPs come from."""
    address: Literal["fixed", "floating"] = "fixed"
    """Which of an instance's addresses others are told."""
    flavors: tuple[FlavorWay, ...] = ("find", "create", "nearest")
    """Ways to a flavour, in the order in which they are tried."""
    images: dict[str, str] = {}
    """Component's image -> name or id in Glance; what is not named is looked for by its own name."""
    volumes: Literal["none", "boot"] = "none"
    """boot: instances that ask for a disk start from a volume of that size."""
    build_timeout: DurationS = 600.0
    delete_timeout: DurationS = 300.0

    @field_validator("flavors", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """YAML and JSON know lists only."""
        return tuple(value) if isinstance(value, list) else value

    @field_validator("cidr")
    @classmethod
    def _network(cls, value: str) -> str:
        try:
            return str(IPv4Network(value))
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            raise ValueError(f"{error}: a pool of addresses looks like 10.64.0.0/16") from None

    @model_validator(mode="after")
    def _sensible(self) -> "OpenstackSettings":
        if IPv4Network(self.cidr).prefixlen > self.subnet_prefix:
            raise ValueError(f"cidr {self.cidr} is smaller than a subnet of it, /{self.subnet_prefix}")
        if self.address == "floating" and self.external_network is None:
            raise ValueError("address: floating needs an external_network to take floating IPs from")
        if not self.flavors:
            raise ValueError("flavors: name at least one of find, create, nearest")
        return self


def settings_of(access: PopAccess) -> OpenstackSettings:
    """The PoP's settings, or an InputError with every field that is wrong."""
    if access.credential is None:
        raise InputError(
            f"PoP {access.name}: an OpenStack needs a credential: the name of a cloud in clouds.yaml"
        )
    try:
        return OpenstackSettings.model_validate(access.settings)
    except ValidationError as error:
        issues = [f"{'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in error.errors()]
        raise InputError(f"PoP {access.name}: settings of OpenStack: {'; '.join(issues)}") from error
