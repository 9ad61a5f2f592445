"""What the tests of Terraform share."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from adaptors.vim.port import Vim
from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, VimInstance
from tests.contract.terraform_site import IMAGE, POP

NAME = "shop-web-1"


def spec(name: str = NAME, **more: Any) -> InstanceSpec:
    tags = {"service": "shop", "component": "web", "instance": name, "operation": "op", "tenant": "t"}
    return InstanceSpec(
        **{
            "name": name,
            "pop": POP,
            "image": IMAGE,
            "resources": Resources.of(1, 128, 1),
            "kind": ComponentKind.MICROSERVICE,
            "config": {"workers": 2},
            "connection_points": ("http",),
            "tags": tags,
            **more,
        }
    )


def quiet(_: str) -> None:
    """A progress that nobody looks at."""


class StoppedByTest(Exception):
    """What a progress raises to stop a call."""


def stop_when(condition: Callable[[str], bool]) -> Callable[[str], None]:
    """A progress that stops its call."""

    def progress(words: str) -> None:
        if condition(words):
            raise StoppedByTest

    return progress


def create_all(vim: Vim, names: list[str]) -> list[VimInstance | Exception]:
    """All at once; what came of each."""

    def create(name: str) -> VimInstance | Exception:
        try:
            return vim.create(spec(name), quiet)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(create, names))


def eventually(condition: Callable[[], Any], within_s: float = 60.0) -> Any:
    """What a condition comes to in time."""
    deadline = time.monotonic() + within_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
    return found


def terraforms(home: Path) -> list[int]:
    """Processes of Terraform, and of its providers, that work for a home."""
    wanted = f"TF_DATA_DIR={home.resolve()}/".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (entry / "environ").read_bytes() and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def leader(home: Path) -> int | None:
    """Terraform itself, not its providers."""
    return next((pid for pid in terraforms(home) if os.getpgid(pid) == pid), None)
