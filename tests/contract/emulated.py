"""What the tests of the emulator share: homes that leave nothing behind, functions of a few lines."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from adaptors.machine import namespaces
from adaptors.machine.abilities import examine
from adaptors.machine.place import Place
from adaptors.vim.emulator import cgroups
from adaptors.vim.emulator.cleaning import release, strays, sweep
from adaptors.vim.emulator.vim import EmulatorVim, open_emulator
from domain.descriptor import ComponentKind
from domain.infrastructure import Resources
from domain.instances import InstanceSpec, PopAccess

POP = "berlin"
SECRET = "shop-password"
SECRET_VALUE = "correct-horse-battery"

WORKER = {
    "start": '[ -e "$INTERLACE_FUNCTION/slow" ] && sleep 1.2; touch "$INTERLACE_DIR/up"; exec sleep infinity',
    "check": 'test -e "$INTERLACE_DIR/up"',
    "drain": '[ -e "$INTERLACE_FUNCTION/slow" ] && sleep 1.2; exit 0',
}
"""A function that is slow to start and to drain while there is a file `slow` in its directory."""


def add_function(home: Path, name: str, forwarding: str = "terminating", **manifest: Any) -> Path:
    """A function of shell scripts: the hooks among the arguments are their texts."""
    directory = home / "functions" / name
    directory.mkdir(parents=True)
    hooks = {
        key: manifest.pop(key)
        for key in ("configure", "start", "check", "ready", "drain", "report", "export", "import")
        if key in manifest
    }
    for hook, text in hooks.items():
        path = directory / f"{hook}.sh"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    content = {
        "api_version": "interlace/v1",
        "kind": "Function",
        "name": name,
        "version": "1.0",
        "forwarding": forwarding,
        "config": {"workers": {"type": "integer", "default": 1}},
        **manifest,
        "hooks": {hook: [f"./{hook}.sh"] for hook in hooks},
    }
    (directory / "function.yaml").write_text(yaml.safe_dump(content))
    return directory


def add_secret(home: Path) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / SECRET).write_text(SECRET_VALUE)


def vim_at(home: Path, datapath: str = "auto", pop: str = POP, vcpus: int = 200) -> EmulatorVim:
    capacity = Resources.of(vcpus, 200_000, 2000)
    return open_emulator(PopAccess(name=pop, capacity=capacity, settings={"datapath": datapath}), home)


def spec(name: str = "web-1", image: str = "worker", vcpus: int = 1, **more: Any) -> InstanceSpec:
    tags = {"service": "shop", "component": "web", "instance": name, "operation": "op", "tenant": "t"}
    return InstanceSpec(
        **{
            "name": name,
            "pop": POP,
            "image": image,
            "resources": Resources.of(vcpus, 128, 1),
            "kind": ComponentKind.MICROSERVICE,
            "connection_points": ("front",),
            **more,
            "tags": {**tags, **more.get("tags", {})},
        }
    )


def quiet(_: str) -> None:
    """A progress that nobody looks at."""


def require(home: Path, datapath: str = "nft") -> None:
    """Skip where this machine does not run it."""
    abilities, _ = examine(home)
    if datapath not in abilities.datapaths:
        release(home)
        pytest.skip(f"datapath {datapath} does not run here: {abilities.why}")


@contextmanager
def swept(home: Path) -> Iterator[None]:
    """Whatever a test leaves, sweep finds and removes; nothing of the home is on the machine afterwards."""
    try:
        yield
    finally:
        sweep(home, ())
        assert strays(home, ()) == []
        _, machine = examine(home)
        assert machine is not None
        assert namespaces.names(machine) == []
        assert cgroups.names(machine.place) == []
        release(home)
        assert processes_of(machine.place) == []
        assert not machine.place.run.exists()


def processes_of(place: Place) -> list[str]:
    """Command lines of processes that have to do with a place, other than tests."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            told = (entry / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if (str(place.run) in words or f"={place.run}" in told) and int(entry.name) != os.getpid():
            found.append(words)
    return found


def eventually(condition: Any, within_s: float = 60.0) -> bool:
    """Whether a condition comes true in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
