"""What the tests of the modelled VIM share."""

import time
from pathlib import Path
from typing import Any

from adaptors.vim.port import Progress, Vim
from adaptors.vim.registry import open_vim
from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, PopAccess


def vim_at(home: Path, pop: str = "berlin", vcpus: int = 100, **settings: Any) -> Vim:
    access = PopAccess(name=pop, capacity=Resources.of(vcpus, 100_000, 1000), settings=settings)
    return open_vim("modelled", access, home)


def spec(
    name: str = "web-1", pop: str = "berlin", component: str = "web", vcpus: int = 1, **more: Any
) -> InstanceSpec:
    tags = {"service": "s", "component": component, "instance": name, "operation": "op", "tenant": "t"}
    return InstanceSpec(
        **{
            "name": name,
            "pop": pop,
            "image": "nginx",
            "resources": Resources.of(vcpus, 128, 1),
            "kind": ComponentKind.MICROSERVICE,
            **more,
            "tags": {**tags, **more.get("tags", {})},
        }
    )


def quiet(_: str) -> None:
    """A progress that nobody looks at."""


class Cancelled(Exception):
    """What a progress raises to stop a call."""


def cancelling(after_s: float) -> Progress:
    deadline = time.monotonic() + after_s

    def progress(_: str) -> None:
        if time.monotonic() >= deadline:
            raise Cancelled

    return progress
