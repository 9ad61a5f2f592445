"""When spans are told, of what, and how little is said where nobody takes them."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from activities.tracing import ENDPOINTS, traced_vim, wanted
from adaptors.vim.port import HostedVim, NetworkedVim
from adaptors.vim.registry import open_vim
from domain.errors import InputError
from domain.infrastructure import Resources
from domain.instances import PopAccess
from workers import tracing
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
