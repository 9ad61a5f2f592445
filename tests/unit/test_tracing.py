"""When spans are told, of what, and how little is said where nobody takes them."""

import logging
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_span_id, format_trace_id
from temporalio.testing import ActivityEnvironment

from activities.together import together
from activities.tracing import ENDPOINTS, traced_vim, wanted
from adaptors.vim.port import HostedVim, NetworkedVim
from adaptors.vim.registry import open_vim
from domain.errors import InputError
from domain.infrastructure import Resources
from domain.instances import PopAccess
from workers import tracing
from workers.spans import Run, Spans
from workers.tracing import Delivery, Tracing


@pytest.fixture(autouse=True)
def _nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*ENDPOINTS, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER", "OTEL_SERVICE_NAME"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "True"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_decide(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], answer: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wanted() is answer


def test_a_vim_is_left_alone_where_no_spans_are_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vim = open_vim("modelled", PopAccess(name="north", capacity=Resources.of(1, 1, 1)), tmp_path)
    before = dict(vars(vim))
    assert vars(traced_vim(vim, "modelled", "north")) == before
    monkeypatch.setenv(ENDPOINTS[0], "http://127.0.0.1:9")
    traced = traced_vim(vim, "modelled", "north")
    assert vars(traced) != before
    assert isinstance(traced, HostedVim) and not isinstance(traced, NetworkedVim)


class Moody(SpanExporter):
    def __init__(self, *answers: SpanExportResult) -> None:
        self.answers = list(answers)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").error("Connection refused")
        return self.answers.pop(0)


def test_what_cannot_be_delivered_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    failed, done = SpanExportResult.FAILURE, SpanExportResult.SUCCESS
    delivery = Delivery(Moody(failed, failed, done, failed))
    delivery.export([])
    assert delivery.away
    delivery.export([])
    assert caplog.messages == ["traces are not delivered, and lost until they can be: Connection refused"]
    delivery.export([])
    assert not delivery.away and caplog.messages[1:] == ["traces are delivered again"]
    delivery.export([])
    assert len(caplog.messages) == 3


CALLER = {"traceparent": "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"}
RUN = "01a2027b-5083-76a6-8a78-bbaeb0e7d271"


@pytest.fixture
def told() -> Iterator[tuple[Spans, InMemorySpanExporter]]:
    made, memory = Tracing("interlace"), InMemorySpanExporter()
    made.provider.add_span_processor(SimpleSpanProcessor(memory))
    yield Spans(made), memory
    made.delivery.away = True  # nobody is there to take them
    made.finish()


def closed(told: tuple[Spans, InMemorySpanExporter], run: Run) -> ReadableSpan:
    spans, memory = told
    spans._closed(run, 1_000, 2_000, None)
    [span] = memory.get_finished_spans()
    return span


def test_a_run_is_in_its_callers_trace_whoever_resumes_it(told: tuple[Spans, InMemorySpanExporter]) -> None:
    run = Run("Scale", "service/shop", RUN, CALLER, {"service": "shop", "tenant": "default"})
    opened = told[0]._opened(run)
    assert opened == Spans(Tracing("another"))._opened(run)
    assert opened["baggage"] == "interlace.service=shop,interlace.tenant=default"
    span = closed(told, run)
    assert span.context is not None and span.parent is not None
    assert opened["traceparent"] == f"00-{CALLER['traceparent'][3:35]}-{span.context.span_id:016x}-01"
    assert format_trace_id(span.context.trace_id) == CALLER["traceparent"][3:35]
    assert format_span_id(span.parent.span_id) == CALLER["traceparent"][36:52]
    assert span.name == "Workflow:Scale" and (span.start_time, span.end_time) == (1_000, 2_000)


@pytest.mark.parametrize(("kind", "header", "links"), [("Watch", CALLER, 1), ("Scale", None, 0)])
def test_what_has_no_caller_or_outlives_it_is_a_trace_of_its_own(
    told: tuple[Spans, InMemorySpanExporter], kind: str, header: dict[str, str] | None, links: int
) -> None:
    run = Run(kind, "watch/shop", RUN, header, {})
    span = closed(told, run)
    assert span.context is not None and span.parent is None and len(span.links) == links
    assert format_trace_id(span.context.trace_id) == RUN.replace("-", "")
    assert told[0]._opened(run)["traceparent"] == (
        f"00-{RUN.replace('-', '')}-{span.context.span_id:016x}-01"
    )


def test_what_is_not_sampled_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    unsampled = {"traceparent": CALLER["traceparent"][:-1] + "0"}
    run = Run("Scale", "service/shop", RUN, unsampled, {})
    assert Spans(Tracing("interlace"))._opened(run)["traceparent"].endswith("-00")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    alone = Run("Scale", "service/shop", RUN, None, {})
    assert Spans(Tracing("interlace"))._opened(alone)["traceparent"].endswith("-00")


async def test_what_an_activity_does_in_threads_is_still_within_its_span() -> None:
    within: ContextVar[str] = ContextVar("within", default="nothing")
    within.set("an activity")
    assert (
        ActivityEnvironment().run(lambda: together([within.get, within.get], "read")) == ["an activity"] * 2
    )


def test_a_senseless_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    with pytest.raises(InputError, match="OTEL_"):
        tracing.begin("interlace")
    assert tracing.begun() is None


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "interlace"),
        ({"OTEL_SERVICE_NAME": "mine"}, "mine"),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.name=ours,deployment.environment=lab"}, "ours"),
    ],
)
def test_the_environment_may_name_the_service(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], name: str
) -> None:
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    made = Tracing("interlace")
    assert made.provider.resource.attributes["service.name"] == name
    made.finish()
