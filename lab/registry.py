"""The labs there are, by name, loaded when one is used."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.port import Lab


@dataclass(frozen=True)
class Number:
    """The one number that a lab may be given, such as how many clouds."""

    name: str
    """Of the option, without dashes, and of the class's argument."""
    default: int
    most: int
    help: str


@dataclass(frozen=True)
class Offer:
    """One lab, as the command line offers it."""

    help: str
    module: str
    kind: str
    """The class, made with the state directory and, where there is one, the number."""
    number: Number | None = None

    def open(self, directory: Path, number: int | None = None) -> "Lab":
        """The lab with its state in a directory; starts nothing.

        :param number: None for the default
        """
        make: Callable[..., Lab] = getattr(import_module(self.module), self.kind)
        if self.number is None:
            return make(directory)
        return make(directory, **{self.number.name: number or self.number.default})


OFFERS = {
    "openstack": Offer(
        "OpenStack: keystone, placement, glance, neutron with service chains, nova with fake hosts.",
        "lab.openstack.lab",
        "OpenstackLab",
        Number("pops", 2, 2, "Clouds, each with two compute hosts."),
    ),
    "kubernetes": Offer(
        "Kubernetes: a control plane built from Debian's source, with three fake nodes, disks and balancers.",
        "lab.kubernetes.lab",
        "KubernetesLab",
    ),
    "terraform": Offer(
        "Terraform, with a provider of its own over a cloud that is a directory of files.",
        "lab.terraform.lab",
        "TerraformLab",
    ),
}
