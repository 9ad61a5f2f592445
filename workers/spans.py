"""What Temporal's own tracing leaves out: how long a workflow took, what it is about, and who has no caller.

The library's spans of a workflow are moments. Here each run of a workflow has a span besides, from its first
task to its end, that all of its moments are in. Its ids follow from the run's, so that a worker which
resumes a workflow, or takes it over with all caches lost, goes on in the same trace.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio import workflow
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.exceptions import FailureError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    WorkflowInterceptorClassInput,
)

from activities.tracing import NAME
from domain import names
from domain.operation_plans import Step
from workers.tracing import Tracing

Carrier = dict[str, Any]
"""What travels in a header."""

_OPENED, _CLOSED = "__interlace_opened", "__interlace_closed"
_PROPAGATOR = TraceContextTextMapPropagator()
_ENDLESS = (names.WATCH,)
"""They outlive what started them by far: each of their runs is a trace of its own."""


class Run(NamedTuple):
    """A run of a workflow."""

    kind: str
    workflow_id: str
    run_id: str
    header: Carrier | None
    """What its caller sent."""
    about: Mapping[str, str]


class Spans(TracingInterceptor):
    """For clients, and so for the workers that are made with them."""

    def __init__(self, tracing: Tracing) -> None:
        super().__init__(tracing.tracer)
        self._tracing = tracing

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """The span of an activity tells its step."""
        return super().intercept_activity(_Step(next))

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[TracingWorkflowInboundInterceptor]:
        """What goes around workflows, and what it may call outside of the sandbox."""
        super().workflow_interceptor_class(input)
        input.unsafe_extern_functions[_OPENED] = self._opened
        input.unsafe_extern_functions[_CLOSED] = self._closed
        return _Workflow

    def _opened(self, run: Run) -> Carrier:
        """What the moments of a run are in, and carry on to its activities."""
        trace_id, span_id = _ids(run)
        caller = _caller(run)
        if caller.is_valid and run.kind not in _ENDLESS:
            trace_id, sampled = caller.trace_id, caller.trace_flags.sampled
        else:
            sampler = self._tracing.provider.sampler
            sampled = sampler.should_sample(None, trace_id, _name(run)).decision is Decision.RECORD_AND_SAMPLE
        carrier: Carrier = {"traceparent": f"00-{trace_id:032x}-{span_id:016x}-{sampled:02x}"}
        if run.about:
            carrier["baggage"] = ",".join(f"{NAME}.{key}={value}" for key, value in run.about.items())
        return carrier

    def _closed(self, run: Run, began_ns: int, ended_ns: int, failure: str | None) -> None:
        """Tell the span of a run that has ended."""
        caller = _caller(run)
        own = run.kind in _ENDLESS or not caller.is_valid
        parent = Context() if own else trace.set_span_in_context(trace.NonRecordingSpan(caller))
        with self._tracing.ids.given(*_ids(run)):
            span = self.tracer.start_span(
                _name(run),
                parent,
                attributes=_attributes(run),
                links=[trace.Link(caller)] if own and caller.is_valid else [],
                start_time=began_ns,
            )
        if failure is not None:
            span.set_status(trace.StatusCode.ERROR, failure)
        span.end(ended_ns)


class _Step(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        step = getattr(input.args[0], "step", None) if input.args else None
        if isinstance(step, Step):
            trace.get_current_span().set_attributes(
                {f"{NAME}.step": step.id, f"{NAME}.pop": step.pop, f"{NAME}.vim_kind": step.vim_kind}
            )
        return await super().execute_activity(input)


class _Workflow(TracingWorkflowInboundInterceptor):
    """Runs within the workflow's sandbox; whatever makes spans is called outside of it."""

    _about: Mapping[str, str] = {}

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        self._about = _about(input.args)
        began_ns = workflow.time_ns()
        try:
            answer = await super().execute_workflow(input)
        except (FailureError, workflow.ContinueAsNewError, asyncio.CancelledError) as end:
            self._close(began_ns, None if isinstance(end, workflow.ContinueAsNewError) else str(end))
            raise
        self._close(began_ns, None)
        return answer

    def _close(self, began_ns: int, failure: str | None) -> None:
        """Not where the end is only replayed, nor where the workflow is merely put out of the cache."""
        if not workflow.unsafe.is_replaying():
            workflow.extern_functions()[_CLOSED](self._run(), began_ns, workflow.time_ns(), failure)

    def _load_workflow_context_carrier(self) -> Carrier:
        """In place of the caller's context, that of this run's own span."""
        opened: Carrier = workflow.extern_functions()[_OPENED](self._run())
        return opened

    def _run(self) -> Run:
        info = workflow.info()
        header = super()._load_workflow_context_carrier()
        return Run(info.workflow_type, info.workflow_id, info.run_id, header, self._about)


def _about(args: Sequence[Any]) -> dict[str, str]:
    """What a workflow's request says of it, and its operation's id."""
    info = workflow.info()
    request = args[0] if args else None
    found = {name: getattr(request, name, None) for name in ("service", "tenant")}
    found["operation"] = f"{info.workflow_type.lower()}-{info.first_execution_run_id}"
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _name(run: Run) -> str:
    return f"Workflow:{run.kind}"


def _attributes(run: Run) -> dict[str, str]:
    about = {f"{NAME}.{key}": value for key, value in run.about.items()}
    return {"temporalWorkflowID": run.workflow_id, "temporalRunID": run.run_id, **about}


def _ids(run: Run) -> tuple[int, int]:
    """Of the run's span, and of its trace where the run begins one."""
    digest = hashlib.sha256(run.run_id.encode()).digest()
    return UUID(run.run_id).int, int.from_bytes(digest[:8])


def _caller(run: Run) -> trace.SpanContext:
    """The span in which the run was started; not valid where there was none."""
    return trace.get_current_span(_PROPAGATOR.extract(run.header or {})).get_span_context()
