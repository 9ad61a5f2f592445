#!/usr/bin/env python3
"""Write the configuration and, where HAProxy runs, bring it there: no request fails of it.

Backends come and go through the stats socket. Whatever else changes is taken over by a reload, in which the
old process finishes what it has begun.
"""

import os
import subprocess
import time
from pathlib import Path

import haproxy  # type: ignore[import-not-found]


def main() -> None:
    config = haproxy.settings()
    wanted = haproxy.backends(config)
    text = haproxy.configuration(config, wanted)
    write(haproxy.DIRECTORY / "haproxy.cfg", text)
    if os.environ.get("INTERLACE_RUNNING") != "1":
        return
    for name in wanted:
        if name not in haproxy.servers():
            add(name)
        elif "DRAIN" in haproxy.servers()[name]["status"]:
            tell(f"set server back/{name} state ready")
    leaving = [name for name in haproxy.servers() if name not in wanted]
    if leaving:
        await_answers(wanted)
    remove(leaving, config["drain_timeout"])
    if (mark := haproxy.description()) not in text:
        reload(mark)


def write(path: Path, text: str) -> None:
    """Replace the file, once HAProxy has found it good."""
    new = path.with_suffix(".new")
    new.write_text(text)
    checked = subprocess.run(["haproxy", "-c", "-f", str(new)], capture_output=True, text=True)
    if checked.returncode != 0:
        raise SystemExit(f"load-balancer: HAProxy refuses the configuration: {checked.stderr.strip()}")
    new.replace(path)


def add(name: str) -> None:
    """Down until its first check succeeds: it gets no requests before it can answer them."""
    tell(f"add server back/{name} {name} {haproxy.CHECKS}")
    tell(f"enable health back/{name}")
    tell(f"set server back/{name} state ready")
    tell(f"set server back/{name} health down")


def await_answers(wanted: list[str]) -> None:
    """Those that stay answer before the others go; who never does is not waited for longer than the rest."""
    deadline = time.monotonic() + 5
    while set(wanted) - set(haproxy.up()) and time.monotonic() < deadline:
        time.sleep(0.05)
    if wanted and not haproxy.up(wanted) and haproxy.up():
        raise SystemExit(f"load-balancer: none of {', '.join(wanted)} answers; the former backends serve on")


def remove(names: list[str], patience: float) -> None:
    """Give them no new sessions and wait for the open ones to end; those that do not are closed."""
    for name in names:
        tell(f"set server back/{name} state drain")
    deadline = time.monotonic() + patience
    while any(busy(name) for name in names) and time.monotonic() < deadline:
        time.sleep(0.05)
    for name in names:
        tell(f"set server back/{name} state maint")
        if busy(name):
            tell(f"shutdown sessions server back/{name}")
        delete(name)


def busy(name: str) -> bool:
    row = haproxy.servers()[name]
    return int(row["scur"]) > 0 or int(row["qcur"]) > 0


def delete(name: str) -> None:
    """A connection that ends just now holds it a moment longer."""
    for _ in range(40):
        answer = haproxy.ask(f"del server back/{name}")
        if "Server deleted" in answer:
            return
        time.sleep(0.05)
    raise SystemExit(f"load-balancer: backend {name} is not let go of: {answer}")


def tell(command: str) -> None:
    answer = haproxy.ask(command)
    if answer and "New server registered" not in answer:
        raise SystemExit(f"load-balancer: {command}: {answer}")


def reload(mark: str) -> None:
    haproxy.ask("reload", "master.sock")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if haproxy.description() != mark:
                return
        except OSError:  # between the old socket and the new one
            pass
        time.sleep(0.05)
    raise SystemExit("load-balancer: HAProxy did not take over the new configuration; the old one serves on")


if __name__ == "__main__":
    main()
