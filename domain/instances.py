"""What a VIM is asked to run, what it runs, and how to reach it."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, field_validator

from domain.descriptor import ComponentKind, HealthCheck
from domain.infrastructure import Resources
from domain.models import Model, Name

TAGS = ("service", "component", "instance", "operation", "tenant")
"""The tags that every instance carries, so that what exists can be found after any crash."""


HINTS = frozenset({"listens", "exposed", "single"})
"""Fields of a spec that follow from the service around an instance: that they change makes it no other."""


class InstanceStatus(StrEnum):
    """How an instance stands in its VIM."""

    BUILD = "BUILD"
    RUNNING = "RUNNING"
    DELETING = "DELETING"
    ERROR = "ERROR"


class Listening(Model):
    """A port on which an instance is spoken to, as far as the descriptor says."""

    connection_point: Name
    protocol: Literal["tcp", "udp"]
    port: int = Field(ge=1, le=65535)


class InstanceSpec(Model):
    """One instance to be created; its name is deterministic, so that a retry finds it again."""

    name: str = Field(min_length=1, max_length=255)
    pop: Name
    image: str = Field(min_length=1, max_length=255)
    resources: Resources
    kind: ComponentKind
    config: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """References are resolved already."""
    environment: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, Name] = Field(default_factory=dict)
    """Environment variable -> name of a secret; never the secret itself."""
    connection_points: tuple[Name, ...] = ()
    health_check: HealthCheck | None = None
    """Passed before the instance counts as running."""
    addresses: dict[Name, str] = Field(default_factory=dict)
    """Connection point -> IPv4 address that it must have; its predecessor may have it still."""
    listens: tuple[Listening, ...] = ()
    """From its health check, and from the chains that end in it."""
    exposed: frozenset[Name] = frozenset()
    """Connection points that users reach, by a link to an endpoint."""
    single: bool = False
    """Two of it must never run at once."""
    tags: dict[str, str]

    @field_validator("tags")
    @classmethod
    def _complete(cls, tags: dict[str, str]) -> dict[str, str]:
        missing = [tag for tag in TAGS if tag not in tags]
        if missing:
            raise ValueError(f"tags lack {', '.join(missing)}")
        return tags


Forwarding = Literal["routed", "terminating"]
"""Whether packets pass through an instance, between its two connection points, or end in it."""


class VimPort(Model):
    """A connection point of an instance on its PoP's switch."""

    connection_point: str
    switch_interface: str
    """Its name on the switch: at most 15 characters, unique within the PoP."""
    mac: str
    address: str
    """IPv4; unique within the service, not between services."""


class VimInstance(Model):
    """An instance as its VIM reports it."""

    name: str
    external_id: str
    """The VIM's own identifier."""
    address: str
    """Empty until the VIM has given one; a running instance always has one."""
    status: InstanceStatus
    tags: dict[str, str]
    resources: Resources
    forwarding: Forwarding = "terminating"
    ports: tuple[VimPort, ...] = ()
    """In the order of its connection points; empty where the VIM has no switch to program."""
    sources: tuple[str, ...] = ()
    """CIDRs that its packets come from, as others see them; empty: its address."""


class PopAccess(Model):
    """How an adaptor reaches the VIM of one PoP."""

    name: Name
    capacity: Resources
    settings: dict[str, Any] = Field(default_factory=dict)
    """The adaptor validates them."""
    credential: str | None = None
    """The name of a credential; never the secret itself."""
