"""Traces as a user has them: processes of our own, told by OTEL_... alone where to send them."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Interceptor, Replayer

from domain.names import service_workflow_id
from lab.ports import free_port
from tests.e2e.collector import Collector, Received, collecting
from tests.e2e.packets import emulated
from tests.e2e.test_cli import EXAMPLE, ROOT, Cli
from workers.assembly import WORKFLOWS
from workers.plugin import connect, plugin
from workers.spans import Spans
from workers.tracing import Tracing

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
HEADER = "_tracer-data"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    monkeypatch.delenv(ENDPOINT, raising=False)
    found = Cli(tmp_path)
    yield found
    found.put_down()


def brought_up(cli: Cli) -> None:
    """Workers, two modelled PoPs, and the example to be instantiated."""
    cli.json(0, "up")
    document = cli.home / "infra.yaml"
    document.write_text(emulated().replace("emulator, settings: {datapath: auto}", "modelled"))
    cli.json(0, "infra", "apply", document)
    cli.json(0, "onboard", EXAMPLE)


async def history(address: str, service: str) -> WorkflowHistory:
    client: Client = await connect(address)
    return await client.get_workflow_handle(service_workflow_id(service)).fetch_history()


def openings(whole: WorkflowHistory) -> Iterator[WorkflowHistory]:
    """The history as each of the workflow's tasks found it."""
    for number, event in enumerate(whole.events):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            yield WorkflowHistory(whole.workflow_id, whole.events[: number + 1])


async def replay(whole: WorkflowHistory, interceptors: list[Interceptor]) -> None:
    replayer = Replayer(workflows=WORKFLOWS, plugins=[plugin()], interceptors=interceptors)
    for each in (*openings(whole), whole):
        await replayer.replay_workflow(each)


def headers(whole: WorkflowHistory) -> set[bool]:
    """Whether activities were asked with our header: each answer that there is."""
    asked = (event.activity_task_scheduled_event_attributes for event in whole.events)
    return {HEADER in each.header.fields for each in asked if each.activity_id}


def of_service(spans: list[Received], service: str) -> set[str]:
    return {each.trace for each in spans if each.attributes.get("interlace.service") == service}


def test_one_trace_from_the_command_to_the_vim(
    cli: Cli, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.environment[ENDPOINT] = collector.url
    brought_up(cli)
    operation = cli.json(0, "instantiate", "shop", "secure-shop")["operation_id"]
    cli.json(0, "faults", "add", "permanent", "--pop", "south", "--message", "no quota for you")
    cli.json(1, "instantiate", "other", "secure-shop")
    cli.json(0, "faults", "clear")
    del cli.environment[ENDPOINT]
    cli.json(0, "terminate", "shop")
    address = cli.runtime().address
    traced = asyncio.run(history(address, "other"))
    cli.json(0, "down")

    connected(collector, operation)
    refused(collector)
    without_a_caller(collector)
    no_secrets(collector)
    assert headers(traced) == {True}
    monkeypatch.setenv(ENDPOINT, collector.url)
    count = len(collector.spans)
    tracing = Tracing("interlace")
    asyncio.run(replay(traced, []))
    asyncio.run(replay(traced, [Spans(tracing)]))
    tracing.finish()
    assert len(collector.spans) == count  # what is replayed is not told again


def connected(collector: Collector, operation: str) -> None:
    [command] = [each for each in collector.named("interlace instantiate") if not each.error and _ended(each)]
    spans = [each for each in collector.spans if each.trace == command.trace]
    assert {each.sender for each in spans} == {"interlace", "interlace-cli"}
    assert of_service(collector.spans, "shop") >= {command.trace}
    above = ["Workflow:Instantiate", "StartWorkflow:Instantiate", "interlace instantiate"]
    activity = ["RunActivity:instance.create", "StartActivity:instance.create", *above]
    created = [each for each in spans if each.name == "vim.create"]
    assert len(created) == 5
    for each in created:
        assert collector.line(each) == ["vim.create", *activity]
        assert each.attributes["interlace.service"] == "shop"
        assert each.attributes["interlace.operation"] == operation
        assert each.attributes["interlace.tenant"] == "default"
        assert each.attributes["interlace.vim_kind"] == "modelled"
        assert each.attributes["interlace.resource"].startswith("shop-")
        step = collector.by_id()[each.parent]
        assert step.attributes["interlace.pop"] == each.attributes["interlace.pop"]
        assert step.attributes["interlace.step"].startswith("1.create.")
        assert step.began_ns <= each.began_ns <= each.ended_ns <= step.ended_ns
    assert collector.line(next(each for each in spans if each.name == "RunWorkflow:Instantiate"))[1:] == above
    solved = next(each for each in spans if each.name == "placement.solve")
    assert collector.line(solved) == [
        "placement.solve",
        "RunActivity:plan.make",
        "StartActivity:plan.make",
        *above,
    ]
    assert all(collector.line(each)[-1] == "interlace instantiate" for each in spans)
    assert any(each.name == "catalogue.write" for each in spans)
    assert not any(each.name.startswith(("QueryWorkflow", "HandleQuery")) for each in collector.spans)


def _ended(command: Received) -> bool:
    return command.attributes["interlace.exit_code"] == "0"


def refused(collector: Collector) -> None:
    """What the VIM said stands in the span of the call, and that of the workflow has failed."""
    call = next(each for each in collector.named("vim.create") if each.error)
    assert "no quota for you" in str(call.error) and call.attributes["error.type"] == "VimRefusedError"
    assert call.attributes["interlace.pop"] == "south" and call.attributes["interlace.service"] == "other"
    [run] = [each for each in collector.named("Workflow:Instantiate") if each.error]
    assert run.trace == call.trace and "no quota for you" in str(run.error)
    [command] = [each for each in collector.named("interlace instantiate") if not _ended(each)]
    assert command.trace == call.trace and command.error is not None


def without_a_caller(collector: Collector) -> None:
    """What was started by somebody who tells no spans begins a trace of its own: the run's."""
    [run] = collector.named("Workflow:Terminate")
    assert run.parent == "" and run.trace == UUID(run.attributes["temporalRunID"]).hex
    deleted = [
        each for each in collector.named("vim.delete") if each.attributes["interlace.service"] == "shop"
    ]
    assert len(deleted) == 5
    for each in deleted:
        assert collector.line(each)[-1] == "Workflow:Terminate" and each.trace == run.trace


def no_secrets(collector: Collector) -> None:
    """Neither what instances are configured with, nor the names of their secrets."""
    for word in ("tcp/80", "leastconn", "shop-database-password"):
        assert not [each.name for each in collector.spans if word in each.text]


def test_nobody_takes_them_and_all_works(cli: Cli) -> None:
    cli.environment[ENDPOINT] = f"http://127.0.0.1:{free_port(0)}"
    brought_up(cli)
    done = cli("instantiate", "shop", "secure-shop")
    assert done.returncode == 0 and "shop is ACTIVE" in done.stdout
    assert done.stderr.count("\n") <= 1
    cli.json(0, "terminate", "shop")
    cli.json(0, "down")
    log = (cli.home / "logs" / "worker-1.log").read_text()
    assert log.count("traces are not delivered") == 1
    assert "opentelemetry" not in log and "Traceback" not in log


def test_nothing_is_sent_unless_it_is_asked_for(cli: Cli, collector: Collector) -> None:
    cli.environment |= {ENDPOINT: collector.url, "OTEL_TRACES_EXPORTER": "none"}
    brought_up(cli)
    cli.json(0, "instantiate", "shop", "secure-shop")
    untraced = asyncio.run(history(cli.runtime().address, "shop"))
    cli.json(0, "down")
    assert collector.spans == []
    assert headers(untraced) == {False}
    asyncio.run(replay(untraced, [Spans(Tracing("interlace"))]))


@pytest.mark.parametrize("module", ["workers.serving", "interfaces.cli.session", "activities.pops"])
def test_it_costs_nothing_where_it_is_off(module: str) -> None:
    code = f"import sys, {module}; print([each for each in sys.modules if each.startswith('opentelemetry')])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
