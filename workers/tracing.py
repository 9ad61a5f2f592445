"""OpenTelemetry in a process of ours: where its spans go, and what each of them carries.

Only where `activities.tracing.wanted` says so is this imported.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from opentelemetry import baggage, context, trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from activities.tracing import NAME
from domain.errors import InputError

_LOG = logging.getLogger(__name__)

_SDK_LOGS = ("opentelemetry.exporter.otlp.proto.http.trace_exporter", "opentelemetry.sdk._shared_internal")
_NOT_TOLD = ("QueryWorkflow:", "HandleQuery:")
"""Whoever follows an operation asks several times a second how far it is."""
_LAST_WORDS_S = 2.0
_LOOK_EVERY_S = 0.02
_OF_SERVICE = "service/"


class Tracing:
    """The spans of this process."""

    def __init__(self, service_name: str) -> None:
        self.ids = _Ids()
        self.provider = TracerProvider(
            resource=_resource(service_name), id_generator=self.ids, shutdown_on_exit=False
        )
        self.provider.sampler = _NoQueries(self.provider.sampler)
        self.delivery = Delivery(OTLPSpanExporter())
        self.provider.add_span_processor(_Carried())
        self.provider.add_span_processor(BatchSpanProcessor(self.delivery))
        self._command: trace.Span | None = None

    @property
    def tracer(self) -> trace.Tracer:
        """What makes the spans."""
        return self.provider.get_tracer(NAME)

    def command(self, words: str) -> None:
        """What this task does from now on belongs to a command of a person; TRACEPARENT may name a caller."""
        if self._command is None:
            caller = TraceContextTextMapPropagator().extract(
                {"traceparent": os.environ.get("TRACEPARENT", "")}
            )
            self._command = self.tracer.start_span(words, caller)
        context.attach(trace.set_span_in_context(self._command))

    def finish(self, code: int = 0) -> None:
        """Deliver what is left, waiting a moment for whoever takes it, and not at all when they are away."""
        if self._command is not None:
            self._command.set_attribute(f"{NAME}.exit_code", code)
            if code:
                self._command.set_status(trace.StatusCode.ERROR)
            self._command.end()
        last = threading.Thread(target=self.provider.shutdown, name="last spans", daemon=True)
        last.start()
        give_up_at = time.monotonic() + _LAST_WORDS_S
        while last.is_alive() and not self.delivery.away and time.monotonic() < give_up_at:
            last.join(_LOOK_EVERY_S)


_begun: Tracing | None = None


def begin(service_name: str) -> Tracing:
    """Send this process' spans from now on where OTEL_* says; asked again, the same.

    :param service_name: where the environment says no other
    :raises InputError: if a setting makes no sense
    """
    global _begun
    if _begun is None:
        try:
            _begun = Tracing(service_name)
        except (ValueError, RuntimeError) as error:
            raise InputError(f"a setting of OpenTelemetry, OTEL_...: {error}") from error
        trace.set_tracer_provider(_begun.provider)
    return _begun


def begun() -> Tracing | None:
    """What `begin` made, if it did."""
    return _begun


class Delivery(SpanExporter):
    """Hands spans on, and says once that nobody takes them, and once that somebody does again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.away = False
        words = _Words(self)
        for name in _SDK_LOGS:
            logger = logging.getLogger(name)
            logger.addHandler(words)
            logger.propagate = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """As the exporter does."""
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self.tell("the endpoint does not take them")
        elif self.away:
            self.away = False
            _LOG.warning("traces are delivered again")
        return result

    def tell(self, why: str) -> None:
        """That nothing is delivered; only the first time."""
        if not self.away:
            self.away = True
            _LOG.warning("traces are not delivered, and lost until they can be: %s", why)

    def shutdown(self) -> None:
        """As the exporter does."""
        self._exporter.shutdown()


class _Words(logging.Handler):
    """What the SDK would say at each failure."""

    def __init__(self, delivery: Delivery) -> None:
        super().__init__(logging.WARNING)
        self._delivery = delivery

    def emit(self, record: logging.LogRecord) -> None:
        self._delivery.tell(record.getMessage())


class _Ids(RandomIdGenerator):
    """At random, but where they were given: a workflow's must be the same wherever it is resumed."""

    def __init__(self) -> None:
        self._given: ContextVar[tuple[int, int] | None] = ContextVar("given", default=None)

    @contextmanager
    def given(self, trace_id: int, span_id: int) -> Iterator[None]:
        """The next span is this one; where it has a parent, the trace is that one's."""
        token = self._given.set((trace_id, span_id))
        try:
            yield
        finally:
            self._given.reset(token)

    def generate_trace_id(self) -> int:
        given = self._given.get()
        return given[0] if given else super().generate_trace_id()

    def generate_span_id(self) -> int:
        given = self._given.get()
        return given[1] if given else super().generate_span_id()


class _NoQueries(Sampler):
    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def should_sample(
        self, parent_context: Context | None, trace_id: int, name: str, *args: Any, **fields: Any
    ) -> SamplingResult:
        if name.startswith(_NOT_TOLD):
            return SamplingResult(Decision.DROP)
        return self._sampler.should_sample(parent_context, trace_id, name, *args, **fields)

    def get_description(self) -> str:
        return f"no queries, {self._sampler.get_description()}"


class _Carried(SpanProcessor):
    """Gives each span what its workflow is about: that travels as baggage, from process to process."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for key, value in baggage.get_all(parent_context).items():
            if key.startswith(f"{NAME}."):
                span.set_attribute(key, str(value))
        workflow_id = str((span.attributes or {}).get("temporalWorkflowID", ""))
        if workflow_id.startswith(_OF_SERVICE):
            span.set_attribute(f"{NAME}.service", workflow_id.removeprefix(_OF_SERVICE))


def _resource(service_name: str) -> Resource:
    named = "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    if named or os.environ.get("OTEL_SERVICE_NAME"):
        return Resource.create()
    return Resource.create({"service.name": service_name})
