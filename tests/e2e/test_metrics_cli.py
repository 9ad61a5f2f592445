"""`interlace metrics` and `up --metrics` as a user runs them, on the modelled VIM."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lab.ports import free_port
from tests.e2e.packets import emulated
from tests.e2e.test_cli import EXAMPLE, ROOT, Cli, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    found = Cli(tmp_path)
    yield found
    found.put_down()


def test_up_serves_metrics_of_all_that_runs(cli: Cli, tmp_path: Path) -> None:
    listen = f"127.0.0.1:{free_port(0)}"
    assert cli.json(2, "up", "--metrics", "9464")["error"]["type"] == "InputError"
    assert cli.json(0, "up", "--metrics", listen)["metrics"] == f"http://{listen}"
    document = tmp_path / "infra.yaml"
    document.write_text(emulated().replace("emulator, settings: {datapath: auto}", "modelled"))
    cli.json(0, "infra", "apply", document)
    cli.json(0, "onboard", EXAMPLE)
    cli.json(0, "instantiate", "shop", "secure-shop")

    groups = httpx.get(f"http://{listen}/sd").json()
    kinds = [group["labels"]["interlace"] for group in groups]
    assert kinds == ["catalogue", "service", "worker", "temporal-sdk"]
    worker, sdk = (httpx.get(f"http://{group['targets'][0]}/metrics").text for group in groups[2:])
    assert 'call="create",outcome="done"' in worker
    assert 'activity="plan.make",outcome="completed",queue="placement"' in worker
    assert "temporal_workflow_completed_total" in sdk
    own = httpx.get(f"http://{listen}/metrics").text
    assert 'interlace_operations_total{kind="Instantiate",outcome="completed"} 1.0' in own
    assert "interlace_temporal_up 1.0" in own

    shown = cli.json(0, "metrics", "show", "shop", "--source", f"http://{listen}")
    assert {each["metric"] for each in shown["samples"]} >= {"chain_latency_ms", "derived_chain_latency_ms"}
    assert any("a modelled VIM measures nothing" in gap for gap in shown["gaps"])
    alone = cli("metrics", "show", "shop")
    assert alone.returncode == 0 and "shopping" in alone.stdout and "not had  web-1: " in alone.stdout

    first = cli.runtime().exporter
    assert first is not None
    first.signal(signal.SIGKILL)
    until(lambda: cli.runtime().exporter not in (None, first))
    until(lambda: httpx.get(f"http://{listen}/sd").status_code == 200 if _listens(listen) else False)
    cli.json(0, "down")
    assert not _listens(listen)


def _listens(listen: str) -> bool:
    port = int(listen.rpartition(":")[2])
    return free_port(port) != port


def test_wrong_words_are_refused(cli: Cli) -> None:
    assert cli.json(2, "metrics", "show", "nobody")["error"]["type"] == "UnknownError"
    assert cli.json(2, "metrics", "show", "nobody", "--source", "nonsense")["error"]["type"] == "InputError"
    gone = cli.json(1, "metrics", "show", "shop", "--source", "prometheus+http://127.0.0.1:9")
    assert gone["samples"] == [] and "no answer: " in gone["gaps"][0]
    secret = cli.json(
        2, "metrics", "show", "shop", "--source", "prometheus+http://127.0.0.1:9", "--credential", "none"
    )
    assert "INTERLACE_CREDENTIAL_NONE_TOKEN" in secret["error"]["message"]
    refused = cli("metrics", "serve", "--listen", "nowhere")
    assert refused.returncode == 2 and "--listen is 'nowhere'" in refused.stderr


def test_serve_ends_at_ctrl_c(cli: Cli) -> None:
    entry = "from interfaces.cli.main import main; main()"
    command = [sys.executable, "-c", entry, "metrics", "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=cli.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        where = line.split()[2].rstrip(",").removesuffix("/metrics")
        assert json.loads(httpx.get(f"{where}/sd").text)[0]["labels"]["interlace"] == "catalogue"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
