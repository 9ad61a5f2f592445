"""Spans of the calls to VIMs and networks, where traces are asked for; elsewhere nothing of it is loaded."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

A = TypeVar("A")

NAME = "interlace"
"""Of the tracer, and what its attributes begin with."""
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_NETWORK_CALLS = ("join", "apply", "remove", "verify")


def wanted() -> bool:
    """Whether OpenTelemetry's own variables ask for traces: one names an endpoint, and none forbids them."""
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    forbidden = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none"
    return not disabled and not forbidden and any(os.environ.get(name) for name in ENDPOINTS)


def traced_vim(vim: A, kind: str, pop: str) -> A:
    """The same VIM; each of its calls has a span, where traces are wanted."""
    from adaptors.vim.metering import CALLS  # a command that opens no VIM does not load this either

    return _traced(vim, "vim", CALLS, {"interlace.vim_kind": kind, "interlace.pop": pop})


def traced_network(network: A, kind: str) -> A:
    """The same network; each of its calls that reaches a PoP has a span, where traces are wanted."""
    return _traced(network, "network", _NETWORK_CALLS, {"interlace.vim_kind": kind})


@contextmanager
def span(name: str, **attributes: str) -> Iterator[None]:
    """A span within that of the activity which runs now, where traces are wanted."""
    if not wanted():
        yield
        return
    with _spanned(name, {f"{NAME}.{key}": value for key, value in attributes.items()}):
        yield


def _traced(adaptor: A, port: str, calls: Sequence[str], attributes: Mapping[str, str]) -> A:
    if not wanted():
        return adaptor
    for name in calls:
        if call := getattr(adaptor, name, None):
            setattr(adaptor, name, _followed(call, f"{port}.{name}", attributes))
    return adaptor


def _followed(call: Callable[..., Any], name: str, attributes: Mapping[str, str]) -> Callable[..., Any]:
    def followed(*args: Any, **fields: Any) -> Any:
        with _spanned(name, {**attributes, **_about(args)}, outside=True):
            return call(*args, **fields)

    return followed


@contextmanager
def _spanned(name: str, attributes: Mapping[str, str], outside: bool = False) -> Iterator[None]:
    """An error is told in its own words, without a stack: that of the activity has it."""
    from opentelemetry import trace

    if not trace.get_current_span().get_span_context().is_valid:
        yield  # of no activity and no command: an exporter looks at instances all the time
        return
    kind = trace.SpanKind.CLIENT if outside else trace.SpanKind.INTERNAL
    with trace.get_tracer(NAME).start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as opened:
        try:
            yield
        except BaseException as error:
            opened.set_attribute("error.type", type(error).__name__)
            opened.set_status(trace.StatusCode.ERROR, str(error) or type(error).__name__)
            raise


def _about(args: Sequence[Any]) -> dict[str, str]:
    """What a call is about: only names, for what an instance is configured with may be secret."""
    found = {}
    resource = next((each for each in args if isinstance(each, str)), None) or _named(args, "name")
    if resource:
        found["interlace.resource"] = resource
    if pop := _named(args, "pop"):
        found["interlace.pop"] = pop
    return found


def _named(args: Sequence[Any], attribute: str) -> str | None:
    found = (getattr(each, attribute, None) for each in args)
    return next((each for each in found if isinstance(each, str)), None)
