"""One PoP at an OpenStack: what every call needs to know."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openstack.connection import Connection

from adaptors.vim.openstack.clouds import Cloud
from adaptors.vim.openstack.settings import OpenstackSettings
from domain.infrastructure import Resources


@dataclass(frozen=True)
class Place:
    """A PoP, and the cloud that it is in."""

    pop: str
    total: Resources
    settings: OpenstackSettings
    cloud: Cloud
    home: Path

    @property
    def connection(self) -> Connection:
        return self.cloud.connection()

    @property
    def network(self) -> Any:
        """Neutron; the SDK gives its proxies no types."""
        return self.connection.network

    @property
    def compute(self) -> Any:
        """Nova."""
        return self.connection.compute

    @property
    def storage(self) -> Any:
        """Cinder, where the cloud has it."""
        return self.connection.block_storage

    @property
    def project(self) -> str:
        """Its id: an administrator would be shown what others have too."""
        return str(self.connection.current_project_id)

    def offers(self, extension: str) -> bool:
        """Whether Neutron has an extension, by its alias."""
        known = self.cloud.memory.recall("extensions", lambda: {e.alias for e in self.network.extensions()})
        return extension in known
