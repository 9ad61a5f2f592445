"""The emulator as a user of the command line has it: crashes at bad moments, and nothing left behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adaptors.machine import namespaces
from adaptors.machine.abilities import examine, forget_unused
from adaptors.machine.place import Place
from adaptors.machine.processes import Process
from tests.e2e.packets import emulated
from tests.e2e.test_cli import EXAMPLE, ROOT, Cli, until

ABILITIES, _ = examine(Path("/tmp"))

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not ABILITIES.datapaths, reason=f"no emulator here: {ABILITIES.why}"),
]


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    """Three emulated PoPs and the shop onboarded, with Temporal and a worker up."""
    run = Cli(tmp_path)
    run.environment["INTERLACE_SECRET_SHOP_DATABASE_PASSWORD"] = "not-in-any-log"
    (tmp_path / "ring.yaml").write_text(emulated())
    try:
        assert run("up").returncode == 0
        run.json(0, "infra", "apply", tmp_path / "ring.yaml")
        run.json(0, "onboard", EXAMPLE)
        yield run
    finally:
        run.put_down("--all", "--yes")
    assert on_the_machine(tmp_path) == []


def spaces(home: Path) -> list[str]:
    """The network namespaces of a home."""
    machine = examine(home)[1]
    return namespaces.names(machine) if machine else []


def on_the_machine(home: Path) -> list[str]:
    """Namespaces, processes and files of a home, found without the help of what made them."""
    place = Place.of(home)
    names = spaces(home)
    forget_unused(home)  # what that look took
    files = [str(path) for path in place.run.rglob("*") if path.is_file()]
    marked = [pid.name for pid in Path("/proc").glob("[0-9]*") if _mentions(pid, str(place.run))]
    if not files:
        shutil.rmtree(place.run, ignore_errors=True)
    return names + files + marked


def _mentions(process: Path, text: str) -> bool:
    try:
        told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    except OSError:
        return False
    return text.encode() in told


def instantiate_and_kill(cli: Cli, created: int) -> subprocess.Popen[str]:
    """Start the shop; SIGKILL the worker once so many instances are done."""
    entry = "from interfaces.cli.main import main; main()"
    command = [sys.executable, "-c", entry, "instantiate", "shop", "secure-shop"]
    process = subprocess.Popen(command, cwd=ROOT, env=cli.environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    done = 0
    for line in process.stdout:
        done += line.split()[:2] in (["done", "create"], ["done", "attach"])
        if done == created:
            os.kill(cli.runtime().workers[0].pid, signal.SIGKILL)
            break
    return process


def test_a_worker_killed_during_the_third_of_six_loses_and_doubles_nothing(cli: Cli) -> None:
    process = instantiate_and_kill(cli, created=2)
    assert process.communicate(timeout=120)[0] is not None
    assert process.returncode == 0
    service = cli.json(0, "status", "shop")["service"]
    assert service["state"] == "ACTIVE" and len(service["instances"]) == 5
    assert cli.json(0, "audit")["findings"] == []
    page = cli("at", "shop", "customers", "--", "curl", "-s", "http://${load-balancer.address}/healthz")
    assert page.returncode == 0 and page.stdout
    secret_in_no_log_and_no_history(cli.home)
    dead_function_is_seen(cli)
    cli.json(0, "terminate", "shop")
    assert cli.json(0, "audit")["findings"] == []


def secret_in_no_log_and_no_history(home: Path) -> None:
    """Nor in anything else that this run has written so far."""
    secret = b"not-in-any-log"
    files = [path for root in (home, Place.of(home).run) for path in root.rglob("*") if path.is_file()]
    assert any(path.name == "temporal.db" for path in files)
    assert [path for path in files if secret in path.read_bytes()] == []


def dead_function_is_seen(cli: Cli) -> None:
    """By its name, from a web server that is killed on; the other one has all the visitors."""
    health = {each["name"]: each for each in cli.json(0, "observe", "shop")}
    assert {each["health"]["state"] for each in health.values()} == {"healthy"}, health
    machine = examine(cli.home)[1]
    assert machine
    [name] = [name for name in spaces(cli.home) if "-vnf-shop-web-1-" in name]
    pids = machine.run(["ip", "netns", "pids", name])
    for pid in pids.split():
        Process.of(int(pid)).signal(signal.SIGKILL)
    health = {each["name"]: each for each in cli.json(1, "observe", "shop")}
    assert health["web-1"]["health"]["state"] == "UNHEALTHY"
    assert health["web-2"]["health"]["state"] == "healthy"
    assert "UNHEALTHY" in cli("status", "shop").stdout
    front = "http://${load-balancer.address}/whoami"
    answer = cli("at", "shop", "customers", "--", "curl", "-s", "--retry", "5", front)
    assert json.loads(answer.stdout)["instance"] == "web-2", "the load balancer goes round the dead one"


def test_the_leftovers_of_a_crashed_run_are_found_and_removed(cli: Cli, tmp_path: Path) -> None:
    process = instantiate_and_kill(cli, created=3)
    runtime = cli.runtime()
    supervisor_first = [runtime.supervisor, *runtime.workers, *([runtime.server] if runtime.server else [])]
    for each in supervisor_first:
        each.signal(signal.SIGKILL)
    process.kill()
    process.wait()
    until(lambda: not any(each.alive() for each in supervisor_first))
    for name in ("catalogue.db", "catalogue.db-wal", "catalogue.db-shm", "temporal.db"):
        (tmp_path / name).unlink(missing_ok=True)  # the worst of crashes: nobody remembers anything
    assert spaces(tmp_path)
    assert cli("up").returncode == 0
    cli.json(0, "infra", "apply", tmp_path / "ring.yaml")
    found = cli.json(1, "audit")["findings"]
    assert {finding["problem"] for finding in found} >= {"leaked"}
    cli("audit", "--fix")
    assert cli.json(0, "audit")["findings"] == []
    assert not spaces(tmp_path)
