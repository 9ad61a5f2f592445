"""`interlace prove` in a worker: every point that an operation passes is noted, and may be deadly.

Only where INTERLACE_PROVE names a directory; without it nothing here is even imported.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as WorkerInterceptor

from activities.pops import Pops
from catalogue.store import Catalogue
from reliability.points import Moment, Point
from workers.watch import Watch

DIRECTORY_VARIABLE = "INTERLACE_PROVE"
INJECTED = "injected: it is to be undone"

_OF_SERVICE = "service/"
_VIM_CALLS = ("create", "delete", "configure", "resize", "move")
_NETWORK_CALLS = ("join", "apply", "remove")


def watched(client: Client, catalogue: Catalogue, directory: Path) -> Client:
    """Watch what this worker does: its activities, its ledger, its calls to VIMs and networks."""
    points = _Points(Watch(directory))
    _replace(catalogue.ledger, "intend", points.followed(Moment.INTENDED))
    for opener, calls in (("vim", _VIM_CALLS), ("network", _NETWORK_CALLS)):
        _replace(Pops, opener, points.opening(calls))
    config = client.config()
    config["interceptors"] = [*config["interceptors"], _Watching(points)]
    return Client(**config)


def _replace(owner: object, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    setattr(owner, name, wrapper(getattr(owner, name)))


class _Points:
    """Where the activity that runs in this context is."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._subject: ContextVar[str] = ContextVar("subject", default="")

    @contextmanager
    def about(self, argument: object) -> Iterator[None]:
        """What the activity that runs now is about."""
        token = self._subject.set(_subject(argument, _service() or ""))
        try:
            yield
        finally:
            self._subject.reset(token)

    def passing(self, moment: Moment) -> None:
        """The activity is at this moment: it is noted, and whoever is to die here dies."""
        service = _service()
        if service is None:
            return
        info = activity.info()
        place = Point(moment=moment, activity=info.activity_type, subject=self._subject.get())
        point = self._watch.note(service, place, info.attempt)
        self._watch.strike(service, point)
        if self._watch.is_to_fail(service, point):
            raise ApplicationError(INJECTED, type="VimRefusedError", non_retryable=True)

    def followed(self, moment: Moment) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A wrapper of a call that is followed by a point."""

        def wrapper(call: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(call)
            def noted(*args: Any, **fields: Any) -> Any:
                answer = call(*args, **fields)
                self.passing(moment)
                return answer

            return noted

        return wrapper

    def opening(self, calls: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """A wrapper of what opens an adaptor: each of its `calls` has points in it and behind it."""

        def wrapper(opener: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(opener)
            def opened(*args: Any) -> Any:
                adaptor = opener(*args)
                for name in calls:
                    if hasattr(adaptor, name) and not hasattr(getattr(adaptor, name), "__wrapped__"):
                        _replace(adaptor, name, self._call)
                return adaptor

            return opened

        return wrapper

    def _call(self, call: Callable[..., Any]) -> Callable[..., Any]:
        noted = self.followed(Moment.ANSWERED)(call)

        @wraps(call)
        def telling(*args: Any, **fields: Any) -> Any:
            if "progress" in fields:
                return noted(*args, **{**fields, "progress": self._progress(fields["progress"])})
            *others, progress = args
            return noted(*others, self._progress(progress), **fields)

        return telling

    def _progress(self, progress: Callable[[str], None]) -> Callable[[str], None]:
        """What a call tells first comes before it takes effect, what it tells next while it waits."""
        told = 0

        def tell(words: str) -> None:
            nonlocal told
            told += 1
            progress(words)
            if told == 2:
                self.passing(Moment.UNDERWAY)

        return tell


class _Watching(ClientInterceptor, WorkerInterceptor):
    """A client's interceptor that its workers take over."""

    def __init__(self, points: _Points) -> None:
        self._points = points

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _WatchedActivity(next, self._points)


class _WatchedActivity(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, points: _Points) -> None:
        super().__init__(next)
        self._points = points

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        with self._points.about(input.args[0] if input.args else None):
            self._points.passing(Moment.BEFORE)
            answer = await super().execute_activity(input)
            self._points.passing(Moment.AFTER)
            return answer


def _service() -> str | None:
    """The service whose operation this activity belongs to; None for a sweep or a plan."""
    workflow_id = activity.info().workflow_id if activity.in_activity() else None
    if workflow_id is None or not workflow_id.startswith(_OF_SERVICE):
        return None
    return workflow_id.removeprefix(_OF_SERVICE)


def _subject(argument: object, service: str) -> str:
    """What an activity's argument is about, in the words of a step where it has some."""
    step = getattr(argument, "step", None)
    title = getattr(step, "title", None) or _place(argument)
    return str(title).replace(service, "the service") if service else str(title)


def _place(argument: object) -> str:
    about = getattr(argument, "physical_link", None) or getattr(argument, "instance", None)
    pops = getattr(argument, "pop", None) or " and ".join(getattr(argument, "pops", None) or ())
    return " on ".join(filter(None, (about, pops)))
