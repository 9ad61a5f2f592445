"""The command line as a user runs it: a process of its own, on a private state directory."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from adaptors.machine.processes import Process
from lab.runtime import Runtime, load_last
from tests.forked import FORKS

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "secure-shop.yaml"


class Cli:
    """Runs `interlace` in one state directory."""

    def __init__(self, home: Path) -> None:
        self.home = home
        taken = ("TEMPORAL_ADDRESS", "INTERLACE_CATALOGUE_URL", "INTERLACE_CATALOGUE_PASSWORD_FILE")
        kept = {key: value for key, value in os.environ.items() if key not in taken}
        absent = {"TEMPORAL_CONFIG_FILE": str(home / "none.toml")}
        self.environment = {**kept, **absent, "INTERLACE_HOME": str(home)}

    def __call__(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """What starts or ends processes is run as a shell does; the rest by forks, which need not import."""
        if words[0] in ("up", "down"):
            return self._by_itself(words)
        return FORKS.run([*map(str, words)], self.environment)

    def _by_itself(self, words: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        entry = "from interfaces.cli.main import main; main()"
        command = [sys.executable, "-c", entry, *map(str, words)]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=200, check=False
        )

    def json(self, code: int, *words: str | Path) -> Any:
        """The one document that the command prints; it must end with `code`."""
        ended = self(*words, "--json")
        assert ended.returncode == code, f"{words}: {ended.stdout} {ended.stderr}"
        return json.loads(ended.stdout)

    def runtime(self) -> Runtime:
        found = load_last(self.home)
        assert found is not None
        return found

    def put_down(self, *more: str) -> None:
        """End all that `up` began, even where `down` does not come to its end."""
        last = load_last(self.home)
        if last is None and not more:
            return  # it was put down
        try:
            self("down", *more)
        finally:
            for process in processes(last) if last else []:
                process.signal(signal.SIGKILL)


def processes(runtime: Runtime) -> list[Process]:
    return [runtime.supervisor, *runtime.workers, *([runtime.server] if runtime.server else [])]


def until(true: Any, seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.1)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    found = Cli(tmp_path)
    yield found
    found.put_down()


def test_bad_input_exits_2_and_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    for content in (b"", b"\xff\xfe\x00", b"just text", b"a: &a [*a]", b"kind: Service\nkind: Service\n"):
        bad.write_bytes(content)
        assert cli.json(2, "onboard", bad)["error"]["type"] == "DocumentError"
    assert cli.json(0, "catalogue") == []
    assert cli("infra", "generate", "sndlib/abilene", "-o", tmp_path / "none" / "x.yaml").returncode == 2
    assert cli.json(2, "status")["error"]["type"] == "UsageError"
    assert cli.json(2, "no-such-command")["error"]["type"] == "UsageError"
    assert cli.json(2, "status", "nobody")["error"]["type"] == "UnknownError"
    assert cli.json(2, "faults", "add", "outage", "--pop", "nowhere")["error"]["type"] == "UnknownError"
    assert cli.json(2, "faults", "clear", "99")["error"]["type"] == "UnknownError"
    assert cli.json(0, "faults", "list") == {}


def test_no_temporal_exits_3(cli: Cli) -> None:
    assert cli("onboard", EXAMPLE).returncode == 0
    assert cli.json(3, "instantiate", "shop", "secure-shop")["error"]["type"] == "UnreachableError"


def test_a_service_from_up_to_down(cli: Cli, tmp_path: Path) -> None:
    cli.json(0, "up")
    infrastructure = tmp_path / "infra.yaml"
    generated = cli("infra", "generate", "sndlib/germany50", "--create-delay", "1s", "-o", infrastructure)
    assert generated.returncode == 0
    assert cli.json(0, "infra", "apply", infrastructure)["applied"]
    assert cli.json(0, "infra", "plan", infrastructure)["changes"] == []
    assert cli.json(0, "onboard", EXAMPLE)["name"] == "secure-shop"

    cli.json(0, "instantiate", "shop", "secure-shop", "--no-wait")
    assert cli("instantiate", "shop", "secure-shop").returncode in (1, 2)
    until(lambda: cli("status", "shop").returncode == 0)
    first = cli.runtime().workers[0]
    first.signal(signal.SIGKILL)
    until(lambda: cli.runtime().workers and cli.runtime().workers[0] != first)
    until(lambda: cli.json(0, "status", "shop")["service"]["state"] == "ACTIVE", 60)

    status = cli.json(0, "status", "shop")
    assert len(status["service"]["instances"]) == 5
    assert status["dataplane"] == "modelled"
    assert cli.json(0, "audit") == {"pops": 50, "resources": 5, "findings": []}
    until(lambda: cli.json(0, "operations", "shop")[0]["state"] == "COMPLETED")
    assert "error" in cli.json(2, "instantiate", "shop", "secure-shop")

    assert cli.json(0, "terminate", "shop")["leftovers"] == []
    assert cli.json(0, "audit")["resources"] == 0
    ran = processes(cli.runtime())
    assert cli.json(0, "down")["was_up"]
    assert not any(process.alive() for process in ran)
    assert not cli.json(0, "down")["was_up"]


def test_what_a_killed_supervisor_leaves_is_stopped(cli: Cli) -> None:
    for command in ("up", "down"):
        cli.json(0, "up")
        before = cli.runtime()
        before.supervisor.signal(signal.SIGKILL)
        until(lambda supervisor=before.supervisor: not supervisor.alive())
        cli.json(0, command)
        assert not any(process.alive() for process in processes(before))
