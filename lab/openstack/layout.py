"""Where the clouds of one lab keep their files, on which ports they answer, and their passwords."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import SystemRandom

from domain.models import Model
from lab.daemons import port_is_free

APIS = ("keystone", "placement", "glance", "neutron", "nova-api", "cinder")
SHARED = ("mariadb", "rabbitmq", "rabbitmq-peers", "epmd", "memcached")
POPS = (1, 2)
COMPUTES = (1, 2)
DATABASES = ("keystone", "placement", "glance", "neutron", "nova_api", "nova", "nova_cell0", "cinder")

_PORTS = range(20000, 32000)
"""Below those that the kernel gives to clients."""


class Secrets(Model):
    """The passwords of one lab, made when its databases are."""

    admin: str
    service: str
    tenant: str
    database: str
    broker: str

    @classmethod
    def new(cls) -> "Secrets":
        """Others each time."""
        return cls(**{name: secrets.token_urlsafe(12) for name in cls.model_fields})


class Ports(Model):
    """Which port of 127.0.0.1 each service has, by name: "mariadb", "pop1/keystone"."""

    of: dict[str, int]

    @classmethod
    def chosen(cls, names: Iterable[str], before: dict[str, int], kept: Iterable[str]) -> "Ports":
        """As before where that is free or one's own (`kept`), else others that are free now."""
        of: dict[str, int] = {}
        for name in names:
            wanted = before.get(name)
            mine = wanted is not None and (name in kept or port_is_free(wanted))
            of[name] = (
                wanted if wanted is not None and mine else _free(set(of.values()) | set(before.values()))
            )
        return cls(of=of)


def _free(taken: set[int]) -> int:
    return next(
        port
        for port in SystemRandom().sample(_PORTS, len(_PORTS))
        if port not in taken and port_is_free(port)
    )


@dataclass(frozen=True)
class Layout:
    """The paths of one lab."""

    directory: Path

    @property
    def data(self) -> Path:
        """What the clouds remember: databases, images, keys."""
        return self.directory / "data"

    @property
    def settings(self) -> Path:
        """Configuration files, written anew by each `up`."""
        return self.directory / "etc"

    @property
    def log(self) -> Path:
        """What the services write."""
        return self.directory / "log"

    @property
    def clouds_yaml(self) -> Path:
        """For OS_CLIENT_CONFIG_FILE."""
        return self.directory / "clouds.yaml"

    @property
    def ports_file(self) -> Path:
        """Which ports were chosen."""
        return self.directory / "ports.json"

    @property
    def secrets_file(self) -> Path:
        """The passwords that the databases were made with."""
        return self.data / "secrets.json"

    def of_pop(self, pop: int) -> Path:
        """What one cloud remembers outside its databases."""
        return self.data / f"pop{pop}"

    def of_compute(self, pop: int, compute: int) -> Path:
        """The state directory of one fake compute host."""
        return self.of_pop(pop) / f"compute{compute}"

    def settings_of(self, pop: int, service: str) -> Path:
        """The directory of one service's configuration."""
        return self.settings / f"pop{pop}" / service


@dataclass(frozen=True)
class Site:
    """All that configuration depends on."""

    layout: Layout
    environment: Path
    """The Python environment with OpenStack in it."""
    ports: Ports
    secrets: Secrets

    def port(self, name: str, pop: int | None = None) -> int:
        """Of a shared service, or of a PoP's."""
        return self.ports.of[f"pop{pop}/{name}" if pop else name]

    def url(self, pop: int, api: str) -> str:
        """Where an API of a cloud answers, with the path that its catalogue has for it."""
        path = {"keystone": "/v3", "nova-api": "/v2.1", "cinder": "/v3"}.get(api, "")
        return f"http://127.0.0.1:{self.port(api, pop)}{path}"

    def database(self, pop: int, name: str) -> str:
        """The address of a database, as SQLAlchemy takes it."""
        port = self.port("mariadb")
        return f"mysql+pymysql://lab:{self.secrets.database}@127.0.0.1:{port}/pop{pop}_{name}?charset=utf8"

    def broker(self, pop: int) -> str:
        """The address of a cloud's part of the message broker."""
        return f"rabbit://lab:{self.secrets.broker}@127.0.0.1:{self.port('rabbitmq')}/pop{pop}"

    @cached_property
    def bin(self) -> Path:
        """Where OpenStack's commands are."""
        return self.environment / "bin"


def port_names(pops: Iterable[int] = POPS) -> list[str]:
    """Of all that listen."""
    return [*SHARED, *(f"pop{pop}/{api}" for pop in pops for api in APIS)]
