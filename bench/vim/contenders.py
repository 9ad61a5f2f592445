"""Who makes instances at a cloud: the adaptor, and a script that does the same by hand."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from adaptors.vim.port import Vim
from bench.vim.traffic import Asked
from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, Listening

POP = "bench"
SIZE = Resources.of(1, 512, 1)
CAPACITY = Resources.of(64, 65536, 640)
LOOK_S = 1.0
"""Between two looks at what is waited for: of the scripts, as of the adaptors."""
SERVICE, COMPONENT, TENANT = "shop", "web", "bench"
PORT = 80


class Contender(Protocol):
    """Has instances of one component of one service, by their numbers; keeps nothing between calls."""

    def create(self, numbers: Sequence[int]) -> None:
        """Make instances at the same time, and wait until all run; what the service stands on, too."""

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete them, and wait until they are gone; all of the service is, with the last. None is fine."""


@dataclass(frozen=True)
class Stage:
    """A cloud, and who is to be measured at it."""

    kind: str
    adaptor: Contender
    script: Contender
    cloud_cpu: Callable[[], float]
    """Seconds that the cloud's own processes have had of a CPU."""
    slow: Callable[[], AbstractContextManager[Contender]]
    """The adaptor, while the cloud takes SLOW_S to build an instance."""
    is_look: Callable[[Asked], bool]
    """Whether somebody who waits lists the cloud's instances."""


SLOW_S = 5.0


class ByAdaptor:
    """As the activities of a service's operation do: each instance by a call of its own, all at once."""

    def __init__(self, vim: Callable[[], Vim], image: str) -> None:
        self._vim = vim
        self._image = image

    def create(self, numbers: Sequence[int]) -> None:
        with ThreadPoolExecutor(len(numbers)) as pool:
            list(pool.map(lambda each: self._vim().create(spec(self._image, each), silent), numbers))

    def delete(self, numbers: Sequence[int]) -> None:
        with ThreadPoolExecutor(len(numbers)) as pool:
            list(pool.map(lambda each: self._vim().delete(_name(each), silent), numbers))


def spec(image: str, number: int) -> InstanceSpec:
    """One instance, which listens."""
    return InstanceSpec(
        name=_name(number),
        pop=POP,
        image=image,
        resources=SIZE,
        kind=ComponentKind.MICROSERVICE,
        config={"workers": 2},
        environment={"MODE": "bench"},
        connection_points=("http",),
        listens=(Listening(connection_point="http", protocol="tcp", port=PORT),),
        tags={
            "service": SERVICE,
            "component": COMPONENT,
            "instance": f"{COMPONENT}-{number}",
            "operation": "bench",
            "tenant": TENANT,
        },
    )


def silent(_: str) -> None:
    """A progress that nobody looks at."""


def _name(number: int) -> str:
    return f"{SERVICE}-{COMPONENT}-{number}-bench"
